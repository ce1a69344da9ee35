/* SPDX-License-Identifier: BSD-2-Clause */
/* Slot ranges: shared, built from an older one, settled. */
#include "tables.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/cleanup.h"

/* Elements settled per tick: 4 MB, about a millisecond. */
#define SETTLE_ELEMENTS (1U << 19)

static uint32_t elements_of(uint32_t slots, uint32_t bits)
{
	return hg_slot_element(slots - 1, bits) + 1;
}

static uint32_t table_elements(const struct slot_table *table)
{
	return elements_of(table->count, table->bits);
}

static struct slot_table *find_shared(struct datapath *datapath, const uint64_t hash[2],
				      uint32_t count)
{
	struct slot_table *table;

	HASH_FIND(hh, datapath->tables_by_hash, hash, sizeof(table->hash), table);
	return table && table->count == count ? table : NULL;
}

/* Best effort: without memory for the index the table is only not shared. */
static void offer(struct datapath *datapath, struct slot_table *table)
{
	struct slot_table *other;

	if (!table->hash_known || table->mixed || table->in_hashes)
		return;
	HASH_FIND(hh, datapath->tables_by_hash, table->hash, sizeof(table->hash), other);
	if (other)
		return;
	HASH_ADD(hh, datapath->tables_by_hash, hash, sizeof(table->hash), table);
	table->in_hashes = table->hh.tbl;
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
		HASH_DELETE(hh, datapath->tables_by_base, table);
	if (table->in_hashes)
		HASH_DELETE(hh, datapath->tables_by_hash, table);
	ranges_release(&datapath->slot_places, table->base, table_elements(table),
		       clock_ns());
	free(table);
}

static int read_slots(struct datapath *datapath, const struct slot_table *table,
		      struct hg_slot **ret_slots)
{
	uint32_t count = table_elements(table);
	_cleanup_free_ __u64 *elements = malloc(count * sizeof(*elements));
	_cleanup_free_ struct hg_slot *slots = malloc(table->count * sizeof(*slots));

	if (!elements || !slots)
		return -ENOMEM;
	int r = mmap_view_read(&datapath->slots, table->base, elements, count);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < table->count; i++)
		slots[i] = hg_slot_get(elements, i, table->bits);
	*ret_slots = TAKE_PTR(slots);
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

/* A table before it has a place. */
struct content {
	struct hg_slot *slots;
	uint32_t count;
	bool mixed; /* some slot has another previous owner */
	uint32_t bits;
};

/* Who had a slot before, as a position of now; POSITION_NONE when he is gone. */
static uint32_t previous_of(const struct table_change *change, const struct hg_slot *was,
			    bool same_table)
{
	uint16_t owner = same_table ? was->previous : was->current;

	return owner < change->old_members ? change->remap[owner] : POSITION_NONE;
}

static void fill(const struct table_change *change, const struct hg_slot *old,
		 bool same_table, struct content *content)
{
	const uint16_t *wanted = change->wanted->slots;
	uint32_t named = 0;

	for (uint32_t i = 0; i < content->count; i++) {
		uint32_t previous = POSITION_NONE;

		if (old)
			previous = previous_of(
			    change, &old[old_slot(i, content->count, change->old->count)],
			    same_table);
		if (previous == POSITION_NONE)
			previous = wanted[i];
		content->slots[i] = (struct hg_slot){ wanted[i], (uint16_t)previous };
		content->mixed |= previous != wanted[i];
		named |= previous | wanted[i];
	}
	content->bits = named >> HG_SLOT_NARROW ? HG_SLOT_WIDE : HG_SLOT_NARROW;
}

/* Written to a free place of the map. 0, -ENOSPC, -EAGAIN, -ENOMEM, -errno. */
static int write_slots(struct datapath *datapath, const struct content *content,
		       uint32_t *ret_base)
{
	uint32_t count = elements_of(content->count, content->bits), base;
	_cleanup_free_ __u64 *elements = calloc(count, sizeof(*elements));

	if (!elements)
		return -ENOMEM;
	for (uint32_t i = 0; i < content->count; i++)
		hg_slot_set(elements, i, content->bits, content->slots[i]);
	int r = ranges_take(&datapath->slot_places, count, &base);
	if (r < 0)
		return r;
	r = mmap_view_write(&datapath->slots, base, elements, count);
	if (r < 0) {
		ranges_give_back(&datapath->slot_places, base, count);
		return r;
	}
	*ret_base = base;
	return 0;
}

