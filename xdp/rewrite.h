/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * rewrite: a packet's addresses and ports become those of another key; TTL or hop limit
 * goes down by one; checksums follow. One function for DNAT, SNAT and their reverse: only
 * what differs changes.
 */
#ifndef XDP_REWRITE_H
#define XDP_REWRITE_H

#include "csum.h"
#include "parse.h"

#define TCP_CHECK 16
#define UDP_CHECK 6

/* Offset of the checksum field within the layer-4 header, or -1 (SCTP's CRC does not
 * cover us). */
static __always_inline int check_offset(__u8 protocol)
{
	if (protocol == IPPROTO_TCP)
		return TCP_CHECK;
	return protocol == IPPROTO_UDP ? UDP_CHECK : -1;
}

/* Layer 3 of an IPv4 packet: addresses, TTL (down by step), header checksum. Returns the
 * addresses' difference. */
static __always_inline __u64 rewrite_ipv4(struct packet *p, const struct hg_flow_key *to,
					  int step)
{
	struct iphdr *ip = packet_at(p, p->l3, sizeof(*ip));
	__u64 addresses, sum;

	if (!ip)
		return 0;
	addresses = csum_replace32(0, (HG_FORCE __u32)ip->saddr, to->src.words[3]);
	addresses =
	    csum_replace32(addresses, (HG_FORCE __u32)ip->daddr, to->dst.words[3]);
	/* The TTL is the high byte of its word. */
	sum = csum_replace16(addresses, (HG_FORCE __u16)be16(ip->ttl << 8),
			     (HG_FORCE __u16)be16((__u8)(ip->ttl - step) << 8));
	ip->saddr = (HG_FORCE __be32)to->src.words[3];
	ip->daddr = (HG_FORCE __be32)to->dst.words[3];
	ip->ttl -= step;
	ip->check = (HG_FORCE __sum16)csum_apply((HG_FORCE __u16)ip->check, sum);
	return addresses;
}

static __always_inline __u64 rewrite_ipv6(struct packet *p, const struct hg_flow_key *to,
					  int step)
{
	struct ipv6hdr *ip = packet_at(p, p->l3, sizeof(*ip));

	if (!ip)
		return 0;
	__builtin_memcpy(&ip->saddr, &to->src, sizeof(to->src));
	__builtin_memcpy(&ip->daddr, &to->dst, sizeof(to->dst));
	ip->hop_limit -= step;
	return csum_replace_addr(csum_replace_addr(0, &p->key.src, &to->src), &p->key.dst,
				 &to->dst);
}

/* Returns what a pseudo header's sum changes by. */
static __always_inline __u64 rewrite_layer3(struct packet *p,
					    const struct hg_flow_key *to, int step)
{
	return p->family == 4 ? rewrite_ipv4(p, to, step) : rewrite_ipv6(p, to, step);
}

/* p becomes a packet of key `to`. Headers are known to be there: parse saw them. */
static __always_inline void rewrite(struct packet *p, const struct hg_flow_key *to)
{
	int check = check_offset(p->key.protocol);
	__u64 addresses = rewrite_layer3(p, to, 1);
	struct ports *ports;

	if (p->fragment == FRAGMENT_LATER)
		return;
	ports = packet_at(p, p->l4, sizeof(*ports));
	if (!ports)
		return;
	*(__u32 *)ports = to->ports;
	if (check < 0)
		return;
	csum_layer4(p, p->l4 + check, addresses,
		    csum_replace32(0, p->key.ports, to->ports),
		    p->key.protocol == IPPROTO_UDP);
}

#endif
