/* SPDX-License-Identifier: BSD-2-Clause */
/* Slot ranges: shared, built from an older one, settled. */
#include "tables.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/cleanup.h"

/* Slots settled per tick: 4 MB, about a millisecond. */
#define SETTLE_SLOTS (1U << 20)

static uint32_t pairs_of(uint32_t slots)
{
	return (slots + 1) / 2;
}

static struct slot_table *find_shared(struct datapath *datapath, const uint64_t hash[2],
				      uint32_t count)
{
	struct slot_table *table;

	HASH_FIND(by_hash, datapath->tables_by_hash, hash, sizeof(table->hash), table);
	return table && table->count == count ? table : NULL;
}

/* Best effort: without memory for the index the table is only not shared. */
static void offer(struct datapath *datapath, struct slot_table *table)
{
	struct slot_table *other;

	if (!table->hash_known || table->mixed || table->in_hashes)
		return;
	HASH_FIND(by_hash, datapath->tables_by_hash, table->hash, sizeof(table->hash),
		  other);
	if (other)
		return;
	HASH_ADD(by_hash, datapath->tables_by_hash, hash, sizeof(table->hash), table);
	table->in_hashes = table->by_hash.tbl;
}

static void set_mixed(struct datapath *datapath, struct slot_table *table, bool mixed)
{
	if (table->mixed == mixed)
		return;
	table->mixed = mixed;
	if (!mixed) {
		DL_DELETE(datapath->mixed_tables, table);
		return;
	}
	table->changed_ns = clock_ns();
	DL_APPEND(datapath->mixed_tables, table);
}

void table_put(struct datapath *datapath, struct slot_table *table)
{
	if (!table || --table->users)
		return;
	set_mixed(datapath, table, false);
	if (table->in_bases)
		HASH_DELETE(by_base, datapath->tables_by_base, table);
	if (table->in_hashes)
		HASH_DELETE(by_hash, datapath->tables_by_hash, table);
	ranges_release(&datapath->slot_places, table->base, table->count, clock_ns());
	free(table);
}

static int read_slots(struct datapath *datapath, const struct slot_table *table,
		      struct hg_slot **ret_slots)
{
	_cleanup_free_ struct hg_slot_pair *pairs =
	    malloc(pairs_of(table->count) * sizeof(*pairs));

	if (!pairs)
		return -ENOMEM;
	int r =
	    window_read(&datapath->slots, table->base / 2, pairs, pairs_of(table->count));
	if (r < 0)
		return r;
	*ret_slots = (struct hg_slot *)TAKE_PTR(pairs);
	return 0;
}

/* A table found in force has no name yet: it is compared slot by slot, once. */
static int recognise(struct datapath *datapath, struct slot_table *table,
		     const struct wanted_port *wanted, bool *ret_same)
{
	_cleanup_free_ struct hg_slot *slots = NULL;
	bool mixed = false;

	*ret_same = false;
	if (table->count != wanted->slot_count)
		return 0;
	if (table->hash_known) {
		*ret_same = !memcmp(table->hash, wanted->table_hash, sizeof(table->hash));
		return 0;
	}
	int r = read_slots(datapath, table, &slots);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < table->count; i++) {
		if (slots[i].current != wanted->slots[i])
			return 0;
		mixed |= slots[i].previous != slots[i].current;
	}
	memcpy(table->hash, wanted->table_hash, sizeof(table->hash));
	table->hash_known = true;
	set_mixed(datapath, table, mixed);
	offer(datapath, table);
	*ret_same = true;
	return 0;
}

/* The slot of the old table that the middle of this slot's share of the hashes fell in:
 * exact for tables of equal size, the nearest answer for others. */
static uint32_t old_slot(uint32_t slot, uint32_t count, uint32_t old_count)
{
	uint64_t hash = ((2ULL * slot + 1) << 31) / count;

	return (uint32_t)((hash * old_count) >> 32);
}

/* Fill in current and previous. True: some slot has another previous owner. */
static bool fill(const struct table_change *change, const struct hg_slot *old,
		 bool same_table, struct hg_slot *slots)
{
	const struct wanted_port *wanted = change->wanted;
	bool mixed = false;

	for (uint32_t i = 0; i < wanted->slot_count; i++) {
		uint32_t position = POSITION_NONE;

		if (old) {
			const struct hg_slot *was =
			    &old[old_slot(i, wanted->slot_count, change->old->count)];
			uint16_t owner = same_table ? was->previous : was->current;

			if (owner < change->old_members)
				position = change->remap[owner];
		}
		slots[i].current = wanted->slots[i];
		slots[i].previous =
		    position == POSITION_NONE ? wanted->slots[i] : (uint16_t)position;
		mixed |= slots[i].previous != slots[i].current;
	}
	return mixed;
}

