/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters by rule, gathered once for an answer. */
#ifndef EXPLAIN_RULE_COUNTERS_H
#define EXPLAIN_RULE_COUNTERS_H

#include "explain.h"

struct rule_counter {
	struct policy_rule rule; /* index UINT_MAX: denied */
	struct hg_policy_counter counter;
};

struct counters {
	bool is_known;		    /* else nothing is put */
	struct rule_counter *items; /* sorted by namespace, name, direction, index */
	size_t count, capacity;
};

/* 0 or -ENOMEM. Holds until the compiler's next update. */
int rule_counters_gather(const struct explain_input *input,
			 struct counters *ret_counters);
void rule_counters_clear(struct counters *counters);
/* Put "packets" and "connections" of one rule into an object. */
void rule_counters_put_rule(const struct counters *counters, const struct object *policy,
			    bool is_egress, size_t index, struct body *body,
			    struct json_object *item);
/* Put those of all rules, "deniedPackets" and "auditDeniedPackets". */
void rule_counters_put_policy(const struct counters *counters,
			      const struct object *policy, struct body *body,
			      struct json_object *item);

#endif
