/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_cells.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "policy_gather.h"
#include "policy_rest.h"
#include "policy_rows.h"

static void set_bit(struct hg_policy_row *row, uint32_t bit)
{
	row->bits[bit / 64] |= 1ULL << (bit % 64);
}

static uint16_t *cells_of(const struct policy *policy, const struct policy_set *set,
			  enum policy_side side)
{
	return policy->tables.cells + set->bases[side];
}

static uint32_t units(uint32_t count)
{
	return (count + POLICY_CELL_UNIT - 1) / POLICY_CELL_UNIT;
}

/* ---- one side's cells ---- */
/* With room for later classes: half as many again, less when cells are few. */
static int take_cells(struct policy *policy, uint32_t count, uint32_t *ret_base,
		      uint32_t *ret_count)
{
	bool are_plenty = policy->cells.used < policy->cells.size / 2;
	uint32_t wanted = units(count + count / (are_plenty ? 2 : 32)), base;

	if (policy_space_take(&policy->cells, wanted, &base) < 0) {
		wanted = units(count);
		if (policy_space_take(&policy->cells, wanted, &base) < 0)
			return -ENOSPC;
	}
	*ret_base = base * POLICY_CELL_UNIT;
	*ret_count = wanted * POLICY_CELL_UNIT;
	return 0;
}

/* Rows that cells from here on have named. */
static void drop_rows(struct policy *policy, struct policy_set *set,
		      enum policy_side side, uint32_t count)
{
	const uint16_t *cells = cells_of(policy, set, side);

	for (uint32_t i = 0; i < count; i++)
		policy_rows_drop(policy, cells[i], 1);
}

static void remove_side(struct policy *policy, struct policy_set *set,
			enum policy_side side)
{
	if (!set->counts[side])
		return;
	drop_rows(policy, set, side, set->counts[side]);
	policy_rows_drop(policy, set->defaults[side], 1);
	policy_space_give(&policy->cells, set->bases[side] / POLICY_CELL_UNIT,
			  units(set->counts[side]));
	set->counts[side] = 0;
}

static int place_side(struct policy *policy, struct policy_set *set,
		      enum policy_side side)
{
	struct hg_policy_row all = { 0 };
	uint32_t touched, highest, base, count, row;
	uint16_t *cells;
	int r;

	for (uint32_t i = 0; i < set->bit_count; i++) {
		if (!set->bits[i].terms[side])
			set_bit(&all, i);
	}
	r = policy_gather_set(policy, set, side, &all, &touched, &highest);
	if (r < 0)
		return r;
	r = policy_rows_take(policy, &all, &set->defaults[side]);
	if (r < 0)
		return r;
	r = take_cells(policy, highest + 1, &base, &count);
	if (r < 0) {
		policy_rows_drop(policy, set->defaults[side], 1);
		return r;
	}
	set->bases[side] = base;
	set->counts[side] = count;
	cells = cells_of(policy, set, side);
	for (uint32_t i = 0; i < count; i++)
		cells[i] = (uint16_t)set->defaults[side];
	policy_rows_hold(policy, set->defaults[side], count);
	for (uint32_t i = 0; r == 0 && i < touched; i++) {
		r = policy_rows_take(policy, policy_gather_row(policy, i), &row);
		if (r < 0)
			break;
		policy_rows_drop(policy, set->defaults[side], 1);
		cells[policy_gather_class(policy, i)] = (uint16_t)row;
	}
	if (r < 0)
		remove_side(policy, set, side);
	return r;
}

/* ---- the set in the tables ---- */
static int place_enforced(struct policy *policy, struct policy_set *set)
{
	struct hg_policy_row enforced = { 0 };

	for (uint32_t i = 0; i < set->bit_count; i++) {
		if (!set->bits[i].audit)
			set_bit(&enforced, i);
	}
	return policy_rows_take(policy, &enforced, &set->enforced);
}

static uint8_t flags_of(const struct policy_set *set)
{
	unsigned flags = 0;

	for (uint32_t i = 0; i < set->isolating_count; i++)
		flags |= set->isolating[i].audit ? HG_POLICY_AUDITED : HG_POLICY_ENFORCED;
	return (uint8_t)flags;
}

static void write_set(struct policy *policy, struct policy_set *set, uint8_t flags)
{
	policy->by_number[set->number] = set;
	policy->tables.sets[set->number] = (struct hg_policy_set){
		.peer_base = set->bases[POLICY_PEERS],
		.peer_count = set->counts[POLICY_PEERS],
		.port_base = set->bases[POLICY_PORTS],
		.port_count = set->counts[POLICY_PORTS],
		.counter_base = set->counter_base,
		.bits = (uint16_t)set->bit_count,
		.flags = flags,
		.enforced = set->enforced,
	};
}

int policy_cells_place_empty(struct policy *policy, struct policy_set *set)
{
	struct policy_tables *tables = &policy->tables;

	if (tables->cell_count < POLICY_CELL_UNIT ||
	    policy_space_take(&policy->set_numbers, 1, &set->number) < 0 ||
	    policy_space_take(&policy->counters, 2, &set->counter_base) < 0)
		return -ENOSPC;
	policy_space_claim(&policy->cells, 0, 1);
	memset(tables->cells, 0, POLICY_CELL_UNIT * sizeof(*tables->cells));
	set->counts[POLICY_PEERS] = set->counts[POLICY_PORTS] = 1;
	write_set(policy, set, HG_POLICY_ENFORCED);
	return 0;
}

