/* SPDX-License-Identifier: BSD-2-Clause */
/* What holds for terms of both sides: references, uses by sets, activity. */
#ifndef COMPILE_POLICY_TERMS_H
#define COMPILE_POLICY_TERMS_H

#include "policy_state.h"

int policy_terms_open(struct policy *policy);
void policy_terms_close(struct policy *policy);
static inline void policy_term_hold(struct policy_term *term)
{
	if (term)
		term->refs++;
}

void policy_term_drop(struct policy *policy, struct policy_term *term);
/* A bit of a set asks it: it becomes active. 0, -ENOMEM, -ENOSPC. */
int policy_term_use(struct policy *policy, struct policy_term *term,
		    struct policy_use use);
void policy_term_leave(struct policy *policy, struct policy_term *term,
		       struct policy_use use);
/* Let go of active terms that no set uses, if they are many. */
void policy_terms_retire(struct policy *policy);
void policy_terms_retire_all(struct policy *policy);
/* Free the numbers of those that no class has any more. */
void policy_terms_settle(struct policy *policy);

#endif
