/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every command, once: the command line, --help, completion and the test of headgate(1)
 * are made from this list. Group, verb ("" when the group has none), arguments, options
 * that it takes, function, what it does. The first verb of a group is its default.
 */
#ifndef HEADGATE_COMMANDS_H
#define HEADGATE_COMMANDS_H

#define COMMANDS(C)                                                                      \
	C("status", "", "", 0, status_show,                                              \
	  "what the daemon serves and complains about")                                  \
	C("service", "list", "", TAKES_NAMESPACE, service_list,                          \
	  "Services, a line for each virtual address and port")                          \
	C("service", "show", "NAMESPACE/NAME", 0, service_show,                          \
	  "one Service with its backends and what they carried")                         \
	C("backend", "list", "", TAKES_NAMESPACE, backend_list,                          \
	  "backends with their state, health and connections")                           \
	C("flow", "list", "", TAKES_FILTER | TAKES_LIMIT, flow_list,                     \
	  "connections, by default at most 1000")                                        \
	C("flow", "show", "PROTOCOL CLIENT:PORT VIP:PORT", 0, flow_show,                 \
	  "one connection in full")                                                      \
	C("flow", "delete", "", TAKES_FILTER, flow_delete,                               \
	  "forget connections; at least one filter is needed")                           \
	C("policy", "list", "", TAKES_NAMESPACE | TAKES_MANIFESTS, policy_list,          \
	  "NetworkPolicies, whom they select, what they let through")                    \
	C("policy", "show", "NAMESPACE/NAME", TAKES_MANIFESTS, policy_show,              \
	  "one NetworkPolicy: its rules in words and the pods that they mean")           \
	C("policy", "pod", "NAMESPACE/NAME", TAKES_MANIFESTS, policy_pod,                \
	  "what holds for a pod: who isolates it, its rules in order")                   \
	C("policy", "test", "", TAKES_NAMESPACE | TAKES_MANIFESTS | TAKES_TEST,          \
	  policy_test, "would a connection be allowed, which rule decides, and why")     \
	C("drops", "", "", TAKES_FOLLOW, drops_show,                                     \
	  "why packets were dropped, and how many")                                      \
	C("completion", "bash", "", 0, completion_bash, "a completion script for bash")

#endif
