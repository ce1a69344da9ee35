/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_places.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include "policy_classes.h"
#include "policy_rest.h"

/* Which run an address lies in: addresses are asked in rising order. */
struct cursor {
	const struct policy_intervals *places;
	uint32_t at;
};

static void seek(struct cursor *cursor, uint32_t addr)
{
	const struct policy_intervals *places = cursor->places;

	while (cursor->at + 1 < places->count &&
	       places->items[cursor->at + 1].first <= addr)
		cursor->at++;
}

/* Is it one class from here for so many addresses? */
static bool is_uniform(const struct cursor *cursor, uint32_t addr, uint32_t size)
{
	const struct policy_intervals *places = cursor->places;

	return cursor->at + 1 >= places->count ||
	       places->items[cursor->at + 1].first - addr >= size;
}

static void store(uint16_t *place, uint32_t value)
{
	if (*place != value)
		__atomic_store_n(place, (uint16_t)value, __ATOMIC_RELEASE);
}

static uint16_t *block_of(struct policy *policy, uint32_t place)
{
	return policy->tables.v4_blocks +
	       (size_t)(place & ~HG_POLICY_BLOCK) * HG_POLICY_BLOCK_SIZE;
}

/* A place that led on does so no more: its block, and those in it, rest. */
static void rest_block(struct policy *policy, uint32_t place)
{
	uint16_t *block = block_of(policy, place);

	for (uint32_t i = 0; i < HG_POLICY_BLOCK_SIZE; i++) {
		if (block[i] & HG_POLICY_BLOCK)
			policy_rest(policy, &policy->blocks, block[i] & ~HG_POLICY_BLOCK,
				    1);
	}
	policy_rest(policy, &policy->blocks, place & ~HG_POLICY_BLOCK, 1);
}

static void store_class(struct policy *policy, uint16_t *place, uint32_t class)
{
	uint32_t old = *place;

	store(place, class);
	if (old & HG_POLICY_BLOCK)
		rest_block(policy, old);
}

/* A block for the place, in which everything is as the place said: nothing changes. */
static int open_block(struct policy *policy, uint16_t *place)
{
	uint32_t number;
	uint16_t *block;
	int r;

	if (*place & HG_POLICY_BLOCK)
		return 0;
	r = policy_rest_reserve(policy, policy->blocks.used + 1);
	if (r < 0)
		return r;
	r = policy_space_take(&policy->blocks, 1, &number);
	if (r < 0)
		return r;
	block = block_of(policy, number);
	for (uint32_t i = 0; i < HG_POLICY_BLOCK_SIZE; i++)
		block[i] = *place;
	store(place, HG_POLICY_BLOCK | number);
	return 0;
}

static int write_24(struct policy *policy, struct cursor *cursor, uint16_t *place,
		    uint32_t addr)
{
	uint16_t *block;
	int r;

	seek(cursor, addr);
	if (is_uniform(cursor, addr, 256)) {
		store_class(policy, place, cursor->places->items[cursor->at].class);
		return 0;
	}
	r = open_block(policy, place);
	if (r < 0)
		return r;
	block = block_of(policy, *place);
	for (uint32_t i = 0; i < HG_POLICY_BLOCK_SIZE; i++) {
		seek(cursor, addr + i);
		store(&block[i], cursor->places->items[cursor->at].class);
	}
	return 0;
}

static int write_16(struct policy *policy, struct cursor *cursor, uint16_t *place,
		    uint32_t addr)
{
	uint16_t *block;
	int r;

	seek(cursor, addr);
	if (is_uniform(cursor, addr, 65536)) {
		store_class(policy, place, cursor->places->items[cursor->at].class);
		return 0;
	}
	r = open_block(policy, place);
	if (r < 0)
		return r;
	block = block_of(policy, *place);
	for (uint32_t i = 0; r == 0 && i < HG_POLICY_BLOCK_SIZE; i++)
		r = write_24(policy, cursor, &block[i], addr + (i << 8));
	return r;
}

