/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * ICMP and ICMPv6: an error that quotes a flow of ours is translated inside and outside,
 * so that path-MTU discovery and refusals work through a virtual address; 8 bytes of
 * layer 4 suffice (RFC 792). An echo request to a virtual address is answered.
 *
 * The error travels in the direction opposite to the packet that it quotes: the line that
 * matches the quote *reversed* says how to translate. Its outer source stays (a router on
 * the way) unless it is the backend itself, which must show as the virtual address.
 */
#ifndef XDP_ICMP_H
#define XDP_ICMP_H

#include "reject.h"
#include "fragment.h"

#define ICMP4_ECHO 8
#define ICMP6_ECHO 128
#define ICMP_CHECK 2

/* Addresses and ports of the quoted packet become those of `to`; returns the carried
 * difference. */
static __noinline __u32 rewrite_quote(struct packet *quote, const struct hg_flow_key *to)
{
	__u64 pseudo, carried;
	__u64 ports_sum = csum_replace32(0, quote->key.ports, to->ports);
	struct ports *ports = packet_at(quote, quote->l4, sizeof(*ports));
	int check = check_offset(quote->key.protocol);
	__u16 *field, old;

	if (!ports)
		return 0;
	ports->source = to->sport;
	ports->dest = to->dport;
	carried = ports_sum;
	pseudo = rewrite_layer3(quote, to, 0);
	/* An IPv4 header's own checksum takes the addresses' difference back. */
	if (quote->family == 6)
		carried += csum_fold32(pseudo);
	if (check < 0)
		return csum_fold32(carried);
	field = packet_at(quote, quote->l4 + check, sizeof(*field));
	if (!field || (quote->key.protocol == IPPROTO_UDP && !*field))
		return csum_fold32(carried);
	old = *field;
	*field = csum_apply(old, (__u64)csum_fold32(pseudo) + csum_fold32(ports_sum));
	return csum_fold32(csum_replace16(carried, old, *field));
}

/* The line that matches the quote reversed. quote->key becomes that line's key. */
static __always_inline struct flow_resolved *icmp_find(struct packet *quote)
{
	struct hg_flow_key *key = &quote->key;

	key_turn(key);
	key->snat = local_snat(&key->dst, hg_hash_addr(&key->dst));
	return flow_resolve(key, hg_hash_flow(key, hg_config.seed));
}

/*
 * Both packets: p, whose quote is at hand with the line's key, becomes what the line says
 * (`to`). The quote runs against the line: its key is the line's reversed, and so is what
 * it becomes.
 */
static __noinline void icmp_rewrite(struct packet *p, struct packet *quote,
				    const struct hg_flow_key *to)
{
	int from_backend = addr_equal(&p->key.src, &quote->key.src);
	struct hg_flow_key outer;
	__u32 carried;
	__u64 pseudo;

	key_reverse(&quote->key, &outer);
	quote->key = outer;
	key_reverse(to, &outer);
	carried = rewrite_quote(quote, &outer);
	outer = p->key;
	outer.dst = to->dst;
	if (from_backend)
		outer.src = to->src;
	pseudo = rewrite_layer3(p, &outer, 1);
	csum_layer4(p, p->l4 + ICMP_CHECK, p->family == 6 ? pseudo : 0, carried, 0);
}

static __noinline int icmp_error(struct packet *p)
{
	struct packet quote = { .ctx = p->ctx };
	struct flow_resolved *resolved = 0;
	int r;

	if (parse_quote(&quote, p->l4 + sizeof(struct icmp_head), p->family))
		resolved = icmp_find(&quote);
	if (!resolved)
		return is_virtual(p) ? -HG_REASON_icmp_unplaced : PASS;
	r = flow_way(p, resolved);
	if (r < 0)
		return r;
	icmp_rewrite(p, &quote, &resolved->to);
	return SEND;
}

/* The type becomes "reply", and the sum, which covers all fragments, follows. */
static __always_inline int icmp_turn(struct packet *p)
{
	struct icmp_head *icmp = packet_at(p, p->l4, sizeof(*icmp));
	__u8 reply = p->family == 4 ? 0 : ICMP6_ECHO + 1;
	__u64 sum;

	if (!icmp)
		return -HG_REASON_malformed;
	sum = csum_replace16(0, (HG_FORCE __u16)be16(p->icmp_type << 8),
			     (HG_FORCE __u16)be16(reply << 8));
	icmp->type = reply;
	icmp->check = csum_apply(icmp->check, sum);
	return 0;
}

/*
 * Echo: addresses change sides, which leaves their sum as it is. Each fragment is answered by
 * one of the same size and identification: the client puts the reply together.
 */
static __noinline int icmp_echo(struct packet *p)
{
	struct hg_flow_key to;
	int r;

	r = p->fragment == FRAGMENT_LATER ? 0 : icmp_turn(p);
	if (r < 0)
		return r;
	key_reverse(&p->key, &to);
	rewrite_layer3(p, &to, p->ttl - ANSWER_TTL);
	swap_macs(p);
	return ANSWER;
}

/* Neighbour discovery and multicast listeners: whoever holds the address on the host. */
static __always_inline int icmp_is_neighbourly(const struct packet *p)
{
	return p->family == 6 &&
	       ((p->icmp_type >= 130 && p->icmp_type <= 137) || p->icmp_type == 143);
}

/* The stage, for ICMP only. Echo to an address that keeps inside answers inside only. */
static __noinline int icmp(struct packet *p)
{
	struct hg_service *address;
	int r;

	if (!mac_is_ours(p))
		return PASS;
	if (!p->parse_error && p->fragment != FRAGMENT_LATER && icmp_is_error(p))
		return icmp_error(p);
	address = service_at(service_index(&p->key.dst, 0, 0));
	if (!address || p->key.snat || icmp_is_neighbourly(p) ||
	    address->flags & HG_SERVICE_SHARED)
		return PASS;
	r = service_admits(p, address);
	if (r < 0)
		return r;
	if (p->parse_error)
		return -(int)p->parse_error;
	if (p->icmp_type != (p->family == 4 ? ICMP4_ECHO : ICMP6_ECHO))
		return -HG_REASON_protocol;
	return icmp_echo(p);
}

#endif
