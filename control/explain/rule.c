/* SPDX-License-Identifier: BSD-2-Clause */
#include "rule.h"

#include <stdio.h>
#include "../lib/cleanup.h"
#include "words.h"

void put_ref(struct body *body, struct json_object *item, const char *member,
	     const char *namespace, const char *name)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%s/%s", namespace, name) < 0) {
		text = NULL;
		body->lost = true;
	}
	body_text(body, item, member, text);
}

enum standing policy_standing(const struct explain_input *input,
			      const struct object *policy)
{
	if (input->mode == POLICY_OFF)
		return STANDING_OFF;
	if (input->mode == POLICY_AUDIT || policy->policy.audit)
		return STANDING_AUDIT;
	return policy->policy.refused ? STANDING_REFUSED : STANDING_ENFORCE;
}

const char *policy_standing_name(enum standing standing)
{
	static const char *const names[] = { [STANDING_ENFORCE] = "enforce",
					     [STANDING_AUDIT] = "audit",
					     [STANDING_OFF] = "off",
					     [STANDING_REFUSED] = "refused" };

	return names[standing];
}

const struct policy_spec_rule *rule_of(const struct spec_rule *rule)
{
	const struct network_policy *policy = &rule->policy->policy;

	return (rule->is_egress ? policy->egress : policy->ingress) + rule->index;
}

void rule_put(struct body *body, struct json_object *item, const struct spec_rule *rule)
{
	const struct object *policy = rule->policy;
	_cleanup_free_ char *words =
	    words_rule(rule_of(rule), rule->is_egress, policy->namespace);

	put_ref(body, item, "policy", policy->namespace, policy->name);
	body_text(body, item, "direction", rule->is_egress ? "egress" : "ingress");
	body_number(body, item, "index", rule->index);
	body_bool(body, item, "audit",
		  policy_standing(rule->input, policy) == STANDING_AUDIT);
	body_text(body, item, "words", words);
	body->lost |= !words;
}
