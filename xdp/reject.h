/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Answers in place of the packet that we refuse: TCP RST (RFC 9293 §3.10.7.1), ICMP (RFC
 * 792) and ICMPv6 (RFC 4443) errors. Rate-limited per CPU. The frame goes back where it
 * came from, from the address it was sent to.
 */
#ifndef XDP_REJECT_H
#define XDP_REJECT_H

#include "rewrite.h"
#include "stats.h"

#define ANSWER_TTL 64
#define QUOTE_MAX  128U /* bytes of the refused packet that an ICMP error carries */

#define ICMP4_UNREACHABLE 3
#define ICMP4_PORT	  3
#define ICMP4_TOO_BIG	  4
#define ICMP4_TIME	  11
#define ICMP6_UNREACHABLE 1
#define ICMP6_PORT	  4
#define ICMP6_TOO_BIG	  2
#define ICMP6_TIME	  3

struct tcp_head {
	__be16 source;
	__be16 dest;
	__be32 seq;
	__be32 ack;
	__u8 offset;
	__u8 flags;
	__be16 window;
	__u16 check;
	__be16 urgent;
};

static __always_inline __u64 csum_words(const __u32 *words, int count)
{
	__u64 sum = 0;

	for (int i = 0; i < count; i++)
		sum += words[i];
	return sum;
}

/* The pseudo header; both families, since mapped prefixes add up to zero. */
static __always_inline __u64 csum_pseudo(const struct hg_flow_key *key, __u32 length,
					 __u8 protocol)
{
	return csum_words(key->src.words, 4) + csum_words(key->dst.words, 4) +
	       (HG_FORCE __u32)be32(length) + (HG_FORCE __u32)be32(protocol);
}

static __always_inline void swap_macs(struct packet *p)
{
	struct ethhdr *eth = packet_at(p, 0, sizeof(*eth));
	__u8 mac[ETH_ALEN];

	if (!eth)
		return;
	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
}

static __always_inline void write_ipv4(struct iphdr *ip, const struct hg_flow_key *to,
				       __u32 payload, __u8 protocol)
{
	__builtin_memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = be16(sizeof(*ip) + payload);
	ip->frag_off = be16(IP_DONT);
	ip->ttl = ANSWER_TTL;
	ip->protocol = protocol;
	ip->saddr = (HG_FORCE __be32)to->src.words[3];
	ip->daddr = (HG_FORCE __be32)to->dst.words[3];
	ip->check = (HG_FORCE __sum16)~csum_fold16(csum_words((const __u32 *)ip, 5));
}

static __always_inline void write_ipv6(struct ipv6hdr *ip, const struct hg_flow_key *to,
				       __u32 payload, __u8 protocol, __u8 hop_limit)
{
	__builtin_memset(ip, 0, 4);
	ip->version = 6;
	ip->payload_len = be16(payload);
	ip->nexthdr = protocol;
	ip->hop_limit = hop_limit;
	__builtin_memcpy(&ip->saddr, &to->src, sizeof(to->src));
	__builtin_memcpy(&ip->daddr, &to->dst, sizeof(to->dst));
}

/* A fresh IP header at p->l3 from our side to the sender's. Returns its length, 0 if cut
 * short. */
static __always_inline __u32 write_ip(struct packet *p, const struct hg_flow_key *to,
				      __u32 payload, __u8 protocol)
{
	void *ip;

	if (p->family == 4) {
		ip = packet_at(p, p->l3, 20);
		if (!ip)
			return 0;
		write_ipv4(ip, to, payload, protocol);
		return 20;
	}
	ip = packet_at(p, p->l3, 40);
	if (!ip)
		return 0;
	write_ipv6(ip, to, payload, protocol, ANSWER_TTL);
	return 40;
}

/* What a RST must say so that the sender of this segment believes it. 0 for a RST itself.
 */
static __always_inline int reset_fill(const struct packet *p, struct tcp_head *ret_reset)
{
	const struct tcp_head *tcp = packet_at(p, p->l4, sizeof(*tcp));
	__u32 header = p->l4 - p->l3, used;

	if (!tcp || tcp->flags & TCP_RST)
		return 0;
	__builtin_memset(ret_reset, 0, sizeof(*ret_reset));
	ret_reset->source = tcp->dest;
	ret_reset->dest = tcp->source;
	ret_reset->offset = 5 << 4;
	ret_reset->flags = TCP_RST;
	if (tcp->flags & TCP_ACK) {
		ret_reset->seq = tcp->ack;
		return 1;
	}
	header += (tcp->offset >> 4) * 4;
	used = p->length > header ? p->length - header : 0;
	used += !!(tcp->flags & TCP_SYN) + !!(tcp->flags & TCP_FIN);
	ret_reset->ack = be32(host32(tcp->seq) + used);
	ret_reset->flags |= TCP_ACK;
	return 1;
}

