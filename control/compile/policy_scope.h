/* SPDX-License-Identifier: BSD-2-Clause */
/* Which namespaces a who means: a bit per active who in each of them. */
#ifndef COMPILE_POLICY_SCOPE_H
#define COMPILE_POLICY_SCOPE_H

#include "policy_state.h"

#define POLICY_SCOPE_BITS 64U /* of a word */

/* Are pods of this namespace meant, if their labels fit? */
bool policy_who_matches_namespace(const struct policy_who *who,
				  const struct policy_namespace *namespace);
/* The namespace came or its labels changed: which active ones match it? 0 or -ENOMEM. */
int policy_scope_look_at(struct policy *policy, struct policy_namespace *namespace);
/* A who becomes active, or is no longer. */
void policy_scope_mark(struct policy *policy, const struct policy_who *who, bool on);

#endif
