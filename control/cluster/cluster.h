/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The objects now in force, indexed. Pure: no I/O, no clock. Keeps the set of Services
 * whose wanted state may have changed ("dirty"), so that one change costs work in
 * proportion to itself.
 */
#ifndef CLUSTER_CLUSTER_H
#define CLUSTER_CLUSTER_H

#include "object.h"

struct cluster;

struct cluster *cluster_new(void); /* NULL: out of memory */
void cluster_free(struct cluster *cluster);

/*
 * Put an object in force in place of the one of the same kind, namespace and name. Takes
 * ownership, also on failure. An equal object (place aside) changes nothing and marks
 * nothing dirty. 0 or -ENOMEM.
 */
int cluster_set(struct cluster *cluster, struct object *object);
/* 0, or -ENOENT. */
int cluster_remove(struct cluster *cluster, enum object_kind kind, const char *namespace,
		   const char *name);

const struct object *cluster_find(const struct cluster *cluster, enum object_kind kind,
				  const char *namespace, const char *name);
/* All objects of a kind, sorted by namespace/name; stops when visit returns non-zero and
 * returns that. */
int cluster_each(const struct cluster *cluster, enum object_kind kind,
		 int (*visit)(void *context, const struct object *object), void *context);
/* The EndpointSlices of a Service, sorted by name. */
int cluster_each_slice(const struct cluster *cluster, const char *namespace,
		       const char *service,
		       int (*visit)(void *context, const struct object *slice),
		       void *context);
/* The Pod that holds an address (not terminated, not hostNetwork), or NULL. */
const struct object *cluster_find_pod_by_addr(const struct cluster *cluster,
					      const struct hg_addr *addr);
size_t cluster_count(const struct cluster *cluster, enum object_kind kind);

/*
 * Next dirty Service as "namespace/name" in a new string (the Service itself may be
 * gone), NULL when none is left or memory is out. A change of a Node marks all.
 */
char *cluster_take_dirty(struct cluster *cluster);
void cluster_mark_dirty(struct cluster *cluster, const char *namespace,
			const char *service);
void cluster_mark_all_dirty(struct cluster *cluster);

#endif
