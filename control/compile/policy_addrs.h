/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses: of pods, and those that Services want. Dirty ones are planned anew. */
#ifndef COMPILE_POLICY_ADDRS_H
#define COMPILE_POLICY_ADDRS_H

#include "policy_state.h"

struct policy_addr *policy_addrs_find(const struct policy *policy,
				      const struct hg_addr *addr);
/* The record of an address, made where there is none. NULL: out of memory. */
struct policy_addr *policy_addrs_get(struct policy *policy, const struct hg_addr *addr);
void policy_addrs_touch(struct policy *policy, struct policy_addr *addr);
void policy_addrs_touch_pod(struct policy *policy, const struct policy_pod *pod);
/* Free the record when nothing speaks of the address any more. */
void policy_addrs_prune(struct policy *policy, struct policy_addr *addr);
void policy_addrs_close(struct policy *policy);

#endif
