/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * parse: Ethernet, up to two VLAN tags, IPv4 with options, IPv6 with extension headers,
 * fragments, TCP, UDP, SCTP, ICMP. Fills struct packet; changes nothing. A frame that is
 * not IP is passed; a packet with an error goes on with the reason in p->parse_error, because
 * only a later stage knows whether its destination is ours to refuse.
 */
#ifndef XDP_PARSE_H
#define XDP_PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include "packet.h"

#define PARSE_EXTENSIONS 6 /* IPv6 extension headers followed */
#define PARSE_VLANS	 2

#define IP_MORE	  0x2000
#define IP_OFFSET 0x1fff
#define IP_DONT	  0x4000

struct vlan_tag {
	__be16 tci;
	__be16 protocol;
};

struct ports {
	__be16 source;
	__be16 dest;
};

struct icmp_head {
	__u8 type;
	__u8 code;
	__u16 check;
	__u32 rest;
};

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

enum sctp_chunk {
	SCTP_INIT = 1,
	SCTP_INIT_ACK = 2,
	SCTP_ABORT = 6,
	SCTP_SHUTDOWN = 7,
	SCTP_SHUTDOWN_ACK = 8,
	SCTP_COOKIE_ECHO = 10,
	SCTP_COOKIE_ACK = 11,
	SCTP_SHUTDOWN_COMPLETE = 14,
};

