/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An index: from a key (any bytes) to the group of objects that share it, sorted by
 * namespace, then name. The index owns the groups, not the objects. An empty index is a
 * NULL pointer.
 */
#ifndef CLUSTER_GROUP_H
#define CLUSTER_GROUP_H

#include "object.h"

struct group;

/* 0 or -ENOMEM. */
int group_add(struct group **index, const void *key, size_t length,
	      const struct object *object);
/* Removes this very object (by pointer) if it is there; a group left empty is freed. */
void group_remove(struct group **index, const void *key, size_t length,
		  const struct object *object);
/* The members of a key's group; *ret_count is 0 when there is none. */
const struct object *const *group_find(const struct group *index, const void *key,
				       size_t length, size_t *ret_count);
void group_free_all(struct group **index);

/* By namespace, then name. */
int object_order(const struct object *a, const struct object *b);

#endif
