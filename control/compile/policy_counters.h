/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef COMPILE_POLICY_COUNTERS_H
#define COMPILE_POLICY_COUNTERS_H

#include "policy_state.h"

/* The set goes: what its rules counted is kept with their policies' names. Without memory
 * it is lost. */
void policy_counters_keep(struct policy *policy, const struct policy_set *set);

#endif
