/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * create: the two lines of a new flow. The reply key must be free: a source port towards the
 * backend is sought that makes it so. Without SNAT only the port changes, never the address.
 */
#ifndef XDP_CREATE_H
#define XDP_CREATE_H

#include "flow.h"

#define PORT_PROBES	16
#define PORT_PRIVILEGED 1024

/*
 * May a port be taken from the flow that holds it, and from whom rather? Later is better; with
 * a rank goes how long the flow has been silent.
 */
enum port_rank {
	PORT_LIVE,	/* never */
	PORT_UNPROVED,	/* its handshake may be under way */
	PORT_TIME_WAIT, /* the backend left first and remembers the port for 60 s */
	PORT_IDLE,	/* never proved, and silent for longer than a handshake */
	PORT_RESTED,	/* closed by the client, or long ago */
	PORT_RESET,
};
#define PORT_RANK_SHIFT HG_TICK_BITS
#define PORT_IDLE_TICKS HG_TICKS(4)

/* enum port_rank << PORT_RANK_SHIFT | age of the flow that holds a reply key. */
__noinline __u32 port_rank(__u32 line, __u32 now)
{
	struct hg_flow *flow = table_line(line), *other;
	__u32 ctl, age, other_age, partner, rank = PORT_LIVE;
	int end;

	if (!flow)
		return 0;
	ctl = ctl_of(flow);
	partner = partner_of(flow, line);
	other = partner == LINE_NONE ? 0 : table_line(partner);
	age = line_age(flow, now);
	other_age = other ? line_age(other, now) : age;
	age = other_age < age ? other_age : age;
	if ((ctl & HG_FLOW_STATE) != HG_FLOW_LIVE)
		return 0;
	end = line_end(flow, line, ctl);
	if (end == FLOW_RESET)
		rank = PORT_RESET;
	else if (end == FLOW_CLOSED)
		rank = ctl & HG_FLOW_LEFT_FIRST && age < HG_TIME_WAIT ? PORT_TIME_WAIT
								      : PORT_RESTED;
	else if (line_is_idle(flow, line, ctl, now))
		rank = PORT_RESTED;
	else if (line & LINE_EMBRYO)
		rank = age < PORT_IDLE_TICKS ? PORT_UNPROVED : PORT_IDLE;
	return rank << PORT_RANK_SHIFT | (age & HG_TICK_MASK);
}

/* Take a port from a flow of at least this rank. Returns 1 when the key is free now. */
__noinline int port_take(__u32 line, __u32 now, __u32 least)
{
	struct hg_flow *flow = table_line(line);
	__u32 ctl = flow ? ctl_of(flow) : HG_FLOW_FREE;

	return (ctl & HG_FLOW_STATE) == HG_FLOW_LIVE &&
	       port_rank(line, now) >> PORT_RANK_SHIFT >= least && flow_close(line, ctl);
}

static __always_inline __u32 port_advance(__u32 *cursor, __u32 step)
{
	__u32 count = hg_config.port_last - hg_config.port_first + 1;

	if (!*(volatile __u32 *)cursor)
		__sync_val_compare_and_swap(cursor, 0, bpf_get_prandom_u32() | 1);
	return hg_config.port_first + __sync_fetch_and_add(cursor, step) % count;
}

/*
 * The next port towards an endpoint. All CPUs go through the range together, so that the next
 * one is the one that has rested longest; from anywhere, so that a balancer that begins anew
 * does not meet the ports that its last life left in TIME_WAIT. Ports that live long lie side
 * by side, as the cursor made them: later probes leap. Host order; 0: none.
 */
__noinline __u32 port_next(__u32 endpoint, __u32 is_privileged, __u32 probe)
{
	__u32 index = endpoint & (HG_PORT_CURSORS - 1), port;
	__u32 count = hg_config.port_last - hg_config.port_first + 1;
	__u32 *cursor = bpf_map_lookup_elem(&hg_ports, &index);

	if (!cursor)
		return 0;
	port = port_advance(cursor,
			    probe < PORT_PROBES / 2 ? 1 : count / (PORT_PROBES / 2) + 1);
	return is_privileged ? PORT_PRIVILEGED / 2 + port % (PORT_PRIVILEGED / 2) : port;
}

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

/*
 * The source port towards the backend that a flow without SNAT tries first. A client that
 * connects to the backend itself from the port that it uses through the Service would get
 * that connection's answers translated; so the backend sees another port, one that no kernel
 * chooses for its clients (they choose from 32768 on). It follows from the client's port
 * alone: another balancer that takes the flow over finds the same. Privileged ports stay
 * privileged, as with netfilter (NFS servers ask for that), SCTP's the same, since its
 * checksum covers them.
 */
static __always_inline __be16 port_apart(const struct hg_flow *flow)
{
	__u16 port = host16(flow->port);

	if (flow->key.protocol == IPPROTO_SCTP)
		return flow->port;
	if (port < PORT_PRIVILEGED)
		return be16((port ^ 0x100) ?: 0x1ff);
	port ^= port & 0x8000 ? 0x8000 : 0x4000;
	return be16(port < PORT_PRIVILEGED ? port + 0x7000 : port);
}

/* The first port that is free, or held by a flow that will not be missed; of PORT_PROBES that
 * are neither, the best. As create_reply(). */
