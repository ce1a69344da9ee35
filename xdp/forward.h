/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * forward: where a translated packet leaves, decided before it is touched, so that a
 * refusal still has the packet as it came. Next hops are kept by the control process
 * (hg_hops); the FIB is asked only when a flow names none.
 */
#ifndef XDP_FORWARD_H
#define XDP_FORWARD_H

#include <linux/if_ether.h>
#include "maps.h"
#include "parse.h"

#define FAMILY_INET  2
#define FAMILY_INET6 10

/*
 * Of a train longer than 64 KiB, the hop-by-hop header that carries its length (RFC 2675): the
 * kernel takes it away before it cuts the train into segments.
 */
static __always_inline __u32 jumbo_header(const struct packet *p)
{
	const __u32 header = 8, ipv6 = sizeof(struct ipv6hdr);

	return p->family == 6 && p->l4 - p->l3 == (int)(ipv6 + header) &&
		       p->length > ipv6 + header + 0xffff
		   ? header
		   : 0;
}

/* Layer-3 length on the wire: of a train of segments, that of one segment. */
static __always_inline __u32 wire_length(const struct packet *p)
{
	__u32 segment = hook_segment(p->ctx), header = 8;
	const __u8 *tcp;

	if (!segment)
		return p->length;
	if (p->key.protocol == IPPROTO_TCP) {
		tcp = packet_at(p, p->l4, 20);
		header = tcp ? (tcp[12] >> 4) * 4 : 20;
	}
	return p->l4 - p->l3 - jumbo_header(p) + header + segment;
}

static __always_inline int is_too_big(struct packet *p, __u32 mtu)
{
	p->mtu = mtu;
	return mtu && wire_length(p) > mtu;
}

static __always_inline void write_macs(struct packet *p, const __u8 *dmac,
				       const __u8 *smac)
{
	struct ethhdr *eth = packet_at(p, 0, sizeof(*eth));

	if (!eth)
		return;
	__builtin_memcpy(eth->h_dest, dmac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, smac, ETH_ALEN);
}

/* Into the pod behind the host end of its interface. */
static __always_inline int forward_pod(struct packet *p, __u32 ifindex)
{
	p->out = OUT_PEER;
	p->out_ifindex = ifindex;
	return NEXT;
}

/* By a next hop that the control process keeps. tc leaves layer 2 to the kernel's
 * neighbour. */
static __always_inline int forward_hop(struct packet *p, const struct hg_hop *hop,
				       __u32 index)
{
	if (hop->flags & HG_HOP_POD)
		return forward_pod(p, hop->ifindex);
	if (is_too_big(p, hop->mtu))
		return -HG_REASON_too_big;
	p->out = OUT_NEIGH;
	p->out_ifindex = hop->ifindex;
	p->out_hop = index;
	if (hook_partial_sums || !(hop->flags & HG_HOP_RESOLVED))
		return NEXT;
	if (hop->ifindex != hook_ifindex(p->ctx) && !(hop->flags & HG_HOP_NIC))
		return NEXT; /* a device without XDP transmit, e.g. a bridge: by way of tc
			      */
	p->out = OUT_WIRE;
	write_macs(p, hop->dmac, hop->smac);
	return NEXT;
}

static __always_inline int link_is(__u32 ifindex, __u16 flag)
{
	struct hg_link *link = bpf_map_lookup_elem(&hg_links, &ifindex);

	return link && link->flags & flag;
}

struct fib_question {
	struct bpf_fib_lookup fib;
	struct hg_hop_key hop;
};
HG_SCRATCH(hg_fib, struct fib_question);

static __always_inline void fib_fill(const struct packet *p, const struct hg_flow_key *to,
				     struct bpf_fib_lookup *fib)
{
	__builtin_memset(fib, 0, sizeof(*fib));
	fib->ifindex = hook_ifindex(p->ctx);
	if (p->family == 4) {
		fib->family = FAMILY_INET;
		fib->ipv4_src = (HG_FORCE __be32)to->src.words[3];
		fib->ipv4_dst = (HG_FORCE __be32)to->dst.words[3];
		return;
	}
	fib->family = FAMILY_INET6;
	__builtin_memcpy(fib->ipv6_src, &to->src, sizeof(to->src));
	__builtin_memcpy(fib->ipv6_dst, &to->dst, sizeof(to->dst));
}

