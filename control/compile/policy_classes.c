/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_classes.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct ids {
	const uint32_t *items;
	uint32_t count;
};

static bool has_ids(const void *item, const void *key)
{
	const struct policy_class *class = item;
	const struct ids *ids = key;

	return class->count == ids->count &&
	       (!ids->count ||
		memcmp(class->ids, ids->items, ids->count * sizeof(*ids->items)) == 0);
}

static uint32_t ids_hash(const struct ids *ids)
{
	return policy_hash_bytes(0, ids->count ? ids->items : (const uint32_t *)"",
				 ids->count * sizeof(*ids->items));
}

/* Where the class stands among a term's members, by index of the term in its ids. */
static uint32_t *positions(struct policy_class *class)
{
	return class->ids + class->count;
}

/* ---- life ---- */
int policy_classes_open(struct policy_classes *classes)
{
	uint32_t zero;
	int r = policy_space_open(&classes->numbers, HG_POLICY_CLASSES);

	if (r < 0)
		return r;
	r = policy_classes_take(classes, NULL, 0, &zero);
	if (r < 0)
		return r;
	assert(zero == 0);
	classes->fresh_count = 0;
	return 0;
}

void policy_classes_close(struct policy_classes *classes)
{
	for (uint32_t i = 0; i < classes->item_capacity; i++)
		free(classes->items[i]);
	for (uint32_t i = 0; i < classes->member_capacity; i++)
		free(classes->members[i].items);
	free(classes->items);
	free(classes->members);
	free(classes->fresh);
	free(classes->unused);
	policy_hash_clear(&classes->by_ids);
	policy_space_close(&classes->numbers);
}

/* ---- members of terms ---- */
static int reserve_members(struct policy_classes *classes, const struct ids *ids)
{
	uint32_t highest = ids->count ? ids->items[ids->count - 1] : 0;
	int r = policy_room(&classes->members, &classes->member_capacity, highest + 1,
			    sizeof(*classes->members));

	for (uint32_t i = 0; i < ids->count && r == 0; i++) {
		struct policy_members *members = &classes->members[ids->items[i]];

		r = policy_room(&members->items, &members->capacity, members->count + 1,
				sizeof(*members->items));
	}
	return r;
}

static void join_members(struct policy_classes *classes, uint32_t number)
{
	struct policy_class *class = classes->items[number];

	for (uint32_t i = 0; i < class->count; i++) {
		struct policy_members *members = &classes->members[class->ids[i]];

		positions(class)[i] = members->count;
		members->items[members->count++] = (struct policy_member){ number, i };
	}
}

/* The last member takes the place of the one that leaves. */
static void leave_members(struct policy_classes *classes, struct policy_class *class)
{
	for (uint32_t i = 0; i < class->count; i++) {
		struct policy_members *members = &classes->members[class->ids[i]];
		struct policy_member moved = members->items[--members->count];
		uint32_t position = positions(class)[i];

		members->items[position] = moved;
		positions(classes->items[moved.class])[moved.index] = position;
	}
}

/* ---- taking and dropping ---- */
static struct policy_class *new_class(const struct ids *ids, uint32_t hash)
{
	size_t size = ids->count * sizeof(*ids->items);
	struct policy_class *class = calloc(1, sizeof(*class) + 2 * size);

	if (!class)
		return NULL;
	class->hash = hash;
	class->count = ids->count;
	if (size)
		memcpy(class->ids, ids->items, size);
	return class;
}

static int reserve(struct policy_classes *classes, const struct ids *ids)
{
	uint32_t numbers = classes->numbers.used + 1;

	if (policy_hash_reserve(&classes->by_ids, 1) < 0 ||
	    policy_room(&classes->fresh, &classes->fresh_capacity,
			classes->fresh_count + 1, sizeof(*classes->fresh)) < 0 ||
	    policy_room(&classes->items, &classes->item_capacity, numbers,
			sizeof(struct policy_class *)) < 0 ||
	    policy_room(&classes->unused, &classes->unused_capacity, numbers,
			sizeof(*classes->unused)) < 0)
		return -ENOMEM;
	return reserve_members(classes, ids);
}

/* Numbers are given lowest first, so that items has room for one more than are used. */
static int add_class(struct policy_classes *classes, const struct ids *ids, uint32_t hash,
		     uint32_t *ret_number)
{
	struct policy_class *class;
	uint32_t number;
	int r = reserve(classes, ids);

	if (r < 0)
		return r;
	r = policy_space_take(&classes->numbers, 1, &number);
	if (r < 0)
		return r;
	class = new_class(ids, hash);
	if (!class) {
		policy_space_give(&classes->numbers, number, 1);
		return -ENOMEM;
	}
	class->refs = 1;
	classes->items[number] = class;
	policy_hash_add(&classes->by_ids, hash, class);
	join_members(classes, number);
	classes->fresh[classes->fresh_count++] = number;
	*ret_number = number;
	return 0;
}

/* A class is found by its ids and named by its number: one of them has it as a member. */
static uint32_t number_of(const struct policy_classes *classes,
			  struct policy_class *class)
{
	if (!class->count)
		return 0;
	return classes->members[class->ids[0]].items[positions(class)[0]].class;
}

int policy_classes_take(struct policy_classes *classes, const uint32_t *items,
			uint32_t count, uint32_t *ret_class)
{
	struct ids ids = { items, count };
	uint32_t hash = ids_hash(&ids);
	struct policy_class *class =
	    policy_hash_find(&classes->by_ids, hash, has_ids, &ids);

	if (!class)
		return add_class(classes, &ids, hash, ret_class);
	class->refs++;
	*ret_class = number_of(classes, class);
	return 0;
}

void policy_classes_hold(struct policy_classes *classes, uint32_t class)
{
	classes->items[class]->refs++;
}

void policy_classes_drop(struct policy_classes *classes, uint32_t number)
{
	struct policy_class *class = classes->items[number];

	assert(class->refs);
	class->refs--;
	if (class->refs || class->is_listed)
		return;
	class->is_listed = true;
	classes->unused[classes->unused_count++] = number;
}

static void free_class(struct policy_classes *classes, uint32_t number)
{
	struct policy_class *class = classes->items[number];

	leave_members(classes, class);
	policy_hash_remove(&classes->by_ids, class->hash, class);
	policy_space_give(&classes->numbers, number, 1);
	classes->items[number] = NULL;
	free(class);
}

void policy_classes_sweep(struct policy_classes *classes)
{
	for (uint32_t i = 0; i < classes->unused_count; i++) {
		uint32_t number = classes->unused[i];

		classes->items[number]->is_listed = false;
		if (!classes->items[number]->refs)
			free_class(classes, number);
	}
	classes->unused_count = 0;
}

bool policy_classes_use(const struct policy_classes *classes, uint32_t term_id)
{
	return term_id < classes->member_capacity && classes->members[term_id].count;
}
