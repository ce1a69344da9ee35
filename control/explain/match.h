/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects against objects: whom a policy selects, whom a peer means, which ports a rule
 * names. For explanations only, verdicts are the compiler's.
 */
#ifndef EXPLAIN_MATCH_H
#define EXPLAIN_MATCH_H

#include "../compile/policy.h"

/* Selectors mean pods that hold an address in the cluster's network. */
bool match_is_pod(const struct object *pod);
/* Also before the pod has an address. */
bool match_subject(const struct object *policy, const struct object *pod);
/* namespace is the policy's. pod: who holds the address, NULL: nobody. */
bool match_peer(const struct cluster *cluster, const char *namespace,
		const struct policy_peer *peer, const struct hg_addr *addr,
		const struct object *pod);
/* Any peer of the rule. */
bool match_peers(const struct cluster *cluster, const char *namespace,
		 const struct policy_spec_rule *rule, const struct hg_addr *addr);
bool match_block(const struct ip_block *block, const struct hg_addr *addr);
/* Does the pod have a container's port of this name and protocol, and number (0: any)? */
bool match_named(const struct object *pod, const struct policy_port *port,
		 uint16_t number);
/* Any port of the rule, for a connection to this pod (NULL: to no pod). */
bool match_ports(const struct policy_spec_rule *rule, uint8_t protocol, uint16_t number,
		 const struct object *destination);

#endif