/* What the FIB says of packets that get key `to`: BPF_FIB_LKUP_RET_…, and the question
 * with its answer. NULL: no room for it. */
static __always_inline struct fib_question *
fib_ask(const struct packet *p, const struct hg_flow_key *to, long *ret_result)
{
	struct fib_question *question = scratch(&hg_fib);

	if (!question)
		return 0;
	fib_fill(p, to, &question->fib);
	*ret_result = bpf_fib_lookup(p->ctx, &question->fib, sizeof(question->fib), 0);
	return question;
}

/* By the kernel's FIB: the control process does not know this next hop (yet). */
static __noinline int forward_fib(struct packet *p, const struct hg_flow_key *to)
{
	struct bpf_fib_lookup *fib;
	struct fib_question *question;
	long r = 0;

	question = fib_ask(p, to, &r);
	if (!question || r == BPF_FIB_LKUP_RET_BLACKHOLE ||
	    r == BPF_FIB_LKUP_RET_UNREACHABLE || r == BPF_FIB_LKUP_RET_PROHIBIT ||
	    r == BPF_FIB_LKUP_RET_NOT_FWDED)
		return -HG_REASON_no_route;
	fib = &question->fib;
	if (r == BPF_FIB_LKUP_RET_FRAG_NEEDED) {
		p->mtu = fib->mtu_result;
		return -HG_REASON_too_big;
	}
	p->out = OUT_NEIGH;
	p->out_hop = 0;
	p->out_ifindex = fib->ifindex;
	if (link_is(fib->ifindex, HG_LINK_POD))
		return forward_pod(p, fib->ifindex);
	if (r != BPF_FIB_LKUP_RET_SUCCESS)
		return NEXT;
	if (is_too_big(p, fib->mtu_result))
		return -HG_REASON_too_big;
	if (hook_partial_sums ||
	    (fib->ifindex != hook_ifindex(p->ctx) && !link_is(fib->ifindex, HG_LINK_NIC)))
		return NEXT;
	p->out = OUT_WIRE;
	write_macs(p, fib->dmac, fib->smac);
	return NEXT;
}

/* Decide how p, once it has key `to`, leaves. hop: index in hg_hops or 0. NEXT, or
 * -reason. */
static __always_inline int forward(struct packet *p, const struct hg_flow_key *to,
				   __u32 hop)
{
	struct hg_hop *known = hop ? bpf_map_lookup_elem(&hg_hops, &hop) : 0;

	if (known && known->ifindex)
		return forward_hop(p, known, hop);
	return forward_fib(p, to);
}

/*
 * The next hop of packets that get key `to`, to be remembered by a flow: one FIB lookup
 * per flow. 0 when the control process has not entered it; then each packet asks the FIB.
 */
static __noinline __u32 forward_find_hop(const struct packet *p,
					 const struct hg_flow_key *to)
{
	struct fib_question *question;
	struct bpf_fib_lookup *fib;
	struct hg_hop_key *key;
	__u32 *hop;
	long r = 0;

	question = fib_ask(p, to, &r);
	if (!question ||
	    (r != BPF_FIB_LKUP_RET_SUCCESS && r != BPF_FIB_LKUP_RET_NO_NEIGH &&
	     r != BPF_FIB_LKUP_RET_FRAG_NEEDED))
		return 0;
	fib = &question->fib;
	key = &question->hop;
	key->ifindex = fib->ifindex;
	if (fib->family == FAMILY_INET)
		addr_from_v4(&key->addr, (HG_FORCE __u32)fib->ipv4_dst);
	else
		__builtin_memcpy(&key->addr, fib->ipv6_dst, sizeof(key->addr));
	hop = bpf_map_lookup_elem(&hg_hop_index, key);
	return hop ? *hop : 0;
}

#endif
