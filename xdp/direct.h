/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * direct: traffic of a pod that goes through no Service, judged at the pod's own interface.
 * Pods that no policy isolates cost a look at their link and view. For the others, the
 * packets that open a flow are judged and the flow is remembered, in the same tables and by
 * the same rules as flows through Services (line.h), so that replies, related ICMP errors and
 * all later packets pass by the flow. Nothing is translated.
 *
 * What shows that it opens nothing (TCP, SCTP), of a connection that is not known here because
 * it is older than the isolation or its flow was lost, passes when the policy in force would
 * let either end open it. A datagram shows nothing: an answer that is under way when its pod
 * is first isolated is judged by itself.
 */
#ifndef XDP_DIRECT_H
#define XDP_DIRECT_H

#include "icmp.h"

enum direct_way {
	DIRECT_OUT,  /* from the pod */
	DIRECT_IN,   /* to the pod */
	DIRECT_NODE, /* to the pod, from the node itself: never judged */
};

/* The pod behind a host end; NULL: none is known. */
static __always_inline struct hg_policy_link *link_of(__u32 ifindex)
{
	for (__u32 i = 0; i < HG_POLICY_LINK_WINDOW; i++) {
		__u32 index = (ifindex + i) & (HG_POLICY_LINKS - 1);
		struct hg_policy_link *link =
		    bpf_map_lookup_elem(&hg_policy_links, &index);

		if (link && *(volatile __u32 *)&link->ifindex == ifindex) {
			order_loads(); /* a line that is not taken may be half written */
			return link;
		}
	}
	return 0;
}

/* May a policy isolate the pod at this address of a link? Whose place is not told yet, may. */
static __always_inline int place_may_be_isolated(const struct hg_policy_link *link,
						 int is_v6, __u32 state)
{
	const struct hg_addr *addr = &link->addrs[is_v6];
	struct hg_policy_view *view;

	if (!link->pods[is_v6])
		return (addr->halves[0] | addr->halves[1]) != 0;
	view = policy_view(link->pods[is_v6], state);
	return !view || view->ingress | view->egress;
}

/* May a policy isolate whoever is behind the interface? */
static __always_inline int link_may_be_isolated(const struct hg_policy_link *link)
{
	__u32 state = policy_state();

	if (!(state & HG_POLICY_ON) || !link)
		return state & HG_POLICY_ON;
	order_loads(); /* state first: policy_state() */
	return place_may_be_isolated(link, 0, state) ||
	       place_may_be_isolated(link, 1, state);
}

/*
 * Does a policy isolate the packet's pod, in whatever direction? Who is behind an interface
 * that is not known yet, or whose place is not, is told by the address alone.
 */
static __always_inline int direct_is_judged(const struct packet *p,
					    const struct hg_policy_link *link,
					    const struct hg_addr *own)
{
	__u32 state = policy_state();
	struct hg_policy_view *view;

	if (!(state & HG_POLICY_ON))
		return 0;
	order_loads(); /* state first: policy_state() */
	if (!link || !link->pods[p->family == 6])
		return policy_isolates(own, state);
	view = policy_view(link->pods[p->family == 6], state);
	return view && (view->ingress | view->egress);
}

/*
 * A pod sends from its own addresses. What has none yet asks for one (DHCP, duplicate
 * address detection), and neighbours talk by link-local addresses.
 */
static __always_inline int direct_source(const struct packet *p,
					 const struct hg_policy_link *link)
{
	const struct hg_addr *src = &p->key.src;
	__u32 first = host32((HG_FORCE __be32)src->words[0]);

	if (!hg_config.source_check || !link ||
	    addr_equal(src, &link->addrs[p->family == 6]))
		return NEXT;
	if (p->family == 4 && !src->words[3] && p->key.dst.words[3] == 0xffffffff)
		return NEXT;
	if (p->family == 6 && is_icmp(p) && icmp_is_neighbourly(p))
		return NEXT;
	if (p->family == 6 && first >> 22 == 0xfe80U >> 6)
		return NEXT;
	return -HG_REASON_spoofed_source;
}

