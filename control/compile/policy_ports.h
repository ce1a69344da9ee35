/* SPDX-License-Identifier: BSD-2-Clause */
/* Terms of the ports' side, and the classes of all ports. */
#ifndef COMPILE_POLICY_PORTS_H
#define COMPILE_POLICY_PORTS_H

#include "policy_state.h"

/* Ranges, interned, with a reference. They are sorted and merged in place. NULL: out of
 * memory. */
struct policy_term *policy_ports_take(struct policy *policy, struct policy_range *ranges,
				      uint32_t count);
/* What each port's class is to be, by the active terms. 0, -ENOMEM, -ENOSPC. */
int policy_ports_plan(struct policy *policy, struct policy_intervals *ret_classes);
/* Write what differs. Old and new class say the same to each set in force. */
void policy_ports_write(struct policy *policy, const struct policy_intervals *classes);

#endif
