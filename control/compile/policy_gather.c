/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_gather.h"

#include <errno.h>

static void set_bit(struct hg_policy_row *row, uint32_t bit)
{
	row->bits[bit / 64] |= 1ULL << (bit % 64);
}

/* One more row, which begins as this one. */
static int add_row(struct policy *policy, uint32_t at, const struct hg_policy_row *start)
{
	if (policy_room(&policy->gather, &policy->gather_capacity, at + 1,
			sizeof(*policy->gather)) < 0)
		return -ENOMEM;
	policy->gather[at].row = *start;
	return 0;
}

/* ---- one set, all classes ---- */
/* Which row a class has: gather_at[class] names it, and it names the class back. */
static bool is_touched(const struct policy *policy, uint32_t class, uint32_t touched)
{
	uint32_t at = policy->gather_at[class];

	return at < touched && policy->gather[at].class == class;
}

static int gather_members(struct policy *policy, const struct policy_members *members,
			  uint32_t bit, const struct hg_policy_row *all,
			  uint32_t *touched)
{
	for (uint32_t i = 0; i < members->count; i++) {
		uint32_t class = members->items[i].class;

		if (!is_touched(policy, class, *touched)) {
			if (add_row(policy, *touched, all) < 0)
				return -ENOMEM;
			policy->gather[*touched].class = class;
			policy->gather_at[class] = (*touched)++;
		}
		set_bit(&policy->gather[policy->gather_at[class]].row, bit);
	}
	return 0;
}

int policy_gather_set(struct policy *policy, const struct policy_set *set,
		      enum policy_side side, const struct hg_policy_row *all,
		      uint32_t *ret_touched, uint32_t *ret_highest)
{
	const struct policy_classes *classes = &policy->classes[side];
	uint32_t touched = 0, highest = 0;

	if (policy_room(&policy->gather_at, &policy->gather_at_capacity,
			classes->item_capacity, sizeof(*policy->gather_at)) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < set->bit_count; i++) {
		const struct policy_term *term = set->bits[i].terms[side];

		if (!term || term->id >= classes->member_capacity)
			continue;
		if (gather_members(policy, &classes->members[term->id], i, all,
				   &touched) < 0)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < touched; i++) {
		if (policy->gather[i].class > highest)
			highest = policy->gather[i].class;
	}
	*ret_touched = touched;
	*ret_highest = highest;
	return 0;
}

uint32_t policy_gather_class(const struct policy *policy, uint32_t at)
{
	return policy->gather[at].class;
}

const struct hg_policy_row *policy_gather_row(const struct policy *policy, uint32_t at)
{
	return &policy->gather[at].row;
}

/* ---- one class, all sets ---- */
static int gather_use(struct policy *policy, const struct policy_use *use,
		      enum policy_side side, uint32_t *touched)
{
	struct policy_set *set = use->set;

	if (!set->number)
		return 0;
	if (!set->gathered) {
		if (add_row(policy, *touched, &policy->tables.rows[set->defaults[side]]) <
		    0)
			return -ENOMEM;
		policy->gather[*touched].set = set;
		set->gathered = ++*touched;
	}
	set_bit(&policy->gather[set->gathered - 1].row, use->bit);
	return 0;
}

int policy_gather_class_rows(struct policy *policy, enum policy_side side,
			     uint32_t number, uint32_t *ret_touched)
{
	const struct policy_class *class = policy->classes[side].items[number];

	*ret_touched = 0;
	for (uint32_t i = 0; i < class->count; i++) {
		const struct policy_term *term = policy->active[side][class->ids[i]];

		for (uint32_t j = 0; j < term->use_count; j++) {
			if (gather_use(policy, &term->uses[j], side, ret_touched) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

struct policy_set *policy_gather_set_at(const struct policy *policy, uint32_t at)
{
	return policy->gather[at].set;
}

void policy_gather_end(struct policy *policy, uint32_t touched)
{
	for (uint32_t i = 0; i < touched; i++)
		policy->gather[i].set->gathered = 0;
}
