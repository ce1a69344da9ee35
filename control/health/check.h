/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One check: a target that is probed again and again, the verdict on it, and the Services
 * that use it. Equal targets are one check.
 */
#ifndef HEALTH_CHECK_H
#define HEALTH_CHECK_H

#include "probe.h"
#include "schedule.h"
#include "verdict.h"
#define HASH_NONFATAL_OOM 1 /* an insert that fails is seen, not fatal */
#include <uthash.h>

struct check_service;

/* A Service's use of a check: in the Service's array and in the check's list. */
struct check_use {
	struct check *check;
	struct check_service *service;
	struct check_use *prev, *next;
};

enum check_phase {
	CHECK_NEW,     /* not admitted to the schedule yet */
	CHECK_WAITING, /* its schedule entry: the next start */
	CHECK_QUEUED,  /* due, waits for a place among the probes in flight; no entry */
	CHECK_PROBING, /* its schedule entry: the time-out */
};

struct check {
	struct probe_target target; /* owns the strings of spec */
	struct verdict verdict;
	struct schedule_entry entry;
	struct probe probe;
	enum check_phase phase;
	uint64_t
	    planned_ms; /* start of the current or next probe, by the fixed interval */
	unsigned last_duration_us;
	char text[PROBE_TEXT];
	struct check_use *uses;
	struct check *prev, *next; /* queue of those CHECK_QUEUED */
	UT_hash_handle hh;
};

/* NULL when out of memory. The check is in no table yet. */
struct check *check_create(const struct probe_target *target);
void check_free(struct check *check);

/* A table of checks by target: the head that uthash keeps, NULL when empty. */
struct check *check_find(struct check *table, const struct probe_target *target);
int check_insert(struct check **table, struct check *check); /* 0 or -ENOMEM */
void check_erase(struct check **table, struct check *check);

#endif
