/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_scope.h"

#include <errno.h>
#include <stdlib.h>
#include "policy_selector.h"

bool policy_who_matches_namespace(const struct policy_who *who,
				  const struct policy_namespace *namespace)
{
	if (who->scope)
		return who->scope == namespace;
	return policy_selector_matches_namespace(&who->namespaces, namespace->name,
						 namespace->object);
}

static void set_bit(struct policy_namespace *namespace, uint32_t id, bool on)
{
	uint64_t bit = 1ULL << (id % POLICY_SCOPE_BITS);
	uint64_t *word = &namespace->whos[id / POLICY_SCOPE_BITS];

	*word = on ? *word | bit : *word & ~bit;
}

int policy_scope_look_at(struct policy *policy, struct policy_namespace *namespace)
{
	const struct policy_who *who;
	uint32_t cursor = 0;

	if (!policy->who_words)
		return 0; /* there is no who */
	if (!namespace->whos) {
		namespace->whos = calloc(policy->who_words, sizeof(*namespace->whos));
		if (!namespace->whos)
			return -ENOMEM;
	}
	while ((who = policy_hash_next(&policy->whos, &cursor))) {
		if (who->user_count)
			set_bit(namespace, who->id,
				policy_who_matches_namespace(who, namespace));
	}
	return 0;
}

void policy_scope_mark(struct policy *policy, const struct policy_who *who, bool on)
{
	struct policy_namespace *namespace;
	uint32_t cursor = 0;

	if (who->scope) {
		set_bit(who->scope, who->id, on);
		return;
	}
	while ((namespace = policy_hash_next(&policy->namespaces, &cursor)))
		set_bit(namespace, who->id,
			on && policy_who_matches_namespace(who, namespace));
}
