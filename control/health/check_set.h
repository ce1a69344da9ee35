/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which Service wants which checks. Pure: the owner schedules and probes what it is told
 * of by admit(), and stops what it is told of by dismiss().
 */
#ifndef HEALTH_CHECK_SET_H
#define HEALTH_CHECK_SET_H

#include "check.h"
#include "../compile/wanted.h"

struct check_service {
	char *namespace, *name;
	struct check_use *uses;
	size_t use_count;
	bool dirty;			   /* in the list of those to be told */
	bool pinned;			   /* its names are in use: free it later */
	bool gone;			   /* no longer in the set; freed when unpinned */
	struct check_service *prev, *next; /* dirty list */
	UT_hash_handle hh;
	char title[]; /* "namespace/name", the key */
};

struct check_set {
	struct check *checks;
	struct check_service *services;
	struct check_service *dirty;
	struct schedule schedule; /* has room for every check */
	void (*admit)(void *context, struct check *check);
	void (*dismiss)(void *context, struct check *check);
	void *context;
};

/*
 * Make the checks of a Service those of wanted; NULL or CHECK_NONE: none. Checks that
 * stay are left alone. 0, or -ENOMEM with the set unchanged.
 */
int check_set_replace(struct check_set *set, const char *namespace, const char *name,
		      const struct wanted_service *wanted);
struct check *check_set_find(const struct check_set *set, const struct hg_addr *addr,
			     uint16_t port, const struct check_spec *spec);
size_t check_set_count(const struct check_set *set);

/* The state of a check changed: its Services are to be told. */
void check_set_mark(struct check_set *set, const struct check *check);
/*
 * Tell each marked Service once, in the order of marking. told() may replace Services of
 * this set, also the one that it is told of.
 */
void check_set_tell(struct check_set *set,
		    void (*told)(void *context, const char *namespace, const char *name),
		    void *context);
/* Dismiss and free everything. */
void check_set_clear(struct check_set *set);

#endif
