/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is meant: pods by selectors, and the way from a pod to the terms that mean it. A
 * who is found by a label that a pod must have (its anchor), so that a pod is not held
 * against every selector of the cluster.
 */
#ifndef COMPILE_POLICY_WHO_H
#define COMPILE_POLICY_WHO_H

#include "policy_state.h"

/* Interned, with a reference. wanted is read only; what it has is copied. NULL: out of
 * memory. */
struct policy_who *policy_who_take(struct policy *policy,
				   const struct policy_who *wanted);
void policy_who_drop(struct policy *policy, struct policy_who *who);
/* A term that has it becomes active, or is no longer. */
int policy_who_join(struct policy *policy, struct policy_who *who,
		    struct policy_peers *user);
void policy_who_leave(struct policy *policy, struct policy_who *who,
		      const struct policy_peers *user);
bool policy_who_matches(const struct policy_who *who, const struct policy_addr *addr);
/* Add the terms that mean this pod's address to policy->id_bits. */
void policy_who_gather(struct policy *policy, const struct policy_addr *addr);
/* Touch the addresses of all that are meant. */
void policy_who_touch(struct policy *policy, const struct policy_who *who);
void policy_who_close(struct policy *policy);

#endif