static int place(struct datapath *datapath, const uint64_t hash[2],
		 const struct content *content, struct slot_table **ret_table)
{
	_cleanup_free_ struct slot_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	int r = write_slots(datapath, content, &table->base);
	if (r < 0)
		return r;
	table->count = content->count;
	table->bits = content->bits;
	table->users = 1;
	table->hash_known = true;
	memcpy(table->hash, hash, sizeof(table->hash));
	set_mixed(datapath, table, content->mixed);
	offer(datapath, table);
	*ret_table = TAKE_PTR(table);
	return 0;
}

static int build(struct datapath *datapath, const struct table_change *change,
		 bool same_table, struct slot_table **ret_table)
{
	const struct wanted_port *wanted = change->wanted;
	_cleanup_free_ struct hg_slot *old = NULL;
	_cleanup_free_ struct hg_slot *slots = calloc(wanted->slot_count, sizeof(*slots));
	struct content content = { .slots = slots, .count = wanted->slot_count };

	if (!slots)
		return -ENOMEM;
	if (change->old) {
		int r = read_slots(datapath, change->old, &old);
		if (r < 0)
			return r;
	}
	fill(change, old, same_table, &content);
	struct slot_table *shared =
	    find_shared(datapath, wanted->table_hash, wanted->slot_count);
	if (!content.mixed && shared) {
		shared->users++;
		*ret_table = shared;
		return 0;
	}
	return place(datapath, wanted->table_hash, &content, ret_table);
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

int table_adopt(struct datapath *datapath, const struct hg_service *record,
		struct slot_table **ret_table)
{
	uint32_t base = record->slot_base, bits = hg_slot_bits(record->flags);
	struct slot_table *known;

	HASH_FIND(hh, datapath->tables_by_base, &base, sizeof(base), known);
	if (record->slot_count > datapath->slot_places.size * HG_SLOTS_PER_ELEMENT ||
	    (known && (known->count != record->slot_count || known->bits != bits)))
		return -EINVAL;
	if (known) {
		known->users++;
		*ret_table = known;
		return 0;
	}
	_cleanup_free_ struct slot_table *table = calloc(1, sizeof(*table));
	if (!table)
		return -ENOMEM;
	*table = (struct slot_table){
		.base = base, .count = record->slot_count, .bits = bits, .users = 1
	};
	int r = ranges_claim(&datapath->slot_places, base, table_elements(table));
	if (r < 0)
		return r;
	HASH_ADD(hh, datapath->tables_by_base, base, sizeof(base), table);
	table->in_bases = table->hh.tbl;
	if (!table->in_bases) {
		ranges_give_back(&datapath->slot_places, base, table_elements(table));
		return -ENOMEM;
	}
	*ret_table = TAKE_PTR(table);
	return 0;
}

void tables_adopted(struct datapath *datapath)
{
	struct slot_table *table, *next;

	HASH_ITER (hh, datapath->tables_by_base, table, next) {
		HASH_DELETE(hh, datapath->tables_by_base, table);
		table->in_bases = false;
	}
}

static int settle(struct datapath *datapath, struct slot_table *table)
{
	/* The current owners of an element's slots. */
	uint64_t current =
	    table->bits == HG_SLOT_WIDE ? 0x0000ffff0000ffffULL : 0x00ff00ff00ff00ffULL;

	for (uint32_t i = 0; i < table_elements(table); i++) {
		uint64_t *element = mmap_view_at(&datapath->slots, table->base + i);
		if (!element)
			return -errno;
		/* Readers see the old or the new previous owner, both are right. */
		__atomic_store_n(
		    element, (*element & current) | (*element & current) << table->bits,
		    __ATOMIC_RELAXED);
	}
	set_mixed(datapath, table, false);
	offer(datapath, table);
	return 0;
}

int tables_settle(struct datapath *datapath, uint64_t now_ns)
{
	uint32_t elements = 0;

	while (datapath->mixed_tables && elements < SETTLE_ELEMENTS) {
		struct slot_table *table = datapath->mixed_tables;

		if (now_ns - table->changed_ns < SETTLE_NS)
			return 0;
		elements += table_elements(table);
		int r = settle(datapath, table);
		if (r < 0)
			return r;
	}
	return 0;
}
