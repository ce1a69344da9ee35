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

/* Nearly all groups have one member: it needs no array. */
struct group {
	union {
		const struct object *only;     /* capacity is 1 */
		const struct object **members; /* capacity is more */
	};
	uint32_t count, capacity;
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
	group->capacity = 1;
	memcpy(group->key, key, length);
	HASH_ADD_KEYPTR(hh, *index, group->key, length, group);
	if (!group->hh.tbl) {
		free(group);
		return NULL;
	}
	return group;
}

static const struct object **members_of(struct group *group)
{
	return group->capacity > 1 ? group->members : &group->only;
}

static void drop(struct group **index, struct group *group)
{
	HASH_DEL(*index, group);
	if (group->capacity > 1)
		free(group->members);
	free(group);
}

static int make_room(struct group *group)
{
	const struct object **old = group->capacity > 1 ? group->members : NULL;
	const struct object *only = group->only;
	const struct object **members;

	if (group->count < group->capacity)
		return 0;
	members = reallocarray(old, 2UL * group->capacity, sizeof(*members));
	if (!members)
		return -ENOMEM;
	if (!old)
		members[0] = only;
	group->members = members;
	group->capacity *= 2;
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
	const struct object **members = members_of(group);
	for (at = group->count; at > 0; at--) {
		if (object_order(members[at - 1], object) <= 0)
			break;
		members[at] = members[at - 1];
	}
	members[at] = object;
	group->count++;
	return 0;
}

void group_remove(struct group **index, const void *key, size_t length,
		  const struct object *object)
{
	struct group *group = find(*index, key, length);

	if (!group)
		return;
	const struct object **members = members_of(group);
	for (size_t i = 0; i < group->count; i++) {
		if (members[i] != object)
			continue;
		group->count--;
		memmove(&members[i], &members[i + 1],
			(group->count - i) * sizeof(members[0]));
		break;
	}
	if (group->count == 0)
		drop(index, group);
}

const struct object *const *group_find(const struct group *index, const void *key,
				       size_t length, size_t *ret_count)
{
	struct group *group = find(index, key, length);

	*ret_count = group ? group->count : 0;
	return group ? members_of(group) : NULL;
}

void group_free_all(struct group **index)
{
	struct group *group, *next;

	HASH_ITER (hh, *index, group, next)
		drop(index, group);
}
