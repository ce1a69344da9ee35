/* SPDX-License-Identifier: BSD-2-Clause */
/* Rule sets: what applies to a pod in one direction, interned. */
#ifndef COMPILE_POLICY_SETS_H
#define COMPILE_POLICY_SETS_H

#include "policy_state.h"

/* A set in the making. It holds references to what it names. */
struct policy_draft {
	struct policy *policy;
	bool is_egress;
	struct policy_bit *bits;
	struct policy_isolating *isolating;
	uint32_t bit_count, bit_capacity, isolating_count, isolating_capacity;
};

/* 0 or -ENOMEM. A bit that is there already is not added again. */
int policy_draft_add(struct policy_draft *draft, const struct policy_record *record,
		     const struct policy_rule_bit *bit, struct policy_term *ports);
int policy_draft_isolate(struct policy_draft *draft, const struct policy_record *record);
void policy_draft_clear(struct policy_draft *draft);

/* The two sets of those for whom there is no room. */
int policy_sets_open(struct policy *policy);
void policy_sets_close(struct policy *policy);
/* The set of a draft, interned, with a reference. Terms in it become active. 0, -ENOMEM. */
int policy_sets_take(struct policy *policy, struct policy_draft *draft,
		     struct policy_set **ret_set);
/* There is no room for it: it lets go of its terms and of the tables, and nobody gets it. */
void policy_sets_refuse(struct policy *policy, struct policy_set *set);
void policy_sets_hold(struct policy_set *set);
void policy_sets_drop(struct policy_set *set);
/* Free sets that nobody has. Readers of older states must be gone. */
void policy_sets_sweep(struct policy *policy);
struct policy_set *policy_sets_find(const struct policy *policy, uint32_t number);

#endif