static void clear_counters(struct policy *policy, const struct policy_set *set)
{
	memset(&policy->tables.counters[set->counter_base], 0,
	       (set->bit_count + 2) * sizeof(*policy->tables.counters));
}

static int place_all(struct policy *policy, struct policy_set *set)
{
	int r = place_enforced(policy, set);

	for (int side = 0; r == 0 && side < POLICY_SIDES; side++)
		r = place_side(policy, set, (enum policy_side)side);
	if (r < 0)
		return r;
	r = policy_space_take(&policy->counters, set->bit_count + 2, &set->counter_base);
	if (r < 0)
		return r;
	r = policy_space_take(&policy->set_numbers, 1, &set->number);
	if (r < 0)
		return r;
	clear_counters(policy, set);
	write_set(policy, set, flags_of(set));
	return 0;
}

int policy_cells_place(struct policy *policy, struct policy_set *set)
{
	int r = place_all(policy, set);

	if (r < 0)
		policy_cells_remove(policy, set);
	return r;
}

void policy_cells_remove(struct policy *policy, struct policy_set *set)
{
	for (int side = 0; side < POLICY_SIDES; side++)
		remove_side(policy, set, (enum policy_side)side);
	policy_rows_drop(policy, set->enforced, set->enforced ? 1 : 0);
	if (set->counter_base)
		policy_space_give(&policy->counters, set->counter_base,
				  set->bit_count + 2);
	if (set->number) {
		policy->by_number[set->number] = NULL;
		policy_space_give(&policy->set_numbers, set->number, 1);
	}
	set->enforced = set->counter_base = set->number = 0;
}

/* ---- classes that come later ---- */
static int fill_cell(struct policy *policy, struct policy_set *set, enum policy_side side,
		     uint32_t class, const struct hg_policy_row *content)
{
	uint16_t *cell = cells_of(policy, set, side) + class;
	uint32_t row = set->defaults[side], old;
	int r;

	if (content) {
		r = policy_rows_take(policy, content, &row);
		if (r == -ENOSPC)
			set->is_full = set->must_leave = true;
		if (r < 0)
			return r == -ENOSPC ? 0 : r;
	} else {
		policy_rows_hold(policy, row, 1);
	}
	if (class >= set->counts[side]) {
		set->outgrown |= row != set->defaults[side];
		policy_rows_drop(policy, row, 1);
		return 0;
	}
	old = *cell;
	*cell = (uint16_t)row;
	policy_rows_drop(policy, old, 1);
	return 0;
}

static int fill_class(struct policy *policy, enum policy_side side, uint32_t class)
{
	struct policy_set *set;
	uint32_t touched;
	int r = policy_gather_class_rows(policy, side, class, &touched);

	for (uint32_t i = 0; r == 0 && i < touched; i++)
		r = fill_cell(policy, policy_gather_set_at(policy, i), side, class,
			      policy_gather_row(policy, i));
	for (set = policy->sets; r == 0 && set; set = set->next) {
		if (set->number && !set->gathered)
			r = fill_cell(policy, set, side, class, NULL);
	}
	policy_gather_end(policy, touched);
	return r;
}

int policy_cells_fill(struct policy *policy)
{
	for (int side = 0; side < POLICY_SIDES; side++) {
		struct policy_classes *classes = &policy->classes[side];
		int r = 0;

		while (classes->fresh_count) {
			uint32_t class = classes->fresh[classes->fresh_count - 1];

			if (classes->items[class])
				r = fill_class(policy, (enum policy_side)side, class);
			if (r < 0)
				return r;
			classes->fresh_count--;
		}
	}
	return 0;
}

/* The set's old cells and number as something of their own, to rest. */
static void rest_old(struct policy *policy, const struct policy_set *old)
{
	for (int side = 0; side < POLICY_SIDES; side++)
		policy_rest(policy, &policy->cells, old->bases[side] / POLICY_CELL_UNIT,
			    units(old->counts[side]));
	policy->by_number[old->number] = NULL;
	policy_rest(policy, &policy->set_numbers, old->number, 1);
}

int policy_cells_regrow(struct policy *policy, struct policy_set *set)
{
	struct policy_set old = *set;
	int r = policy_rest_reserve(policy, POLICY_SIDES + 1);

	if (r < 0)
		return r;
	set->number = 0;
	set->counts[POLICY_PEERS] = set->counts[POLICY_PORTS] = 0;
	for (int side = 0; r == 0 && side < POLICY_SIDES; side++)
		r = place_side(policy, set, (enum policy_side)side);
	if (r == 0)
		r = policy_space_take(&policy->set_numbers, 1, &set->number);
	if (r < 0) {
		for (int side = 0; side < POLICY_SIDES; side++)
			remove_side(policy, set, (enum policy_side)side);
		*set = old;
		return r;
	}
	write_set(policy, set, flags_of(set));
	for (int side = 0; side < POLICY_SIDES; side++) {
		drop_rows(policy, &old, (enum policy_side)side, old.counts[side]);
		policy_rows_drop(policy, old.defaults[side], 1);
	}
	rest_old(policy, &old);
	set->outgrown = false;
	set->regrown = true;
	return 0;
}