static __always_inline int create_search(struct flow_order *order)
{
	int privileged =
	    !order->flow.key.snat && host16(order->flow.port) < PORT_PRIVILEGED;
	__u32 rank, port;
	int r = -TABLE_EXISTS;

	order->best = 0;
	for (int i = 0; i < PORT_PROBES; i++) {
		port = port_next(order->endpoint, privileged, i);
		r = create_reply(order, be16(port));
		if (r != -TABLE_EXISTS)
			return r;
		rank = port_rank(order->line, order->flow.seen);
		if (rank > order->best) {
			order->best = rank;
			order->best_port = host16(order->flow.key.dport);
		}
		rank = order->best >> PORT_RANK_SHIFT;
		/* In a flood all are unproved: the first of them is the oldest. */
		if (rank >= PORT_IDLE || (rank == PORT_UNPROVED && i >= 2))
			break;
	}
	if (!order->best)
		return r;
	port = order->best_port;
	return create_over(order, be16(port), order->best >> PORT_RANK_SHIFT);
}

/*
 * In a flood, the SNAT port that follows from the flow's hash, so that a client whose flow is
 * gone when it proves itself finds the backend's half of the connection again.
 */
static __always_inline __be16 port_again(const struct flow_order *order)
{
	__u32 count = hg_config.port_last - hg_config.port_first + 1;

	return be16(hg_config.port_first + order->choice % count);
}

/* The port that is tried first, and nearly always free. */
static __always_inline __be16 port_wanted(const struct flow_order *order)
{
	__u32 index = order->endpoint & (HG_PORT_CURSORS - 1), port;
	__u32 *cursor;

	if (!order->flow.key.snat || order->flow.key.protocol == IPPROTO_SCTP)
		return port_apart(&order->flow);
	if (is_flooded())
		return port_again(order);
	cursor = bpf_map_lookup_elem(&hg_ports, &index);
	port = cursor ? port_advance(cursor, 1) : 0;
	return be16(port);
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
		return -TABLE_EXISTS;
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
	if (!order->opens)
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
static __always_inline void forward_fill(const struct packet *p, __u32 reply_line,
					 __be16 port, struct flow_order *order)
{
	struct hg_flow *flow = &order->flow;

	flow->snat = flow->key.snat;
	flow->key = p->key;
	flow->ctl = HG_FLOW_LIVE | p->seen | (flow->ctl & HG_FLOW_DIRECT);
	flow->partner = reply_line;
	flow->port = port;
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
static __always_inline int create_pair(struct packet *p, struct flow_order *order,
				       __be16 port)
{
	__u32 reply_line = order->line, reply_pending = order->pending;
	__u32 reply_flags = HG_FLOW_REPLY | (order->flow.ctl & HG_FLOW_DIRECT);
	__u32 stamp = order->flow.backend;
	int r;

	forward_fill(p, reply_line, port, order);
	r = table_insert(order);
	if (r < 0) {
		table_free(reply_line, reply_pending);
		if (r != -TABLE_EXISTS)
			return r;
		p->line = order->line; /* another CPU made it first */
		return NEXT;
	}
	if (!pair_publish(reply_line, reply_pending, reply_flags, order->line,
			  order->pending))
		return -HG_REASON_flow_contended;
	stats_created(hg_backend_index(stamp));
	if (policy_state() & HG_POLICY_ON)
		policy_count_connection();
	p->line = order->line;
	return NEXT;
}

/* Who answers the flow that is ordered, and to which of our addresses. 0 or -reason. */
static __always_inline int reply_source(const struct packet *p, struct flow_order *order)
{
	struct hg_backend *backend = backend_of(order->flow.backend);
	struct hg_flow_key *key = &order->flow.key;

	if (!backend)
		return -HG_REASON_table_changing;
	if (order->flow.ctl & HG_FLOW_DIRECT) {
		key->src = p->key.dst;
		key->sport = p->key.dport;
		return 0;
	}
	key->src = backend->addr;
	key->sport = backend->port;
	key->snat = create_snat(p, backend);
	order->endpoint = backend->endpoint;
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
	order->opens = p->opens;
	r = create_reply(order, port_wanted(order));
	if (r == -TABLE_EXISTS)
		r = create_port(order);
	return r < 0 ? r : create_pair(p, order, order->flow.key.dport);
}

/* The line that takes packets with this key for answers, and translates them; else LINE_NONE. */
__noinline __u32 reply_of_another(const struct hg_flow_key *key, __u64 hash)
{
	struct flow_view view = {};

	if (!key || !table_find(key, hash, &view) || !(view.ctl & HG_FLOW_REPLY) ||
	    !backend_of(view.backend))
		return LINE_NONE;
	return view.line;
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
	__u32 line;

	key_reverse(&p->key, &key);
	line = reply_of_another(&key, hg_hash_flow(&key, hg_config.seed));
	if (line == LINE_NONE || !mac_is_ours(p) ||
	    port_take(line, p->now, PORT_TIME_WAIT))
		return PASS;
	if (!order)
		return PASS;
	order->flow.ctl = HG_FLOW_DIRECT;
	order->flow.backend = HG_FLOW_APART;
	return NEXT;
}

#endif
