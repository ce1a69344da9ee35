/* SPDX-License-Identifier: BSD-2-Clause */
/* What is planned comes into force; what is no longer needed rests and is freed. */
#ifndef COMPILE_POLICY_SWITCH_H
#define COMPILE_POLICY_SWITCH_H

#include "policy_state.h"

/* Regions and ports as planned. Before the switch: to sets in force nothing changes. 0,
 * -ENOMEM, or what is full (policy->short_side). */
int policy_switch_refine(struct policy *policy);
/* New cells for sets in force that have outgrown theirs, by a switch of its own. 0,
 * -ENOMEM, -EAGAIN: for some there was no room, and who had them is to be planned anew. */
int policy_switch_regrow(struct policy *policy);
/* Views of dirty addresses, and the switch. It cannot fail: an address for which there is
 * no room is complained of. */
void policy_switch(struct policy *policy);
/* Nobody reads by a state before the last switch any more: free what only they used. */
void policy_switch_settle(struct policy *policy);

#endif
