/* SPDX-License-Identifier: BSD-2-Clause */
/* One rule of a NetworkPolicy in an answer, and how its policy holds. */
#ifndef EXPLAIN_RULE_H
#define EXPLAIN_RULE_H

#include "explain.h"

/* Put the members of a RULE into an object, peers and ports aside. */
struct spec_rule {
	const struct explain_input *input;
	const struct object *policy;
	bool is_egress;
	size_t index;
};
void rule_put(struct body *body, struct json_object *item, const struct spec_rule *rule);
const struct policy_spec_rule *rule_of(const struct spec_rule *rule);

/* How a policy holds, its own mode and the daemon's together. */
enum standing { STANDING_ENFORCE, STANDING_AUDIT, STANDING_OFF, STANDING_REFUSED };
enum standing policy_standing(const struct explain_input *input,
			      const struct object *policy);
const char *policy_standing_name(enum standing standing); /* "enforce", … */

/* A member "namespace/name". */
void put_ref(struct body *body, struct json_object *item, const char *member,
	     const char *namespace, const char *name);

#endif
