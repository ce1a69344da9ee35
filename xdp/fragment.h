/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Fragments: the first one names the ports, later ones follow it. A later one that comes
 * first cannot be placed: it is dropped with a reason when it is for a VIP, passed when
 * it may be the host's own. XDP can hold no frame back, and who fragments sends the first one
 * first (headgated(8) says what that means).
 */
#ifndef XDP_FRAGMENT_H
#define XDP_FRAGMENT_H

#include "service.h"

/* No reassembly waits longer (RFC 8200 says 60 s); identifications are used again. */
#define FRAGMENT_TICKS HG_TICKS(60)

/* What is remembered of a first fragment. */
static __always_inline void fragment_note(const struct packet *p,
					  const struct hg_fragment_key *key)
{
	struct hg_fragment first = { .sport = p->key.sport,
				     .dport = p->key.dport,
				     .seen = p->now,
				     .protocol = p->key.protocol,
				     .icmp_type = p->icmp_type,
				     .parse_error = p->parse_error };
	const struct icmp_head *icmp =
	    is_icmp(p) ? packet_at(p, p->l4, sizeof(*icmp)) : 0;

	if (icmp) {
		first.sport = *(const __be16 *)&icmp->rest;
		first.dport = first.sport;
	}
	/* A full LRU evicts by itself; if it cannot, this datagram's later fragments are lost. */
	bpf_map_update_elem(&hg_fragments, key, &first, BPF_ANY);
}

/* The stage. NEXT, PASS or -reason. */
static __noinline int fragment_place(struct packet *p)
{
	struct hg_fragment_key key = { .src = p->key.src,
				       .dst = p->key.dst,
				       .id = p->fragment_id };
	struct hg_fragment *first;

	if (!mac_is_ours(p))
		return PASS;
	/* Later IPv6 fragments name the first header of the fragmentable part, not ours. */
	if (p->family == 4)
		key.protocol = p->key.protocol;
	if (p->fragment == FRAGMENT_FIRST) {
		if (!p->parse_error || p->parse_error == HG_REASON_protocol)
			fragment_note(p, &key);
		return NEXT;
	}
	first = bpf_map_lookup_elem(&hg_fragments, &key);
	if (!first || tick_age(p->now, first->seen) > FRAGMENT_TICKS)
		return is_virtual(p) ? -HG_REASON_fragment : PASS;
	p->key.sport = first->sport;
	p->key.dport = first->dport;
	p->key.protocol = first->protocol;
	p->icmp_type = first->icmp_type;
	p->parse_error = first->parse_error;
	p->hash = hg_hash_flow(&p->key, hg_config.seed);
	return NEXT;
}

#endif
