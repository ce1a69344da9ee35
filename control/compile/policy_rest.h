/* SPDX-License-Identifier: BSD-2-Clause */
/* Places of tables that readers of the state in force may still see: they are free after
 * the next wait. */
#ifndef COMPILE_POLICY_REST_H
#define COMPILE_POLICY_REST_H

#include "policy_state.h"

/* Room for so many places at rest, so that resting cannot fail. 0 or -ENOMEM. */
int policy_rest_reserve(struct policy *policy, uint32_t count);
void policy_rest(struct policy *policy, struct policy_space *space, uint32_t base,
		 uint32_t count);
void policy_rest_end(struct policy *policy);

#endif
