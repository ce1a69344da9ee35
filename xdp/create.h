/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * create: the two lines of a new flow. The reply key must be free: with SNAT a port is
 * sought by this CPU's cursor; without, the client's own port is tried first, then the
 * same search (two virtual addresses may lead one client port to the same pod), so that
 * only the port changes, never the address.
 */
#ifndef XDP_CREATE_H
#define XDP_CREATE_H

#include "flow.h"

#define PORT_PROBES 8

/*
 * Next port of this CPU's cursor. Each CPU starts in its own part of the range, anywhere:
 * a balancer that begins anew shall not meet the ports that its last life left in TIME_WAIT
 * at the servers. Ports that live long lie side by side, as the cursor made them: probes
 * after the first leap.
 */
static __always_inline __be16 port_next(int probe)
{
	__u32 zero = 0, count = hg_config.port_last - hg_config.port_first + 1;
	__u32 part = count / hg_config.cpus + 1;
	struct hg_cursor *cursor = bpf_map_lookup_elem(&hg_cursors, &zero);

	if (!cursor)
		return 0;
	if (!cursor->started) {
		cursor->started = 1;
		cursor->port =
		    bpf_get_smp_processor_id() * part + bpf_get_prandom_u32() % part;
	}
	cursor->port += probe ? count / PORT_PROBES + 1 : 1;
	if (cursor->port >= count)
		cursor->port %= count;
	return be16(hg_config.port_first + cursor->port);
}

/* From whom a port may be taken; who is named later, only when earlier probes failed. */
enum port_greed {
	PORT_DEAD,     /* a flow that was reset, or never proved and idle */
	PORT_CLOSED,   /* … or closed: the backend may hold the port in TIME_WAIT, where
			  another client's older timestamp gets no answer (RFC 7323 §5) */
	PORT_UNPROVED, /* … or never proved, whatever its age */
};

/* Shall the flow that holds a reply key give it up? Returns 1 when the key is free now. */
__noinline int port_take(__u32 line, __u32 now, int greed)
{
	struct hg_flow *flow = table_line(line), *other;
	struct flow_view view = { .line = line };
	int idle, end;

	if (!flow)
		return 0;
	view.ctl = ctl_of(flow);
	barrier();
	view.partner = partner_of(flow, line);
	view.backend = flow->backend;
	other = view.partner == LINE_NONE ? flow : table_line(view.partner);
	idle =
	    greed == PORT_UNPROVED || (line_age(flow, now) >= HG_TICKS(1) &&
				       (!other || line_age(other, now) >= HG_TICKS(1)));
	barrier();
	if ((view.ctl & HG_FLOW_STATE) != HG_FLOW_LIVE)
		return 0;
	end = flow_ended(line, view.ctl);
	if (!(line & LINE_EMBRYO && idle) && end != FLOW_RESET &&
	    (end == FLOW_GOES_ON || greed == PORT_DEAD))
		return 0;
	table_free_pair(&view);
	return 1;
}

/*
 * A client opens a connection to a backend itself, from a port from which it has reached the same
 * backend through a Service before: the answers would be taken for that flow's. One that has
 * ended, or was never proved and is idle, gives way; of UDP, one that was never proved: who
 * sends last from a port has it.
 */
static __noinline void port_give_back(struct packet *p)
{
	struct hg_flow_key key;
	struct hg_flow *flow;
	__u64 hash;
	__u32 line;

	key_reverse(&p->key, &key);
	hash = hg_hash_flow(&key, hg_config.seed);
	line = table_search_main(&key, hash);
	if (line == LINE_NONE)
		line = table_search(&key, table_home(hash, LINE_EMBRYO));
	flow = line == LINE_NONE ? 0 : table_line(line);
	if (flow && backend_index(flow->backend))
		port_take(line, clock_tick(),
			  p->key.protocol == IPPROTO_UDP ? PORT_UNPROVED : PORT_CLOSED);
}

/* Insert the reply line PENDING with the port given. As table_insert(). */
static __always_inline int create_reply(struct flow_order *order, __be16 port, int greed)
{
	int r;

	order->flow.key.dport = port;
	order->hash = hg_hash_flow(&order->flow.key, hg_config.seed);
	r = table_insert(order);
	if (r != -TABLE_EXISTS || !port_take(order->line, order->flow.seen, greed))
		return r;
	return table_insert(order);
}

