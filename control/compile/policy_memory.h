/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of policy in plain memory, of the datapath's sizes: for answers without a
 * datapath (`headgate policy test`) and for tests.
 */
#ifndef COMPILE_POLICY_MEMORY_H
#define COMPILE_POLICY_MEMORY_H

#include "policy.h"
#include "policy_hash.h"

struct policy_memory {
	/* For policy_new(). Sizes may be lowered, callbacks replaced before. */
	struct policy_tables tables;
	uint32_t state; /* hg_state.policy in force */
	struct policy_hash prefixes;
};

struct policy_memory *policy_memory_new(void); /* NULL: out of memory */
void policy_memory_free(struct policy_memory *memory);

#endif
