/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Fragments: the first one names the ports, later ones follow it. A later one that comes
 * first cannot be placed: it is dropped with a reason when it is for a VIP, passed when
 * it may be the host's own.
 */
#ifndef XDP_FRAGMENT_H
#define XDP_FRAGMENT_H

#include "service.h"

/* No reassembly waits longer (RFC 8200 says 60 s); identifications are used again. */
#define FRAGMENT_TICKS HG_TICKS(60)

/* The stage. NEXT, PASS or -reason. */
static __noinline int fragment_place(struct packet *p)
{
	struct hg_fragment_key key = { .src = p->key.src,
				       .dst = p->key.dst,
				       .id = p->fragment_id };
	struct hg_fragment ports = { .sport = p->key.sport,
				     .dport = p->key.dport,
				     .seen = p->now,
				     .protocol = p->key.protocol };
	struct hg_fragment *first;

	/* Later IPv6 fragments name the first header of the fragmentable part, not ours. */
	if (p->family == 4)
		key.protocol = p->key.protocol;
	if (p->fragment == FRAGMENT_FIRST) {
		if (!p->flaw)
			bpf_map_update_elem(&hg_fragments, &key, &ports, BPF_ANY);
		return NEXT;
	}
	first = bpf_map_lookup_elem(&hg_fragments, &key);
	if (!first || p->now - first->seen > FRAGMENT_TICKS)
		return is_virtual(p) ? -HG_REASON_fragment : PASS;
	p->key.sport = first->sport;
	p->key.dport = first->dport;
	p->key.protocol = first->protocol;
	p->hash = hg_hash_flow(&p->key, hg_config.seed);
	return NEXT;
}

#endif