/* Key and hash of what has no ports: echo by its identifier, others by their addresses. */
static __always_inline void direct_key(struct packet *p)
{
	const struct icmp_head *icmp;

	p->now = clock_tick();
	p->key.snat = 0;
	/* A later fragment has those of its first. */
	if (p->fragment != FRAGMENT_LATER &&
	    hg_policy_protocol(p->key.protocol) == HG_POLICY_PROTOCOLS) {
		p->key.ports = 0;
		icmp = is_icmp(p) ? packet_at(p, p->l4, sizeof(*icmp)) : 0;
		if (icmp) {
			p->key.sport = *(const __be16 *)&icmp->rest;
			p->key.dport = p->key.sport;
		}
	}
	p->hash = hg_hash_flow(&p->key, hg_config.seed);
}

/* May the packet's source open its flow, or reversed, may the destination? Not counted. */
static __always_inline struct policy_question *direct_question(const struct packet *p,
							       __u32 state, int reversed)
{
	const struct hg_flow_key *key = &p->key;

	return reversed
		   ? policy_ask(&key->dst, &key->src, key->protocol, key->sport, state)
		   : policy_ask(&key->src, &key->dst, key->protocol, key->dport, state);
}

static __always_inline int direct_ask(const struct packet *p, __u32 state, int reversed)
{
	struct policy_question *question = direct_question(p, state, reversed);

	return question ? policy_decide(question) : -HG_REASON_flow_contended;
}

/* Is it of a connection that is not known here and that only its destination may open? */
static __always_inline int is_answer(const struct packet *p, __u32 state)
{
	if (p->is_new ||
	    (p->key.protocol != IPPROTO_TCP && p->key.protocol != IPPROTO_SCTP))
		return 0;
	return policy_judge(direct_question(p, state, 0)) < 0 &&
	       policy_judge(direct_question(p, state, 1)) == 0;
}

/*
 * Both lines of a flow that was allowed; proof: what its reply direction must show. PASS, or
 * -reason.
 */
static __always_inline int direct_create(struct packet *p, __u32 stamp, __u32 proof)
{
	struct flow_order *order = order_fresh();
	struct hg_flow *flow;
	int r;

	if (!order)
		return -HG_REASON_flow_contended;
	flow = &order->flow;
	order->table = LINE_EMBRYO;
	order->from = LINE_NONE;
	key_reverse(&p->key, &flow->key);
	flow->key.policy = p->key.policy;
	flow->ctl = HG_FLOW_PENDING | HG_FLOW_REPLY;
	flow->partner = LINE_NONE;
	flow->backend = stamp;
	flow->seen = p->now;
	flow->port = p->key.sport;
	hg_flow_set_proof(flow, proof);
	order->hash = hg_hash_flow(&flow->key, hg_config.seed);
	r = table_insert(order);
	if (r == -TABLE_EXISTS)
		return PASS; /* another flow has the reply's key: each packet is judged */
	if (r == 0)
		r = create_pair(p, order);
	return r < 0 ? r : PASS;
}

/* Nothing is known of the packet's flow. PASS, or -reason. */
static __noinline int direct_open(struct packet *p, __u32 state, enum direct_way way)
{
	int r, turned = way != DIRECT_NODE && is_answer(p, state);
	/* Who answers has shown what it acknowledges. */
	__u32 proof = turned ? p->ack : proof_asked(p);

	p->key.policy = (__u16)state;
	if (way == DIRECT_NODE)
		policy_ask_nobody();
	r = way == DIRECT_NODE ? 0 : direct_ask(p, state, turned);
	if (r < 0)
		return r;
	if (turned) {
		key_turn(&p->key);
		p->hash = hg_hash_flow(&p->key, hg_config.seed);
		p->seen = 0;
	}
	if (p->seen & HG_FLOW_RST)
		return PASS;
	return direct_create(p, way == DIRECT_NODE ? HG_FLOW_FROM_NODE : 0, proof);
}