static __always_inline int is_icmp(const struct packet *p)
{
	return p->key.protocol == (p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

static __always_inline void parse_tcp(struct packet *p)
{
	const __u8 *tcp = packet_at(p, p->l4, 20);
	__u8 flags;

	if (!tcp || tcp[12] >> 4 < 5) {
		p->parse_error = HG_REASON_malformed;
		return;
	}
	flags = tcp[13];
	p->seen =
	    (flags & TCP_SYN ? HG_FLOW_SYN : 0) | (flags & TCP_ACK ? HG_FLOW_ACK : 0) |
	    (flags & TCP_FIN ? HG_FLOW_FIN : 0) | (flags & TCP_RST ? HG_FLOW_RST : 0);
	p->is_new = p->seen == HG_FLOW_SYN;
	p->ack = host32(*(const __be32 *)(tcp + 8));
}

static __always_inline void parse_sctp(struct packet *p)
{
	const __u8 *sctp = packet_at(p, p->l4, 16);
	__u8 chunk;

	if (!sctp) {
		p->parse_error = HG_REASON_malformed;
		return;
	}
	chunk = sctp[12];
	if (chunk == SCTP_INIT || chunk == SCTP_INIT_ACK)
		p->seen = HG_FLOW_SYN;
	if (chunk == SCTP_COOKIE_ECHO || chunk == SCTP_COOKIE_ACK)
		p->seen = HG_FLOW_ACK;
	if (chunk == SCTP_SHUTDOWN || chunk == SCTP_SHUTDOWN_ACK ||
	    chunk == SCTP_SHUTDOWN_COMPLETE)
		p->seen = HG_FLOW_FIN;
	if (chunk == SCTP_ABORT)
		p->seen = HG_FLOW_RST;
	p->is_new = chunk == SCTP_INIT;
}

/* Ports, and nothing that a quote of 8 bytes would not have. Returns 0 when they are not
 * there. */
static __always_inline int parse_ports(struct packet *p)
{
	const struct ports *ports = packet_at(p, p->l4, 8);

	if (!ports)
		return 0;
	p->key.sport = ports->source;
	p->key.dport = ports->dest;
	return 1;
}

static __always_inline void parse_l4(struct packet *p)
{
	const struct icmp_head *icmp;
	__u32 size = 8;

	if (p->fragment == FRAGMENT_LATER || p->parse_error)
		return;
	switch (p->key.protocol) {
	case IPPROTO_TCP:
		size = 20;
		parse_tcp(p);
		break;
	case IPPROTO_UDP:
		p->seen = HG_FLOW_ACK;
		p->is_new = 1;
		break;
	case IPPROTO_SCTP:
		size = 16;
		parse_sctp(p);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		icmp = packet_at(p, p->l4, sizeof(*icmp));
		if (!icmp)
			p->parse_error = HG_REASON_malformed;
		else
			p->icmp_type = icmp->type;
		return;
	default:
		p->parse_error = HG_REASON_protocol;
		return;
	}
	/* Within the packet, not in the frame's padding. */
	if (!parse_ports(p) || p->l4 - p->l3 + size > p->length)
		p->parse_error = HG_REASON_malformed;
}

static __always_inline int icmp_is_error(const struct packet *p)
{
	if (p->family == 4)
		return p->icmp_type == 3 || p->icmp_type == 11 || p->icmp_type == 12;
	return p->icmp_type >= 1 && p->icmp_type <= 4;
}

/*
 * Does the IP header claim more than there is? The linear part of a frame almost always
 * suffices; the length of all its fragments is a call.
 */
static __always_inline int exceeds_frame(const struct packet *p)
{
	const char *end = (const char *)hook_data(p->ctx) + p->l3 + p->length;

	return end > (const char *)hook_data_end(p->ctx) &&
	       p->l3 + p->length > hook_length(p->ctx);
}

/*
 * Layer-3 length. A header that claims none is that of a train of segments longer than 64 KiB
 * (BIG TCP: a pod's interface with a gso_max_size above 65,536), or of one that is quoted:
 * the length is that of the frame.
 */
static __always_inline __u32 layer3_length(const struct packet *p, int claims,
					   __u32 claimed, int quoted)
{
	if (claims || !(quoted || hook_segment(p->ctx)))
		return claimed;
	return hook_length(p->ctx) - p->l3;
}

/* 0 when this is no IPv4 header at all. quoted: it is cut short by nature. */
static __always_inline int parse_ipv4(struct packet *p, int quoted)
{
	const struct iphdr *ip = packet_at(p, p->l3, sizeof(*ip));
	__u16 frag;

	if (!ip || ip->version != 4)
		return 0;
	p->family = 4;
	addr_from_v4(&p->key.src, (HG_FORCE __u32)ip->saddr);
	addr_from_v4(&p->key.dst, (HG_FORCE __u32)ip->daddr);
	p->key.protocol = ip->protocol;
	p->ttl = ip->ttl;
	p->length = layer3_length(p, !!ip->tot_len, host16(ip->tot_len), quoted);
	p->l4 = p->l3 + ip->ihl * 4;
	p->fragment_id = (HG_FORCE __u16)ip->id;
	frag = host16(ip->frag_off);
	if (frag & IP_OFFSET)
		p->fragment = FRAGMENT_LATER;
	else if (frag & IP_MORE)
		p->fragment = FRAGMENT_FIRST;
	if (ip->ihl < 5 || p->length < ip->ihl * 4U || (!quoted && exceeds_frame(p)))
		p->parse_error = HG_REASON_malformed;
	return 1;
}

struct extension {
	__u8 next;
	__u8 length;
	__be16 offset; /* fragment header: offset and more-flag */
	__u32 id;
};

static __always_inline int is_extension(__u8 kind)
{
	return kind == IPPROTO_HOPOPTS || kind == IPPROTO_ROUTING ||
	       kind == IPPROTO_DSTOPTS || kind == IPPROTO_FRAGMENT || kind == IPPROTO_AH;
}

/* One extension header at p->l4. Returns 1 while there may be another one. */
static __always_inline int parse_extension(struct packet *p)
{
	const struct extension *ext;
	__u8 kind = p->key.protocol;

	if (!is_extension(kind))
		return 0;
	ext = packet_at(p, p->l4, sizeof(*ext));
	if (!ext || p->l4 > PACKET_OFFSETS - 64) {
		p->parse_error = ext ? HG_REASON_extension_headers : HG_REASON_malformed;
		return 0;
	}
	p->key.protocol = ext->next;
	if (kind == IPPROTO_FRAGMENT) {
		p->l4 += 8;
		p->fragment_id = ext->id;
		if (ext->offset & be16(0xfff8))
			p->fragment = FRAGMENT_LATER;
		else if (ext->offset & be16(1))
			p->fragment = FRAGMENT_FIRST;
		return p->fragment != FRAGMENT_LATER;
	}
	p->l4 += kind == IPPROTO_AH ? (ext->length + 2) * 4 : (ext->length + 1) * 8;
	return 1;
}

/* Out of line: few packets have any. */
static __noinline void parse_extensions(struct packet *p)
{
	int i;

	for (i = 0; i < PARSE_EXTENSIONS; i++) {
		if (!parse_extension(p))
			break;
	}
	if (i == PARSE_EXTENSIONS && parse_extension(p))
		p->parse_error = HG_REASON_extension_headers;
	/* Beyond the reach of packet_at() an offset would wrap and read another header. */
	if (p->l4 > PACKET_OFFSETS - 64)
		p->parse_error = HG_REASON_extension_headers;
}

static __always_inline int parse_ipv6(struct packet *p, int quoted)
{
	const struct ipv6hdr *ip = packet_at(p, p->l3, sizeof(*ip));

	if (!ip || ip->version != 6)
		return 0;
	p->family = 6;
	__builtin_memcpy(&p->key.src, &ip->saddr, sizeof(p->key.src));
	__builtin_memcpy(&p->key.dst, &ip->daddr, sizeof(p->key.dst));
	p->key.protocol = ip->nexthdr;
	p->ttl = ip->hop_limit;
	p->length = layer3_length(p, !!ip->payload_len,
				  host16(ip->payload_len) + sizeof(*ip), quoted);
	p->l4 = p->l3 + sizeof(*ip);
	if (is_extension(ip->nexthdr))
		parse_extensions(p);
	if (p->parse_error != HG_REASON_extension_headers &&
	    ((!quoted && exceeds_frame(p)) || (__u32)(p->l4 - p->l3) > p->length))
		p->parse_error = HG_REASON_malformed;
	return 1;
}

/* The packet that an ICMP error quotes, at offset l3. 0 when there is none with ports. */
static __always_inline int parse_quote(struct packet *p, __u32 l3, __u8 family)
{
	int found;

	if (l3 > PACKET_OFFSETS - 128)
		return 0;
	p->l3 = l3;
	found = family == 4 ? parse_ipv4(p, 1) : parse_ipv6(p, 1);
	if (!found || p->parse_error || p->fragment == FRAGMENT_LATER)
		return 0;
	if (p->key.protocol != IPPROTO_TCP && p->key.protocol != IPPROTO_UDP &&
	    p->key.protocol != IPPROTO_SCTP)
		return 0;
	return parse_ports(p);
}

static __always_inline int is_tag(__be16 protocol)
{
	return protocol == be16(ETH_P_8021Q) || protocol == be16(ETH_P_8021AD);
}

/*
 * NEXT, or PASS: nothing says that it is ours. It may be IP all the same where p->parse_error is
 * set (more tags than we follow, no IP header to be read); an isolated pod neither sends nor gets
 * that.
 */
static __always_inline int parse(struct packet *p)
{
	const struct ethhdr *eth;
	const struct vlan_tag *tag;
	__be16 protocol;

	hook_pull(p->ctx);
	eth = packet_at(p, 0, sizeof(*eth));
	if (!eth)
		return PASS;
	protocol = eth->h_proto;
	p->l3 = sizeof(*eth);
	for (int i = 0; i < PARSE_VLANS; i++) {
		if (!is_tag(protocol))
			break;
		tag = packet_at(p, p->l3, sizeof(*tag));
		if (!tag)
			return PASS;
		protocol = tag->protocol;
		p->l3 += sizeof(*tag);
	}
	if ((protocol == be16(ETH_P_IP) && parse_ipv4(p, 0)) ||
	    (protocol == be16(ETH_P_IPV6) && parse_ipv6(p, 0))) {
		parse_l4(p);
		return NEXT;
	}
	if (protocol == be16(ETH_P_IP) || protocol == be16(ETH_P_IPV6) ||
	    is_tag(protocol))
		p->parse_error = HG_REASON_malformed;
	return PASS;
}

#endif
