/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts of a NetworkPolicy in words. Each returns a new string; NULL: out of memory.
 * namespace is the policy's: selectors without a namespaceSelector mean its pods.
 */
#ifndef EXPLAIN_WORDS_H
#define EXPLAIN_WORDS_H

#include "../cluster/object.h"

/* As kubectl writes it: "app=cart,tier in (a,b),!old"; "" when it is empty. */
char *words_selector(const struct label_selector *selector);
char *words_peer(const struct policy_peer *peer, const char *namespace);
char *words_port(const struct policy_port *port); /* "80/tcp", "http/tcp" */
/* "from pods app=web of shop; ports 80/tcp". Long lists are cut short. */
char *words_rule(const struct policy_spec_rule *rule, bool is_egress,
		 const char *namespace);
/* "tcp"; "icmp" for both families. */
const char *words_protocol(uint8_t protocol);

#endif