static __noinline int answer_reset(struct packet *p)
{
	struct tcp_head reset, *tcp;
	struct hg_flow_key to;
	__u32 header = p->family == 4 ? 20 : 40;

	if (!reset_fill(p, &reset))
		return -1;
	key_reverse(&p->key, &to);
	if (hook_resize(p->ctx, p->l3 + header + sizeof(reset)) < 0)
		return -1;
	reset.check = (__u16)~csum_fold16(csum_pseudo(&to, sizeof(reset), IPPROTO_TCP) +
					  csum_words((const __u32 *)&reset, 5));
	if (!write_ip(p, &to, sizeof(reset), IPPROTO_TCP))
		return -1;
	tcp = packet_at(p, p->l3 + header, sizeof(*tcp));
	if (!tcp)
		return -1;
	*tcp = reset;
	swap_macs(p);
	return ANSWER;
}

/* One's complement sum of the quote at offset, size a multiple of 4 up to QUOTE_MAX. */
static __always_inline __u64 csum_quote(struct packet *p, __u32 offset, __u32 size)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < QUOTE_MAX; i += 4) {
		const __u32 *word = packet_at(p, offset + i, sizeof(*word));

		if (i >= size || !word)
			break;
		sum += *word;
	}
	return sum;
}

/* The packet becomes an ICMP error about itself. */
static __noinline int answer_icmp(struct packet *p, __u8 type, __u8 code, __u32 rest)
{
	__u32 quote = (p->length < QUOTE_MAX ? p->length : QUOTE_MAX) & ~3U;
	__u8 protocol = p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	__u32 header = p->family == 4 ? 20 : 40, size = quote + sizeof(struct icmp_head);
	struct hg_flow_key to;
	struct icmp_head *icmp;
	__u64 sum;

	key_reverse(&p->key, &to);
	if (hook_resize(p->ctx, p->l3 + quote) < 0 ||
	    hook_insert(p->ctx, p->l3, header + sizeof(*icmp)) < 0)
		return -1;
	if (!write_ip(p, &to, size, protocol))
		return -1;
	sum = csum_quote(p, p->l3 + header + sizeof(*icmp), quote);
	if (p->family == 6)
		sum += csum_pseudo(&to, size, protocol);
	icmp = packet_at(p, p->l3 + header, sizeof(*icmp));
	if (!icmp)
		return -1;
	icmp->type = type;
	icmp->code = code;
	icmp->check = 0;
	icmp->rest = rest;
	sum += csum_words((const __u32 *)icmp, 2);
	icmp->check = (__u16)~csum_fold16(sum);
	swap_macs(p);
	return ANSWER;
}

/* Unicast, or nobody is there to be answered (RFC 1122 3.2.2, RFC 4443 2.4). */
static __always_inline int is_unicast(const struct packet *p)
{
	const __u8 *bytes = p->key.src.bytes;

	if (p->family == 6)
		return bytes[0] != 0xff && (p->key.src.halves[0] || p->key.src.halves[1]);
	return bytes[12] != 0 && bytes[12] != 127 && bytes[12] < 224;
}

/* Not broadcast, as a pod may do it. At a NIC more was asked before (mac.h). */
static __always_inline int is_for_us(const struct packet *p)
{
	const struct ethhdr *eth = packet_at(p, 0, sizeof(*eth));

	return eth && !(eth->h_dest[0] & 1);
}

static __always_inline int answer_is_due(const struct packet *p)
{
	__u32 zero = 0;
	struct hg_cursor *cursor = bpf_map_lookup_elem(&hg_cursors, &zero);

	if (!cursor)
		return 0;
	if (cursor->answer_tick != p->now) {
		cursor->answer_tick = p->now;
		cursor->answers = 0;
	}
	return cursor->answers++ < hg_config.answers_per_tick;
}

static __always_inline int answer_closed(struct packet *p)
{
	if (p->key.protocol == IPPROTO_TCP)
		return answer_reset(p);
	if (p->family == 4)
		return answer_icmp(p, ICMP4_UNREACHABLE, ICMP4_PORT, 0);
	return answer_icmp(p, ICMP6_UNREACHABLE, ICMP6_PORT, 0);
}

/*
 * Turn a refused packet into its answer: ANSWER, or -1 when there is none (then it is
 * dropped). What is refused for its source (outside_cluster, source_range) learns
 * nothing.
 */
static __noinline int reject(struct packet *p, __u32 reason)
{
	int closed = reason == HG_REASON_no_service || reason == HG_REASON_no_backend;
	int lost = p->key.protocol == IPPROTO_TCP &&
		   (reason == HG_REASON_no_flow || reason == HG_REASON_backend_gone);

	if ((p->no_reply && closed) || p->fragment == FRAGMENT_LATER)
		return -1;
	if (!closed && !lost && reason != HG_REASON_ttl_expired &&
	    reason != HG_REASON_too_big)
		return -1;
	if ((is_icmp(p) && icmp_is_error(p)) || !is_unicast(p) || !is_for_us(p))
		return -1;
	if (!answer_is_due(p)) {
		stats_reason(HG_REASON_answer_withheld, p->length);
		return -1;
	}
	if (closed || lost)
		return answer_closed(p);
	if (reason == HG_REASON_ttl_expired)
		return answer_icmp(p, p->family == 4 ? ICMP4_TIME : ICMP6_TIME, 0, 0);
	if (p->family == 4)
		return answer_icmp(p, ICMP4_UNREACHABLE, ICMP4_TOO_BIG,
				   (HG_FORCE __u32)be32(p->mtu & 0xffff));
	return answer_icmp(p, ICMP6_TOO_BIG, 0, (HG_FORCE __u32)be32(p->mtu));
}

#endif