/*
 * Insert the reply line with a port that makes its key free; the port is then
 * order->flow.key.dport. SCTP keeps the client's own.
 */
static __always_inline int create_port(struct flow_order *order)
{
	int keeps = order->flow.key.protocol == IPPROTO_SCTP, r = -TABLE_EXISTS;
	/* A client that keeps its own port knows what it does. */
	int greed = order->flow.key.snat && !keeps ? PORT_DEAD : PORT_CLOSED;
	__be16 port = order->flow.port;

	for (int i = 0; i < PORT_PROBES; i++) {
		if (!keeps && (i || order->flow.key.snat))
			port = port_next(i);
		if (i == PORT_PROBES / 2)
			greed = PORT_CLOSED;
		if (i == PORT_PROBES - 1)
			greed = PORT_UNPROVED;
		r = create_reply(order, port, greed);
		if (r != -TABLE_EXISTS || keeps)
			break;
	}
	if (r == -TABLE_EXISTS)
		return keeps ? -HG_REASON_sctp_port : -HG_REASON_snat_ports;
	return r;
}

/* The reply line as it shall stand, its port apart. */
static __always_inline void reply_fill(const struct packet *p,
				       const struct hg_backend *backend, __u8 snat,
				       struct flow_order *order)
{
	struct hg_flow *flow = &order->flow;

	order->table = LINE_EMBRYO;
	order->from = LINE_NONE;
	flow->key.src = backend->addr;
	flow->key.dst = p->key.src;
	flow->key.sport = backend->port;
	flow->key.protocol = p->key.protocol;
	flow->key.snat = snat;
	flow->key.policy = p->key.policy;
	flow->ctl = HG_FLOW_PENDING | HG_FLOW_REPLY;
	flow->partner = LINE_NONE;
	flow->seen = p->now;
	flow->port = p->key.sport;
	flow->born = (__u8)p->now;
}

/* Turn the order of the reply line into that of the forward line. */
static __always_inline void forward_fill(const struct packet *p, __u32 reply_line,
					 __be16 port, struct flow_order *order)
{
	struct hg_flow *flow = &order->flow;

	flow->snat = flow->key.snat;
	flow->key = p->key;
	flow->ctl = HG_FLOW_LIVE | p->seen;
	flow->partner = reply_line;
	flow->port = port;
	flow->hop = 0;
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
	__u32 stamp = order->flow.backend;
	struct hg_flow *reply;
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
	reply = table_line(reply_line);
	if (reply)
		partner_set(reply, order->line);
	barrier();
	if (!table_publish(reply_line, reply_pending, HG_FLOW_REPLY)) {
		table_free(order->line, ctl_live(order->pending));
		return -HG_REASON_flow_contended;
	}
	stats_created(backend_index(stamp));
	if (policy_state() & HG_POLICY_ON)
		policy_count_connection();
	p->line = order->line;
	return NEXT;
}

/* Both lines of the flow that is ordered, through a Service. As create_pair(). */
static __noinline int create(struct packet *p)
{
	__u32 zero = 0;
	struct hg_state *state = bpf_map_lookup_elem(&hg_state, &zero);
	struct flow_order *order = scratch(&hg_order);
	struct hg_backend *backend;
	__u8 snat;
	int r;

	if (!order)
		return -HG_REASON_flow_contended;
	backend = backend_of(order->flow.backend);
	if (!backend)
		return -HG_REASON_table_changing;
	snat = create_snat(p, backend);
	if (!snat && !backend->snat && addr_equal(&p->key.src, &backend->addr))
		return -HG_REASON_snat_ports;
	reply_fill(p, backend, snat, order);
	/* The reply's way is asked for by the first reply: a SYN that gets none costs no
	 * FIB lookup. */
	order->flow.route_epoch = state ? (__u8)~state->route_epoch : 0;
	r = create_port(order);
	return r < 0 ? r : create_pair(p, order, order->flow.key.dport);
}

#endif
