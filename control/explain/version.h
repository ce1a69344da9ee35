/* SPDX-License-Identifier: BSD-2-Clause */
/* Is a policy in force as the manifests have it now? */
#ifndef EXPLAIN_VERSION_H
#define EXPLAIN_VERSION_H

#include "explain.h"

/*
 * Put "inForce" into a POLICY: "current", "older", "perhapsOlder" (a change of some policy is
 * not in force) or "earlierDaemons"; and "inForceBecause" [sentences], why it is not.
 */
void version_put(const struct explain_input *input, const struct object *policy,
		 struct body *body, struct json_object *item);

#endif
