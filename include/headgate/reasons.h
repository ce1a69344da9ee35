/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Every reason for which Headgate drops (or refuses) a packet, once: number, counter
 * name, sentence. A stage returns -HG_REASON_…; the exit counts it in hg_reasons. Numbers
 * are never reused: they are written into dashboards. A new reason is a new row here and
 * a test that produces it.
 */
#ifndef HEADGATE_REASONS_H
#define HEADGATE_REASONS_H

#define HG_REASONS(R)                                                                    \
	R(1, malformed, "headers are cut short or contradict each other")                \
	R(2, extension_headers, "more IPv6 extension headers than we follow")            \
	R(3, protocol, "a virtual address takes TCP, UDP, SCTP and echo only")           \
	R(4, no_service,                                                                 \
	  "no Service has this port and protocol on this virtual address")               \
	R(5, no_backend, "the Service has no backend that may take a new connection")    \
	R(6, no_local_backend,                                                           \
	  "the Service keeps traffic on this node, which has no backend")                \
	R(7, outside_cluster, "a clusterIP answers only sources inside --cluster-cidr")  \
	R(8, source_range,                                                               \
	  "the source is outside the Service's loadBalancerSourceRanges")                \
	R(9, no_flow, "a TCP segment inside a connection that is not known here")        \
	R(10, flow_table_full, "no free line in the flow table's window, raise --flows") \
	R(11, flow_contended, "another CPU held the flow's lock for too long")           \
	R(12, snat_ports, "no free SNAT port for this backend, add a --snat-address")    \
	R(13, sctp_port, "SCTP keeps its ports: another client holds this source port")  \
	R(14, ttl_expired, "the TTL or hop limit ended here")                            \
	R(15, too_big, "the packet exceeds the MTU of its next hop")                     \
	R(16, fragment, "a later fragment whose first fragment was not seen")            \
	R(17, icmp_unplaced, "an ICMP error that quotes no flow of ours")                \
	R(18, no_route, "no route to the backend or back to the client")                 \
	R(19, backend_gone, "the flow's backend left the Service")                       \
	R(20, answer_withheld, "the refusal itself was withheld by the rate limit")      \
	R(21, table_changing, "the Service was being replaced at this instant")          \
	R(22, policy_egress, "a NetworkPolicy isolates the sender, no rule allows this") \
	R(23, policy_ingress,                                                            \
	  "a NetworkPolicy isolates the receiver, no rule allows this")                  \
	R(24, policy_protocol,                                                           \
	  "no rule without ports lets this protocol to or from an isolated pod")         \
	R(25, policy_fragment,                                                           \
	  "a later fragment of an isolated pod whose first fragment was not seen")       \
	R(26, policy_icmp,                                                               \
	  "an ICMP error to or from an isolated pod that quotes none of its flows")      \
	R(27, policy_malformed,                                                          \
	  "an isolated pod's packet whose headers or tags are cut short or not "         \
	  "followed")                                                                    \
	R(28, spoofed_source, "a pod sent from an address that is not its own")          \
	R(29, vip_loop, "the backend is itself a virtual address: packets would go round")

enum hg_reason {
	HG_REASON_NONE = 0,
#define HG_REASON_ENUM(number, name, sentence) HG_REASON_##name = (number),
	HG_REASONS(HG_REASON_ENUM)
#undef HG_REASON_ENUM
	    HG_REASON_END
};

#endif
