/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of pods by address: hg_policy_pods in <headgate/policy.h>. Reading it is
 * policy_find_pod() in policy.h.
 */
#ifndef COMPILE_POLICY_PODS_H
#define COMPILE_POLICY_PODS_H

#include "policy_state.h"

int policy_pods_open(struct policy *policy); /* 0 or -ENOMEM */
void policy_pods_close(struct policy *policy);

/* A line for an address that has none, not in force yet. 0 or -ENOSPC. */
int policy_pods_take(struct policy *policy, const struct hg_addr *addr,
		     uint32_t *ret_place);
/* The line is in force from now on: its views are written. */
void policy_pods_publish(struct policy *policy, const struct hg_addr *addr,
			 uint32_t place);
/* It is in force no longer. Who reads it may do so until the place has rested. */
void policy_pods_withdraw(struct policy *policy, uint32_t place);

/*
 * After a restart: visit the lines that are in force, each once, then make the marks of
 * searches what they must be. visit returns 1 to keep the line, 0 to have it withdrawn, or
 * -errno, which ends the visit.
 */
int policy_pods_adopt(struct policy *policy,
		      int (*visit)(struct policy *policy, const struct hg_addr *addr,
				   uint32_t place));

/* Addresses that fit, and those that are held. Lines at rest cost no address its place:
 * there are four for each. */
uint32_t policy_pods_limit(const struct policy_tables *tables);
uint32_t policy_pods_used(const struct policy *policy);

#endif