int policy_places_write(struct policy *policy, const struct policy_intervals *places)
{
	uint16_t *table = policy->tables.v4 + (policy->bank ? HG_POLICY_V4_PLACES : 0);
	struct cursor cursor = { places, 0 };
	uint32_t next = 0; /* the first place that is not written */
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < policy->spans.count; i++) {
		uint32_t place = policy->spans.items[i].first >> 16;
		uint32_t last = policy->spans.items[i].last >> 16;

		for (place = place > next ? place : next; r == 0 && place <= last;
		     place++)
			r = write_16(policy, &cursor, &table[place], place << 16);
		next = last + 1;
	}
	return r;
}

/* ---- IPv6 ---- */
static int order(const struct policy_region *a, const struct policy_region *b)
{
	int r = addr_compare(&a->cidr.addr, &b->cidr.addr);

	return r ? r : a->cidr.bits - b->cidr.bits;
}

/* Is it there for its own sake? A prefix that says what its surroundings say is not. */
static bool is_needed(const struct policy_regions *regions, uint32_t at)
{
	const struct policy_region *region = &regions->items[at];
	uint32_t around =
	    region->parent == UINT32_MAX ? 0 : regions->items[region->parent].class;

	return region->class != around;
}

static int list_needed(const struct policy_regions *v6, struct policy_regions *ret_needed)
{
	struct policy_regions needed = { 0 };

	for (uint32_t i = 0; i < v6->count; i++) {
		if (!is_needed(v6, i))
			continue;
		if (policy_room(&needed.items, &needed.capacity, needed.count + 1,
				sizeof(*needed.items)) < 0) {
			free(needed.items);
			return -ENOMEM;
		}
		needed.items[needed.count++] = v6->items[i];
	}
	*ret_needed = needed;
	return 0;
}

/*
 * First what is new or has another class, then what goes: a prefix that goes has the class
 * of its surroundings, in which its addresses are then. Both lists are sorted.
 */
static int put_needed(struct policy *policy, const struct policy_regions *needed,
		      unsigned bank)
{
	const struct policy_regions *old = &policy->prefixes;
	const struct policy_tables *tables = &policy->tables;
	int r = 0;

	for (uint32_t i = 0, j = 0; r == 0 && i < needed->count; i++) {
		const struct policy_region *region = &needed->items[i];

		while (j < old->count && order(&old->items[j], region) < 0)
			j++;
		if (j == old->count || order(&old->items[j], region) != 0 ||
		    old->items[j].class != region->class || policy->places_unknown)
			r = tables->put_prefix(tables->context, bank, &region->cidr,
					       region->class);
	}
	return r;
}

static void drop_others(struct policy *policy, const struct policy_regions *needed,
			const struct policy_regions *old, unsigned bank)
{
	const struct policy_tables *tables = &policy->tables;

	for (uint32_t i = 0, j = 0; j < old->count; j++) {
		while (i < needed->count && order(&needed->items[i], &old->items[j]) < 0)
			i++;
		if (i == needed->count || order(&needed->items[i], &old->items[j]) != 0)
			tables->drop_prefix(tables->context, bank, &old->items[j].cidr);
	}
}

int policy_prefixes_write(struct policy *policy, const struct policy_regions *v6)
{
	unsigned bank = policy->bank;
	struct policy_regions needed;
	int r = list_needed(v6, &needed);

	if (r < 0)
		return r;
	r = put_needed(policy, &needed, bank);
	if (r < 0) {
		/* What came in is of no harm; it goes again. */
		drop_others(policy, &policy->prefixes, &needed, bank);
		free(needed.items);
		return r;
	}
	drop_others(policy, &needed, &policy->prefixes, bank);
	free(policy->prefixes.items);
	policy->prefixes = needed;
	return 0;
}
