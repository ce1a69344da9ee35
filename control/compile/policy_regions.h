/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regions: what all prefixes in use, ipBlocks and their excepts, cut the address space
 * into. The region of a prefix is what lies in it and in no longer one; its class is that
 * of the blocks that cover it. So the longest match is the whole answer.
 */
#ifndef COMPILE_POLICY_REGIONS_H
#define COMPILE_POLICY_REGIONS_H

#include "policy_state.h"

/* By the active terms. 0, -ENOMEM, -ENOSPC. */
int policy_regions_plan(struct policy *policy, struct policy_regions *ret_v4,
			struct policy_regions *ret_v6);
/* Class of the region in which an address lies. No reference is taken. */
uint32_t policy_regions_find(const struct policy_regions *regions,
			     const struct hg_addr *addr);
/* The same of an address by the tables in force (policy_verdict.c). */
uint32_t policy_class_in_force(const struct policy *policy, const struct hg_addr *addr);
/* IPv4 regions as runs of addresses, each class with a reference. 0 or -ENOMEM. */
int policy_regions_flatten(struct policy *policy, const struct policy_regions *v4,
			   struct policy_intervals *ret_places);
void policy_regions_clear(struct policy *policy, struct policy_regions *regions);

#endif
