/* SPDX-License-Identifier: BSD-2-Clause */
#include "group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* uthash ends the process when memory is out unless told to leave the element out. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* gcc's analyzer loses sight of what a hash table owns; ASan looks for leaks in the tests. */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

struct group {
	const struct object **members;
	size_t count, capacity;
	UT_hash_handle hh;
	unsigned char key[];
};

int object_order(const struct object *a, const struct object *b)
{
	int order = strcmp(a->namespace, b->namespace);

	return order ? order : strcmp(a->name, b->name);
}

static struct group *find(const struct group *index, const void *key, size_t length)
{
	struct group *group;

	HASH_FIND(hh, index, key, length, group);
	return group;
}

static struct group *create(struct group **index, const void *key, size_t length)
{
	struct group *group = calloc(1, sizeof(*group) + length);

	if (!group)
		return NULL;
	memcpy(group->key, key, length);
	HASH_ADD_KEYPTR(hh, *index, group->key, length, group);
	if (!group->hh.tbl) {
		free(group);
		return NULL;
	}
	return group;
}

static void drop(struct group **index, struct group *group)
{
	HASH_DEL(*index, group);
	free(group->members);
	free(group);
}

static int make_room(struct group *group)
{
	size_t capacity = group->capacity ? group->capacity * 2 : 1;
	const struct object **members;

	if (group->count < group->capacity)
		return 0;
	members = reallocarray(group->members, capacity, sizeof(*members));
	if (!members)
		return -ENOMEM;
	group->members = members;
	group->capacity = capacity;
	return 0;
}

int group_add(struct group **index, const void *key, size_t length,
	      const struct object *object)
{
	struct group *group = find(*index, key, length);
	size_t at;
	int r;

	if (!group)
		group = create(index, key, length);
	if (!group)
		return -ENOMEM;
	r = make_room(group);
	if (r < 0) {
		if (group->count == 0)
			drop(index, group);
		return r;
	}
	for (at = group->count; at > 0; at--) {
		if (object_order(group->members[at - 1], object) <= 0)
			break;
		group->members[at] = group->members[at - 1];
	}
	group->members[at] = object;
	group->count++;
	return 0;
}

void group_remove(struct group **index, const void *key, size_t length,
		  const struct object *object)
{
	struct group *group = find(*index, key, length);

	if (!group)
		return;
	for (size_t i = 0; i < group->count; i++) {
		if (group->members[i] != object)
			continue;
		group->count--;
		memmove(&group->members[i], &group->members[i + 1],
			(group->count - i) * sizeof(group->members[0]));
		break;
	}
	if (group->count == 0)
		drop(index, group);
}

const struct object *const *group_find(const struct group *index, const void *key,
				       size_t length, size_t *ret_count)
{
	const struct group *group = find(index, key, length);

	*ret_count = group ? group->count : 0;
	return group ? group->members : NULL;
}

void group_free_all(struct group **index)
{
	struct group *group, *next;

	HASH_ITER (hh, *index, group, next)
		drop(index, group);
}
