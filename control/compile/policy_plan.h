/* SPDX-License-Identifier: BSD-2-Clause */
/* What dirty addresses are to have: sets and classes, and room for them in the tables. */
#ifndef COMPILE_POLICY_PLAN_H
#define COMPILE_POLICY_PLAN_H

#include "policy_state.h"

/* 0; -ENOMEM; -EAGAIN: plan again; -ENOSPC: something of policy->short_side does not fit. May be repeated. */
int policy_plan(struct policy *policy);
/* Refuse the sets that are new and ask something of that side. Are there any? */
bool policy_plan_refuse(struct policy *policy);
/* Forget the plan; what is dirty stays so. */
void policy_plan_drop(struct policy *policy);
void policy_plan_close(struct policy *policy);

#endif
