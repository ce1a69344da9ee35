/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of policies as bits, and the bits that apply to a pod. */
#ifndef COMPILE_POLICY_RULES_H
#define COMPILE_POLICY_RULES_H

#include "policy_sets.h"

/* A policy came or changed: its bits are made when they are first asked for. */
void policy_rules_forget(struct policy *policy, struct policy_record *record);
/* What applies to the pod at this address, in order of precedence. 0 or -ENOMEM. The draft
 * is cleared by the caller, also on failure. */
int policy_rules_draft(struct policy *policy, const struct policy_addr *addr,
		       struct policy_draft *draft);

#endif
