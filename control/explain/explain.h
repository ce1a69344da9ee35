/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What NetworkPolicies say, told to a person: JSON that the API answers and that
 * `headgate policy` prints, with a daemon or without. Verdicts are the compiler's, from the
 * tables that the datapath reads; words, peers and reasons come from the objects.
 *
 *	policies  [POLICY…]
 *	policy    POLICY with "podNames", "rules" [RULE…]
 *	pod       "namespace", "name", "node", "hostNetwork", "terminated", "addresses",
 *	          "ingress", "egress": each "isolated", "audited", "policies" [{"policy",
 *	          "mode"}], "rules" [RULE…] in the order in which they decide
 *	test      "allowed", "from", "to", "port", "paths" [PATH…]
 *
 *	POLICY    "namespace", "name", "mode" (enforce, audit, off, refused), "podSelector",
 *	          "types", "pods" (how many it selects), "ruleCount", "problems" [sentences],
 *	          "inForce" (current, older, perhapsOlder, earlierDaemons), "inForceBecause"
 *	          [sentences], "packets", "connections", "deniedPackets",
 *	          "auditDeniedPackets"
 *	RULE      "policy", "direction", "index", "audit", "words"; not in a test: "peers"
 *	          [{"words", "pods" [names]}], "ports" [words], "packets", "connections";
 *	          "namedPorts" [{"port", "numbers" [{"number", "pods" [names]}]}] of a rule
 *	          with named ports, in a test of the one that decides
 *	PATH      "client" END, "service", "vip" END, "backend" END, "allowed", "audited",
 *	          "egress", "ingress": each "pod", "outcome" (notAPod, notIsolated, allowed,
 *	          denied, self, node, elsewhere), "auditDenied", "rule" RULE, "isolatedBy" [{"policy",
 *	          "mode"}], "nearest" [RULE with "misses" (port, peer, mode,
 *	          room) and "hint"], "note"
 *	END       "address", "port", "pod"
 *
 * Counters are there when the input has them. Members are added, never renamed or removed,
 * while schemaVersion is 1.
 */
#ifndef EXPLAIN_EXPLAIN_H
#define EXPLAIN_EXPLAIN_H

#include "../compile/policy.h"
#include "../lib/body.h"

struct explain_input {
	const struct cluster *cluster;
	struct policy *policy;		   /* NULL: none was ever compiled */
	const struct complaints *lists[3]; /* where problems are looked for; NULL: none */
	enum policy_mode mode;
	bool counters;	/* the tables are the datapath's */
	bool read_once; /* nothing was in force before these manifests */
};

/* What is asked: "namespace/name" of a pod or a Service, or an address. */
struct explain_question {
	const char *from, *to;
	const char *port; /* "80/tcp", "53/udp", "9/sctp", "icmp" */
};

/* Put "policies" in root. namespace NULL: of all. */
void explain_policies(const struct explain_input *input, const char *namespace,
		      struct body *body);
/* Put "policy", "pod" in root. -ENOENT: there is none. */
int explain_policy(const struct explain_input *input, const char *namespace,
		   const char *name, struct body *body);
int explain_pod(const struct explain_input *input, const char *namespace,
		const char *name, struct body *body);
/* Put what `test` answers in root: 1 allowed, 0 denied. -EINVAL: the question makes no sense,
 * "error" says why. -ENOMEM. */
int explain_test(const struct explain_input *input,
		 const struct explain_question *question, struct body *body);

#endif
