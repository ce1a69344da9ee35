/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports that a rule gives by name: which numbers they are, and in which pods. */
#ifndef EXPLAIN_NAMED_H
#define EXPLAIN_NAMED_H

#include "../cluster/object.h"
#include "../lib/body.h"

/* Pods to which the rule lets connections. */
struct named_targets {
	const struct object *const *pods;
	size_t count;
	bool (*is_target)(void *context, const struct object *pod); /* NULL: all are */
	void *context;
};

/*
 * Put "namedPorts" into a RULE: [{"port": "http/tcp", "numbers": [{"number", "pods":
 * [names]}]}], by number. Nothing when the rule names none.
 */
void named_put(const struct policy_spec_rule *rule, const struct named_targets *targets,
	       struct body *body, struct json_object *item);

#endif
