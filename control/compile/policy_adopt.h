/* SPDX-License-Identifier: BSD-2-Clause */
/* What an earlier process left in the tables stays in force until the first switch. */
#ifndef COMPILE_POLICY_ADOPT_H
#define COMPILE_POLICY_ADOPT_H

#include "policy_state.h"

/* 0 or -ENOMEM. */
int policy_adopt(struct policy *policy);
/* IPv6 prefixes of a bank that nobody reads. 0 or -ENOMEM. */
int policy_adopt_drop_prefixes(struct policy *policy, unsigned bank);

#endif