/* Shall a packet of a known flow be looked at as if there were none? */
static __always_inline int direct_begins_anew(const struct packet *p,
					      const struct flow_view *view)
{
	int ended;

	if (!p->is_new || p->key.protocol == IPPROTO_UDP)
		return 0;
	ended = flow_ended(view->line, view->ctl) != FLOW_GOES_ON;
	if (ended)
		flow_close(view->line, view->ctl);
	/* The other end opens: the flow's own direction says nothing of that. */
	return ended || view->ctl & HG_FLOW_REPLY;
}

/* A packet by its flow: PASS, NEXT when none holds, or -reason. Inlined: the stack is full. */
static __always_inline int direct_known(struct packet *p, __u32 state)
{
	struct flow_view view = {};
	int r;

	if (!table_find(&p->key, p->hash, &view) || direct_begins_anew(p, &view))
		return NEXT;
	if (policy_is_stale(state, view.policy)) {
		r = flow_rejudge(p, view.line, state);
		if (r < 0)
			return r;
	}
	if (!(view.line & LINE_EMBRYO))
		flow_touch(p, &view);
	else if (flow_embryonic(p, view.line) == -HG_REASON_flow_table_full)
		return -HG_REASON_flow_table_full;
	return PASS;
}

/* An error passes by the flow that it quotes, else like an echo. NEXT or PASS. */
static __noinline int direct_error(struct packet *p)
{
	struct packet quote = { .ctx = p->ctx };
	struct flow_view view = {};

	if (!parse_quote(&quote, p->l4 + sizeof(struct icmp_head), p->family))
		return NEXT;
	key_turn(&quote.key);
	return table_find(&quote.key, hg_hash_flow(&quote.key, hg_config.seed), &view)
		   ? PASS
		   : NEXT;
}

/*
 * Link-local addresses, multicast, broadcast: they name no pod, so the pod behind the
 * interface is asked for, packet by packet. NEXT: the packet bears the pod's own address.
 */
static __noinline int direct_nameless(struct packet *p, const struct hg_policy_link *link,
				      __u32 state, enum direct_way way)
{
	const struct hg_flow_key *key = &p->key;
	struct policy_question *question;
	const struct hg_addr *own;

	if (!link)
		return NEXT;
	own = &link->addrs[p->family == 6];
	if (addr_equal(way == DIRECT_OUT ? &key->src : &key->dst, own))
		return NEXT;
	if (way == DIRECT_NODE)
		return PASS;
	question = way == DIRECT_OUT
		       ? policy_ask(own, &key->dst, key->protocol, key->dport, state)
		       : policy_ask(&key->src, own, key->protocol, key->dport, state);
	if (!question)
		return -HG_REASON_flow_contended;
	return policy_decide(question) ?: PASS;
}

/* The stage, for a pod that is isolated: PASS, or -reason. */
static __always_inline int direct(struct packet *p, const struct hg_policy_link *link,
				  enum direct_way way)
{
	__u32 state = policy_state();
	int r = NEXT, is_error = 0;

	if (p->parse_error && p->parse_error != HG_REASON_protocol)
		return -HG_REASON_policy_malformed;
	p->now = clock_tick();
	if (p->fragment != WHOLE && fragment_place(p) != NEXT)
		return -HG_REASON_policy_fragment;
	if (is_icmp(p) && icmp_is_neighbourly(p))
		return PASS;
	is_error = p->fragment != FRAGMENT_LATER && is_icmp(p) && icmp_is_error(p);
	if (is_error)
		r = direct_error(p);
	if (r == NEXT)
		r = direct_nameless(p, link, state, way);
	if (r != NEXT)
		return r;
	direct_key(p);
	if (!is_error)
		r = direct_known(p, state);
	if (r != NEXT)
		return r;
	if (is_error)
		return direct_ask(p, state, 0) < 0 ? -HG_REASON_policy_icmp : PASS;
	return direct_open(p, state, way);
}

#endif
