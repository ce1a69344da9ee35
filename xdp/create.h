/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * create: the two lines of a new flow. The reply key must be free: a source port towards the
 * backend is sought that makes it so. Without SNAT only the port changes, never the address.
 */
#ifndef XDP_CREATE_H
#define XDP_CREATE_H

#include "flow.h"
#include "port.h"

/* Insert the reply line PENDING with the port given. As table_insert(). */
static __always_inline int create_reply(struct flow_order *order, __be16 port)
{
	order->flow.key.dport = port;
	order->hash = hg_hash_flow(&order->flow.key, hg_config.seed);
	return table_insert(order);
}

/* The same, at the cost of a flow of at least this rank. */
static __always_inline int create_over(struct flow_order *order, __be16 port, __u32 least)
{
	int r = create_reply(order, port);

	if (r != -TABLE_EXISTS || !port_take(order->line, order->flow.seen, least))
		return r;
	return create_reply(order, port);
}

static __always_inline int is_privileged(const struct flow_order *order)
{
	return !order->flow.key.snat && host16(order->flow.port) < PORT_PRIVILEGED;
}

/* A probe of a search found its port held: remember the best of them. Will it do? */
static __always_inline int search_ends(struct flow_order *order, __u32 probe)
{
	__u32 rank = port_rank(order->line, order->flow.seen);

	if (rank > order->best) {
		order->best = rank;
		order->best_port = host16(order->flow.key.dport);
		order->best_probe = probe;
	}
	rank = order->best >> PORT_RANK_SHIFT;
	/* In a flood all are unproved: the first of them is the oldest. Else the answer of one
	 * may be under way. */
	return rank >= PORT_IDLE || probe == PORT_PROBES - 1 ||
	       (rank == PORT_UNPROVED && probe >= 2 && is_flooded());
}

/*
 * One probe of the search for a port that is free, or held by a flow that will not be missed; of
 * PORT_PROBES that are neither, the best. As create_reply(), -TABLE_EXISTS to go on. Global:
 * verified once, not once a probe.
 */
__noinline int create_probe(struct flow_order *order, __u32 probe)
{
	__u32 best;
	int r;

	if (!order)
		return -HG_REASON_flow_contended;
	r = create_reply(order,
			 be16(port_ahead(order->endpoint, is_privileged(order), probe)));
	if (r != -TABLE_EXISTS) {
		port_taken(order->endpoint, probe);
		return r;
	}
	if (!search_ends(order, probe) || !order->best)
		return r;
	best = order->best;
	order->best = 0;
	port_taken(order->endpoint, order->best_probe);
	return create_over(order, be16(order->best_port), best >> PORT_RANK_SHIFT);
}

static __always_inline int create_search(struct flow_order *order)
{
	int r = -TABLE_EXISTS;

	order->best = 0;
	for (__u32 probe = 0; probe < PORT_PROBES && r == -TABLE_EXISTS; probe++)
		r = create_probe(order, probe);
	return r;
}

/*
 * In a flood, the SNAT port that follows from the flow's hash, so that a client whose flow is
 * gone when it proves itself finds the backend's half of the connection again.
 */
static __always_inline __be16 port_again(const struct flow_order *order)
{
	return be16(hg_config.port_first + order->choice % port_count());
}

/* The port that is tried first. */
static __always_inline __be16 port_wanted(const struct flow_order *order)
{
	if (!order->flow.key.snat || order->flow.key.protocol == IPPROTO_SCTP)
		return port_apart(&order->flow);
	return is_flooded() ? port_again(order) : be16(port_next(order->endpoint));
}

/* It is held: at the cost of whom? As create_reply(). */
static __always_inline int create_at(struct flow_order *order)
{
	__be16 port;
	__u32 rank;
	int r;

	/* A client that comes from the same port again knows what it does. */
	if (!order->flow.key.snat || order->flow.key.protocol == IPPROTO_SCTP)
		return create_over(order, port_apart(&order->flow), PORT_TIME_WAIT);
	if (!is_flooded())
		return create_over(order, order->flow.key.dport, PORT_IDLE);
	port = port_again(order);
	r = create_reply(order, port);
	if (r != -TABLE_EXISTS)
		return r;
	rank = port_rank(order->line, order->flow.seen) >> PORT_RANK_SHIFT;
	if (rank != PORT_UNPROVED && rank < PORT_IDLE)
		return r;
	return create_over(order, port, rank);
}

/*
 * The port wanted is held. Insert the reply line with another one that makes its key free, or
 * take it from whoever holds it. Global: verified once.
 */
__noinline int create_port(struct flow_order *order)
{
	int r;

	if (!order)
		return -HG_REASON_flow_contended;
	r = create_at(order);
	if (r != -TABLE_EXISTS)
		return r;
	if (order->flow.key.protocol == IPPROTO_SCTP)
		return -HG_REASON_sctp_port;
	/* Another port would be of a connection that the backend does not know. */
	if (!order->is_new)
		return -HG_REASON_no_flow;
	r = create_search(order);
	return r == -TABLE_EXISTS ? -HG_REASON_snat_ports : r;
}

/* The reply line as it shall stand, its source and its port apart. */
static __always_inline void reply_fill(const struct packet *p, struct flow_order *order)
{
	struct hg_flow *flow = &order->flow;

	order->table = LINE_EMBRYO;
	order->from = LINE_NONE;
	flow->key.dst = p->key.src;
	flow->key.protocol = p->key.protocol;
	flow->key.policy = p->key.policy;
	flow->ctl = HG_FLOW_PENDING | HG_FLOW_REPLY | (flow->ctl & HG_FLOW_DIRECT);
	flow->partner = LINE_NONE;
	flow->seen = p->now;
	flow->port = p->key.sport;
	hg_flow_set_proof(flow, proof_asked(p));
}

