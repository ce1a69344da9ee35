/* SPDX-License-Identifier: BSD-2-Clause */
/* What did not fit, told with its numbers. Those concerned are isolated, and tried again
 * with each update. */
#ifndef COMPILE_POLICY_SHORTAGE_H
#define COMPILE_POLICY_SHORTAGE_H

#include "policy_sets.h"

void policy_shortage_mark(struct policy *policy, struct policy_addr *addr);
/* Touch those that are marked. */
void policy_shortage_retry(struct policy *policy);

void policy_shortage_of_bits(struct policy *policy, const struct policy_addr *addr,
			     const struct policy_draft *draft);
void policy_shortage_of_tables(struct policy *policy, const struct policy_addr *addr,
			       const struct policy_set *set);
void policy_shortage_of_classes(struct policy *policy, const struct policy_addr *addr);
void policy_shortage_of_regions(struct policy *policy, const struct policy_set *set);
void policy_shortage_of_addrs(struct policy *policy, const struct policy_addr *addr);
/* Nothing could be isolated in place of what does not fit. */
void policy_shortage_of_all(struct policy *policy);

#endif
