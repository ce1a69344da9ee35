/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * ARP (RFC 826) and neighbour solicitations (RFC 4861) for virtual addresses, answered
 * with the MAC of the interface that they came in by. Only with --answer-neighbours.
 */
#ifndef XDP_NEIGHBOUR_H
#define XDP_NEIGHBOUR_H

#include "reject.h"
#include "service.h"

#define ARP_REQUEST	      1
#define ARP_REPLY	      2
#define ND_SOLICITATION	      135
#define ND_ADVERTISEMENT      136
#define ND_SOLICITED_OVERRIDE 0x60000000
#define ND_TARGET_MAC	      2

struct arp_ipv4 {
	__be16 hardware;
	__be16 protocol;
	__u8 hardware_size;
	__u8 protocol_size;
	__be16 operation;
	__u8 sender_mac[ETH_ALEN];
	__u8 sender_addr[4];
	__u8 target_mac[ETH_ALEN];
	__u8 target_addr[4];
};

struct nd_message {
	struct icmp_head icmp;
	struct hg_addr target;
	__u8 option;
	__u8 option_length; /* in 8 bytes */
	__u8 mac[ETH_ALEN];
};

static __always_inline struct hg_link *neighbour_link(const struct packet *p)
{
	__u32 ifindex = hook_ifindex(p->ctx);

	return bpf_map_lookup_elem(&hg_links, &ifindex);
}

/* Is the question put to all, or to us? */
static __always_inline int neighbour_is_asked(const struct packet *p)
{
	const struct ethhdr *eth = packet_at(p, 0, sizeof(*eth));

	return eth && (eth->h_dest[0] & 1 || mac_is_ours(p));
}

static __always_inline void write_answer_macs(struct packet *p, const __u8 *mac)
{
	struct ethhdr *eth = packet_at(p, 0, sizeof(*eth));

	if (!eth)
		return;
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
}

static __noinline int neighbour_arp(struct packet *p)
{
	struct arp_ipv4 *arp = packet_at(p, p->l3, sizeof(*arp));
	struct hg_link *link = neighbour_link(p);
	__u32 asked;

	if (!arp || !link || arp->operation != be16(ARP_REQUEST) ||
	    arp->protocol != be16(ETH_P_IP) || !neighbour_is_asked(p))
		return PASS;
	__builtin_memcpy(&asked, arp->target_addr, sizeof(asked));
	addr_from_v4(&p->key.dst, asked);
	if (!is_virtual(p))
		return PASS;
	arp = packet_at(p, p->l3, sizeof(*arp));
	if (!arp)
		return PASS;
	arp->operation = be16(ARP_REPLY);
	__builtin_memcpy(arp->target_mac, arp->sender_mac, ETH_ALEN);
	__builtin_memcpy(arp->target_addr, arp->sender_addr, sizeof(asked));
	__builtin_memcpy(arp->sender_mac, link->mac, ETH_ALEN);
	__builtin_memcpy(arp->sender_addr, &asked, sizeof(asked));
	write_answer_macs(p, link->mac);
	return ANSWER;
}

static __noinline int neighbour_nd(struct packet *p)
{
	struct nd_message message = {}, *nd = packet_at(p, p->l4, 24);
	struct hg_link *link = neighbour_link(p);
	struct hg_flow_key to = { .dst = p->key.src };
	struct ipv6hdr *ip;

	/* From the unspecified address: duplicate detection, not a question to us. */
	if (!nd || !link || (!p->key.src.halves[0] && !p->key.src.halves[1]) ||
	    !neighbour_is_asked(p))
		return PASS;
	__builtin_memcpy(&to.src, (char *)nd + sizeof(struct icmp_head), sizeof(to.src));
	p->key.dst = to.src;
	if (!is_virtual(p) ||
	    hook_resize(p->ctx, p->l3 + sizeof(*ip) + sizeof(message)) < 0)
		return PASS;
	message.icmp.type = ND_ADVERTISEMENT;
	message.icmp.rest = (HG_FORCE __u32)be32(ND_SOLICITED_OVERRIDE);
	message.target = to.src;
	message.option = ND_TARGET_MAC;
	message.option_length = 1;
	__builtin_memcpy(message.mac, link->mac, ETH_ALEN);
	message.icmp.check =
	    (__u16)~csum_fold16(csum_pseudo(&to, sizeof(message), IPPROTO_ICMPV6) +
				csum_words((const __u32 *)&message, sizeof(message) / 4));
	ip = packet_at(p, p->l3, sizeof(*ip));
	if (!ip)
		return PASS;
	write_ipv6(ip, &to, sizeof(message), IPPROTO_ICMPV6, 255);
	nd = packet_at(p, p->l3 + sizeof(*ip), sizeof(*nd));
	if (!nd)
		return PASS;
	*nd = message;
	write_answer_macs(p, link->mac);
	return ANSWER;
}

/* The stage: ANSWER, or NEXT. */
static __always_inline int neighbour(struct packet *p)
{
	struct ethhdr *eth = packet_at(p, 0, sizeof(*eth));
	int r = NEXT;

	if (!hg_config.answer_neighbours || !eth)
		return NEXT;
	if (eth->h_proto == be16(ETH_P_ARP))
		r = neighbour_arp(p);
	else if (p->family == 6 && p->key.protocol == IPPROTO_ICMPV6 &&
		 p->icmp_type == ND_SOLICITATION && p->ttl == 255 &&
		 p->l4 - p->l3 == sizeof(struct ipv6hdr))
		r = neighbour_nd(p);
	return r == ANSWER ? ANSWER : NEXT;
}

#endif