static int place(struct datapath *datapath, const struct wanted_port *wanted,
		 const struct hg_slot *slots, bool mixed, struct slot_table **ret_table)
{
	_cleanup_free_ struct slot_table *table = calloc(1, sizeof(*table));
	uint32_t base;

	if (!table)
		return -ENOMEM;
	int r = ranges_take(&datapath->slot_places, wanted->slot_count, &base);
	if (r < 0)
		return r;
	r = window_write(&datapath->slots, base / 2, slots, pairs_of(wanted->slot_count));
	if (r < 0) {
		ranges_give_back(&datapath->slot_places, base, wanted->slot_count);
		return r;
	}
	table->base = base;
	table->count = wanted->slot_count;
	table->users = 1;
	table->hash_known = true;
	memcpy(table->hash, wanted->table_hash, sizeof(table->hash));
	set_mixed(datapath, table, mixed);
	offer(datapath, table);
	*ret_table = TAKE_PTR(table);
	return 0;
}

static int build(struct datapath *datapath, const struct table_change *change,
		 bool same_table, struct slot_table **ret_table)
{
	const struct wanted_port *wanted = change->wanted;
	_cleanup_free_ struct hg_slot *old = NULL;
	_cleanup_free_ struct hg_slot *slots =
	    calloc(2 * (size_t)pairs_of(wanted->slot_count), sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	if (change->old) {
		int r = read_slots(datapath, change->old, &old);
		if (r < 0)
			return r;
	}
	bool mixed = fill(change, old, same_table, slots);
	struct slot_table *shared =
	    find_shared(datapath, wanted->table_hash, wanted->slot_count);
	if (!mixed && shared) {
		shared->users++;
		*ret_table = shared;
		return 0;
	}
	return place(datapath, wanted, slots, mixed, ret_table);
}

int table_get(struct datapath *datapath, const struct table_change *change,
	      struct slot_table **ret_table)
{
	const struct wanted_port *wanted = change->wanted;
	bool same_table = false;

	*ret_table = NULL;
	if (!wanted->slot_count)
		return 0;
	if (change->old) {
		int r = recognise(datapath, change->old, wanted, &same_table);
		if (r < 0)
			return r;
	}
	struct slot_table *reused = NULL;
	if (same_table && (change->same_members || !change->old->mixed))
		reused = change->old;
	else if (!change->old)
		reused = find_shared(datapath, wanted->table_hash, wanted->slot_count);
	if (reused) {
		reused->users++;
		*ret_table = reused;
		return 0;
	}
	return build(datapath, change, same_table, ret_table);
}

int table_adopt(struct datapath *datapath, uint32_t base, uint32_t count,
		struct slot_table **ret_table)
{
	struct slot_table *known;

	HASH_FIND(by_base, datapath->tables_by_base, &base, sizeof(base), known);
	if (known && known->count != count)
		return -EINVAL;
	if (known) {
		known->users++;
		*ret_table = known;
		return 0;
	}
	_cleanup_free_ struct slot_table *table = calloc(1, sizeof(*table));
	if (!table)
		return -ENOMEM;
	int r = ranges_claim(&datapath->slot_places, base, count);
	if (r < 0)
		return r;
	table->base = base;
	table->count = count;
	table->users = 1;
	HASH_ADD(by_base, datapath->tables_by_base, base, sizeof(base), table);
	table->in_bases = table->by_base.tbl;
	if (!table->in_bases) {
		ranges_give_back(&datapath->slot_places, base, count);
		return -ENOMEM;
	}
	*ret_table = TAKE_PTR(table);
	return 0;
}

static int settle(struct datapath *datapath, struct slot_table *table)
{
	for (uint32_t i = 0; i < pairs_of(table->count); i++) {
		struct hg_slot_pair *pair =
		    window_at(&datapath->slots, table->base / 2 + i);
		if (!pair)
			return -errno;
		/* Readers see the old or the new previous owner, both are right. */
		pair->slot[0].previous = pair->slot[0].current;
		pair->slot[1].previous = pair->slot[1].current;
	}
	set_mixed(datapath, table, false);
	offer(datapath, table);
	return 0;
}

int tables_settle(struct datapath *datapath, uint64_t now_ns)
{
	uint32_t slots = 0;

	while (datapath->mixed_tables && slots < SETTLE_SLOTS) {
		struct slot_table *table = datapath->mixed_tables;

		if (now_ns - table->changed_ns < SETTLE_NS)
			return 0;
		slots += table->count;
		int r = settle(datapath, table);
		if (r < 0)
			return r;
	}
	return 0;
}