/* Turn the order of the reply line into that of the forward line. */
static __always_inline void forward_fill(const struct packet *p, struct flow_order *order)
{
	struct hg_flow *flow = &order->flow;

	flow->snat = flow->key.snat;
	flow->port = flow->key.dport;
	flow->key = p->key;
	flow->ctl = HG_FLOW_LIVE | p->seen | (flow->ctl & HG_FLOW_DIRECT);
	flow->partner = order->line;
	/* What the client must show is known by the answer; of UDP, the time. */
	hg_flow_set_proof(flow, p->key.protocol == IPPROTO_UDP ? p->now : 0);
	order->hash = p->hash;
}

/* SNAT address index for a client of this backend: 0 keeps the client's address. */
static __always_inline __u8 create_snat(const struct packet *p,
					const struct hg_backend *backend)
{
	if (addr_equal(&p->key.src, &backend->addr))
		return backend
		    ->snat; /* hairpin: else the pod would answer itself directly */
	if (hook_from_pod || backend->ifindex || backend->flags & HG_BACKEND_NAT)
		return 0; /* replies pass by here anyway */
	return backend->snat;
}

/*
 * The reply line is there, PENDING: insert the forward one, and publish both. NEXT, with the
 * forward one in p->line, or -reason.
 */
static __always_inline int create_pair(struct packet *p, struct flow_order *order)
{
	__u32 reply_pending = order->pending;
	int r;

	forward_fill(p, order);
	r = table_insert(order);
	if (r < 0)
		table_free(order->flow.partner, reply_pending);
	if (r < 0 && r != -TABLE_EXISTS)
		return r;
	p->line = order->line;
	if (r < 0)
		return NEXT; /* another CPU made it first */
	if (!pair_publish(order, order->flow.partner, reply_pending,
			  HG_FLOW_REPLY | (order->flow.ctl & HG_FLOW_DIRECT)))
		return -HG_REASON_flow_contended;
	stats_created(hg_backend_index(order->flow.backend));
	if (policy_state() & HG_POLICY_ON)
		policy_count_connection();
	return NEXT;
}

/* Who answers the flow that is ordered, and to which of our addresses. 0 or -reason. */
static __always_inline int reply_source(const struct packet *p, struct flow_order *order)
{
	struct hg_backend *backend = backend_of(order->flow.backend);
	struct hg_flow_key *key = &order->flow.key;

	if (!backend)
		return -HG_REASON_table_changing;
	key->src = backend->addr;
	key->sport = backend->port;
	order->endpoint = backend->endpoint;
	if (order->flow.ctl & HG_FLOW_DIRECT)
		return 0; /* what it clashes with passes by here */
	key->snat = create_snat(p, backend);
	return key->snat || backend->snat || !addr_equal(&p->key.src, &backend->addr)
		   ? 0
		   : -HG_REASON_snat_ports;
}

/* Both lines of the flow that is ordered. As create_pair(). */
static __noinline int create(struct packet *p)
{
	__u32 zero = 0;
	struct hg_state *state = bpf_map_lookup_elem(&hg_state, &zero);
	struct flow_order *order = scratch(&hg_order);
	int r;

	if (!order)
		return -HG_REASON_flow_contended;
	r = reply_source(p, order);
	if (r < 0)
		return r;
	reply_fill(p, order);
	/* The reply's way is asked for by the first reply: a SYN that gets none costs no
	 * FIB lookup. */
	order->flow.route_epoch = state ? (__u8)(state->route_epoch - 1) : 0;
	order->choice = (__u32)(p->hash >> 32);
	order->is_new = p->is_new;
	r = create_reply(order, port_wanted(order));
	if (r == -TABLE_EXISTS)
		r = create_port(order);
	return r < 0 ? r : create_pair(p, order);
}

/* The line that takes packets with this key for answers, and translates them; its backend in the
 * upper half. LINE_NONE: there is none. */
__noinline __u64 reply_of_another(const struct hg_flow_key *key, __u64 hash)
{
	struct flow_view view = {};

	if (!key || !table_find(key, hash, &view) || !(view.ctl & HG_FLOW_REPLY) ||
	    !backend_of(view.backend))
		return LINE_NONE;
	return view.line | (__u64)view.backend << 32;
}

/*
 * The stage, for what addresses a backend itself and opens: does a flow through a Service, from
 * another port of the same client, have this port towards the backend? The answers would be
 * taken for that flow's. NEXT: a flow of its own is ordered, whose port is translated, so that
 * both go on; PASS: there is none, or it has ended and gave way.
 */
static __noinline int clash(const struct packet *p)
{
	struct flow_order *order = order_fresh();
	struct hg_flow_key key;
	__u64 found;

	key_reverse(&p->key, &key);
	found = reply_of_another(&key, hg_hash_flow(&key, hg_config.seed));
	if (found == LINE_NONE || !mac_is_ours(p) ||
	    port_take((__u32)found, p->now, PORT_TIME_WAIT))
		return PASS;
	if (!order)
		return PASS;
	order->flow.ctl = HG_FLOW_DIRECT;
	order->flow.backend = (__u32)(found >> 32);
	return NEXT;
}

#endif
