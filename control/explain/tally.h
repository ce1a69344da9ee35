/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters by rule, gathered once for an answer. */
#ifndef EXPLAIN_TALLY_H
#define EXPLAIN_TALLY_H

#include "explain.h"

struct tally {
	struct policy_rule rule; /* index UINT_MAX: denied */
	struct hg_policy_counter counter;
};

struct tallies {
	bool is_known;	     /* else nothing is put */
	struct tally *items; /* sorted by namespace, name, direction, index */
	size_t count, capacity;
};

/* 0 or -ENOMEM. Holds until the compiler's next update. */
int tallies_gather(const struct explain_input *input, struct tallies *ret_tallies);
void tallies_clear(struct tallies *tallies);
/* Put "packets" and "connections" of one rule into an object. */
void tallies_put_rule(const struct tallies *tallies, const struct object *policy,
		      bool is_egress, size_t index, struct body *body,
		      struct json_object *item);
/* Put those of all rules, "deniedPackets" and "auditDeniedPackets". */
void tallies_put_policy(const struct tallies *tallies, const struct object *policy,
			struct body *body, struct json_object *item);

#endif
