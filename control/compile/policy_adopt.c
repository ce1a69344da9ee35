/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nothing is known of what an earlier process left but how to read it. All that views lead
 * to is taken as occupied, its addresses keep their places, and classes are numbered anew
 * in the other bank. The first switch changes over, the first settling frees the rest.
 */
#include "policy_adopt.h"

#include <errno.h>
#include <stdlib.h>
#include "policy_addrs.h"
#include "policy_cells.h"
#include "policy_pods.h"
#include "policy_rest.h"

/* Taken until the first settling, if it lies within the table and is not taken yet. */
static int claim(struct policy *policy, struct policy_space *space, uint32_t base,
		 uint32_t count)
{
	for (uint32_t i = base; i < space->size && i - base < count; i++) {
		if (policy_space_has(space, i))
			continue;
		if (policy_rest_reserve(policy, 1) < 0)
			return -ENOMEM;
		policy_space_claim(space, i, 1);
		policy_rest(policy, space, i, 1);
	}
	return 0;
}

static int claim_cells(struct policy *policy, uint32_t base, uint32_t count)
{
	const struct policy_tables *tables = &policy->tables;
	int r = 0;

	for (uint32_t i = base; r == 0 && i < tables->cell_count && i - base < count; i++)
		r = claim(policy, &policy->rows, tables->cells[i], 1);
	if (r < 0 || !count)
		return r;
	return claim(policy, &policy->cells, base / POLICY_CELL_UNIT,
		     (base % POLICY_CELL_UNIT + count - 1) / POLICY_CELL_UNIT + 1);
}

static int claim_set(struct policy *policy, uint32_t number)
{
	struct hg_policy_set set;
	int r;

	if (number >= policy->tables.set_count ||
	    policy_space_has(&policy->set_numbers, number))
		return 0;
	set = policy->tables.sets[number];
	r = claim(policy, &policy->set_numbers, number, 1);
	if (r == 0)
		r = claim(policy, &policy->counters, set.counter_base, set.bits + 2U);
	if (r == 0)
		r = claim(policy, &policy->rows, set.enforced, 1);
	if (r == 0)
		r = claim_cells(policy, set.peer_base, set.peer_count);
	if (r == 0)
		r = claim_cells(policy, set.port_base, set.port_count);
	return r;
}

/* 1, 0: another line has the address, or -ENOMEM. */
static int adopt_addr(struct policy *policy, const struct hg_addr *where, uint32_t place)
{
	struct policy_addr *addr = policy_addrs_get(policy, where);
	int r = 0;

	if (!addr)
		return -ENOMEM;
	if (addr->known)
		return 0;
	addr->place = place;
	addr->known = true;
	addr->owner_dirty = true;
	policy_addrs_touch(policy, addr);
	for (int i = 0; r == 0 && i < 2; i++) {
		const struct hg_policy_view *view = &policy->tables.pods[place].views[i];

		r = claim_set(policy, view->ingress);
		if (r == 0)
			r = claim_set(policy, view->egress);
	}
	return r < 0 ? r : 1;
}

/* Blocks that the 16-8-8 table of the bank in force leads to. */
static int claim_blocks(struct policy *policy, const uint16_t *places, uint32_t count,
			int depth)
{
	const struct policy_tables *tables = &policy->tables;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t number = places[i] & ~HG_POLICY_BLOCK;
		int r;

		if (!(places[i] & HG_POLICY_BLOCK) || number >= tables->block_count)
			continue;
		r = claim(policy, &policy->blocks, number, 1);
		if (r == 0 && depth)
			r = claim_blocks(policy,
					 tables->v4_blocks +
					     (size_t)number * HG_POLICY_BLOCK_SIZE,
					 HG_POLICY_BLOCK_SIZE, depth - 1);
		if (r < 0)
			return r;
	}
	return 0;
}

static void clear(uint16_t *places, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (places[i])
			places[i] = 0;
	}
}

/* Collected first: a table is not to change while it is visited. */
struct dropping {
	struct cidr *items;
	uint32_t count, capacity;
};

static int collect(void *context, const struct cidr *prefix)
{
	struct dropping *dropping = context;

	if (policy_room(&dropping->items, &dropping->capacity, dropping->count + 1,
			sizeof(*dropping->items)) < 0)
		return -ENOMEM;
	dropping->items[dropping->count++] = *prefix;
	return 0;
}

int policy_adopt_drop_prefixes(struct policy *policy, unsigned bank)
{
	const struct policy_tables *tables = &policy->tables;
	struct dropping dropping = { 0 };
	int r = 0;

	if (tables->each_prefix)
		r = tables->each_prefix(tables->context, bank, collect, &dropping);
	for (uint32_t i = 0; r == 0 && i < dropping.count; i++)
		tables->drop_prefix(tables->context, bank, &dropping.items[i]);
	free(dropping.items);
	return r;
}

int policy_adopt(struct policy *policy)
{
	const struct policy_tables *tables = &policy->tables;
	bool old_bank = policy->state & HG_POLICY_BANK;
	uint32_t ports = HG_POLICY_PROTOCOLS * HG_POLICY_PORTS;
	bool was_on = policy->state & HG_POLICY_ON;
	int r;

	policy->must_switch = was_on || !(policy->state & HG_POLICY_KEEP) ==
					    policy->options.keep_established;
	policy->bank = old_bank != was_on;
	policy->adopted = was_on;
	r = policy_pods_adopt(policy, adopt_addr);
	if (r == 0 && was_on)
		r = claim_blocks(policy,
				 tables->v4 + (old_bank ? HG_POLICY_V4_PLACES : 0),
				 HG_POLICY_V4_PLACES, 1);
	if (r < 0)
		return r;
	tables->wait_for_readers(
	    tables->context); /* the bank was in force until lately */
	clear(tables->v4 + (policy->bank ? HG_POLICY_V4_PLACES : 0), HG_POLICY_V4_PLACES);
	clear(tables->ports + (policy->bank ? ports : 0), ports);
	return policy_adopt_drop_prefixes(policy, policy->bank);
}
