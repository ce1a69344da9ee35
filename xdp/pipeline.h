/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The life of a packet, the same at every hook; read it aloud:
 *	parse → ours? → fragment → ICMP → flow → service → backend → policy → create →
 *	rewrite → forward
 */
#ifndef XDP_PIPELINE_H
#define XDP_PIPELINE_H

#include "icmp.h"

/*
 * Before Linux 6.4 the verifier takes every number in a program with subprograms for
 * precise, and would follow each combination of constants that the parser can leave to the
 * end. A zero of which it does not know makes them one.
 */
static __always_inline void verifier_opaque(struct packet *p)
{
	__u32 index = 0;
	struct hg_state *state = bpf_map_lookup_elem(&hg_state, &index);
	__u8 zero;

	if (!state)
		return;
	zero = *(volatile __u8 *)&state->zero;
	p->family ^= zero;
	p->fragment ^= zero;
	p->is_new ^= zero;
	p->parse_error ^= zero;
	p->seen ^= zero;
	p->key.protocol ^= zero;
}

/* The stage: may the real client open a flow to the real backend? NEXT or -reason. */
static __noinline int policy(struct packet *p)
{
	struct flow_order *order = scratch(&hg_order);
	__u32 state = policy_state();
	struct policy_question *question;
	struct hg_backend *backend;

	p->key.policy = (__u16)state;
	if (!(state & HG_POLICY_ON))
		return NEXT;
	if (!order)
		return -HG_REASON_flow_contended;
	backend = backend_of(order->flow.backend);
	if (!backend)
		return -HG_REASON_table_changing;
	question = policy_ask(&p->key.src, &backend->addr, p->key.protocol, backend->port,
			      state);
	return question ? policy_decide(question) : -HG_REASON_flow_contended;
}

/* A flow was made for the packet: FOUND, or -reason when it is gone already. */
static __always_inline int made(const struct packet *p, struct flow_view *ret_view)
{
	return table_read(p->line, &p->key, ret_view) ? FOUND : -HG_REASON_flow_contended;
}

/* From parsed facts to a verdict or -reason. */
static __always_inline int pipeline(struct packet *p)
{
	struct flow_view view = {}; /* the verifier sees paths on which nobody fills it */
	int r;

	verifier_opaque(p);
	r = ours(p);
	if (r == NEXT && p->fragment != WHOLE)
		r = fragment_place(p);
	if (r == NEXT && is_icmp(p))
		r = icmp(p);
	else if (r == NEXT && !p->parse_error)
		r = flow_find(p, &view);
	if (r == NEXT) {
		r = service(p);
		if (r == PASS && p->is_new && bit_is_set(hg_hash_addr(&p->key.dst)))
			r = clash(p);
		if (r == NEXT)
			r = policy(p);
		if (r == NEXT)
			r = create(p);
		if (r == NEXT)
			r = made(p, &view);
	}
	return r == FOUND ? flow_follow(p, &view) : r;
}

/* A refusal is counted, and answered where an answer is due. Returns ANSWER or a negative
 * number. */
static __always_inline int refuse(struct packet *p, int r)
{
	stats_reason((__u32)-r, p->length);
	return reject(p, (__u32)-r);
}

#endif
