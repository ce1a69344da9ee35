/* SPDX-License-Identifier: BSD-2-Clause */
/* Terms of the peers' side: who may be at the other end. */
#ifndef COMPILE_POLICY_PEERS_H
#define COMPILE_POLICY_PEERS_H

#include "policy_state.h"

/* A named port that peers must have; name NULL: none. */
struct policy_port_wish {
	const char *name;
	uint8_t protocol;
	uint16_t number;
};

/*
 * The peers of a rule of a policy in this namespace, interned, with a reference; *ret_term
 * NULL: anybody. 0 or -ENOMEM.
 */
int policy_peers_take(struct policy *policy, struct policy_namespace *namespace,
		      const struct policy_spec_rule *rule,
		      const struct policy_port_wish *wish, struct policy_term **ret_term);
void policy_peers_free(struct policy *policy, struct policy_peers *peers);
int policy_peers_activate(struct policy *policy, struct policy_peers *peers);
void policy_peers_retire(struct policy *policy, struct policy_peers *peers);
/* Class of an address that lies in this region, with a reference. 0, -ENOMEM, -ENOSPC. */
int policy_peers_class(struct policy *policy, const struct policy_addr *addr,
		       uint32_t *ret_class);

#endif
