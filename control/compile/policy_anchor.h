/* SPDX-License-Identifier: BSD-2-Clause */
/* Label → active whos that ask for it. Those that ask for none are loose. */
#ifndef COMPILE_POLICY_ANCHOR_H
#define COMPILE_POLICY_ANCHOR_H

#include "policy_state.h"

struct policy_anchor {
	uint32_t hash;
	char *key, *value;
	struct policy_who **whos;
	uint32_t count, capacity;
};

int policy_anchors_add(struct policy *policy, struct policy_who *who); /* 0 or -ENOMEM */
void policy_anchors_remove(struct policy *policy, const struct policy_who *who);
const struct policy_anchor *policy_anchors_find(const struct policy *policy,
						const struct label *label);
void policy_anchors_close(struct policy *policy);

#endif
