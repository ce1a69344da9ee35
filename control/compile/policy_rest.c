/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_rest.h"

#include <assert.h>

int policy_rest_reserve(struct policy *policy, uint32_t count)
{
	return policy_room(&policy->resting, &policy->resting_capacity,
			   policy->resting_count + count, sizeof(*policy->resting));
}

void policy_rest(struct policy *policy, struct policy_space *space, uint32_t base,
		 uint32_t count)
{
	assert(policy->resting_count < policy->resting_capacity);
	policy->resting[policy->resting_count++] =
	    (struct policy_resting){ space, base, count };
	policy->unsettled = true;
}

void policy_rest_end(struct policy *policy)
{
	for (uint32_t i = 0; i < policy->resting_count; i++)
		policy_space_give(policy->resting[i].space, policy->resting[i].base,
				  policy->resting[i].count);
	policy->resting_count = 0;
}
