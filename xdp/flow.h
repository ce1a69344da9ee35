/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * flow: a packet of a tracked connection needs nothing but its line, its backend's record
 * and its next hop. This file follows flows (translate, mark, promote, give up); table.h
 * knows lines, create.h makes flows.
 *
 * Cold cache lines of a hit: the flow's line. Shared by many flows, so usually warm:
 * backend, next hop, this CPU's counters.
 */
#ifndef XDP_FLOW_H
#define XDP_FLOW_H

#include "backend.h"
#include "forward.h"
#include "rewrite.h"
#include "table.h"

/* Of flow_way_known(): not a verdict. */
#define ASK 100

/* The key that a packet of this line (which has `key`) gets: DNAT and SNAT forward, both undone in a reply.
 */
static __always_inline int flow_target(const struct flow_view *view,
				       const struct hg_backend *backend,
				       const struct hg_flow_key *key,
				       struct hg_flow_key *ret_to)
{
	__u32 index = view->snat;
	struct hg_addr *snat;

	ret_to->protocol = key->protocol;
	ret_to->snat = 0;
	ret_to->spare[0] = 0;
	ret_to->spare[1] = 0;
	if (view->ctl & HG_FLOW_REPLY) {
		ret_to->src = backend->vip;
		ret_to->sport = backend->vport;
		ret_to->dst = view->client;
		ret_to->dport = view->port;
		return NEXT;
	}
	ret_to->src = key->src;
	ret_to->dst = backend->addr;
	ret_to->sport = view->port;
	ret_to->dport = backend->port;
	if (!index)
		return NEXT;
	snat = bpf_map_lookup_elem(&hg_snat, &index);
	if (!snat)
		return -HG_REASON_snat_ports;
	ret_to->src = *snat;
	return NEXT;
}

/*
 * A line, resolved in memory: for whom the registers of the fast path are out of reach.
 */
struct flow_resolved {
	struct hg_flow_key to;
	__u32 line;
	__u32 backend;
	__u16 hop; /* of a reply, remembered at creation */
	__u8 epoch;
	__u8 is_reply;
	__u32 spare;
};
HG_SCRATCH(hg_resolved, struct flow_resolved);

/* This CPU's, or NULL: no line has this key, or it is void. */
static __noinline struct flow_resolved *flow_resolve(const struct hg_flow_key *key,
						     __u64 hash)
{
	struct flow_resolved *resolved = scratch(&hg_resolved);
	struct flow_view view = {};
	struct hg_backend *backend;

	if (!resolved || !table_find(key, hash, &view))
		return 0;
	backend = backend_of(view.backend);
	if (!backend || flow_target(&view, backend, key, &resolved->to) < 0)
		return 0;
	resolved->line = view.line;
	resolved->backend = view.backend;
	resolved->hop = view.hop;
	resolved->epoch = view.route_epoch;
	resolved->is_reply = !!(view.ctl & HG_FLOW_REPLY);
	return resolved;
}

/* After a route change: a reply's next hop is looked up again and remembered anew. */
static __always_inline __u32 flow_reroute(const struct packet *p,
					  const struct flow_resolved *resolved,
					  __u8 epoch)
{
	__u32 hop = forward_find_hop(p, &resolved->to);
	struct hg_flow *flow = table_line(resolved->line);

	/* Both stores are of facts that any CPU would find; a reader of half of them asks
	 * again. */
	if (flow) {
		flow->hop = hop;
		flow->route_epoch = epoch;
	}
	return hop;
}

/* Where a packet that becomes what was resolved leaves. */
static __noinline int flow_way(struct packet *p, const struct flow_resolved *resolved)
{
	struct hg_backend *backend = backend_of(resolved->backend);
	__u32 zero = 0, hop = resolved->hop;
	struct hg_state *state;

	if (!backend)
		return -HG_REASON_backend_gone;
	if (p->ttl <= 1)
		return -HG_REASON_ttl_expired;
	if (!resolved->is_reply) {
		if (backend->ifindex)
			return forward_pod(p, backend->ifindex);
		return forward(p, &resolved->to, backend->hop);
	}
	state = bpf_map_lookup_elem(&hg_state, &zero);
	if (state && (__u8)state->route_epoch != resolved->epoch)
		hop = flow_reroute(p, resolved, (__u8)state->route_epoch);
	return forward(p, &resolved->to, hop);
}

/* Record that this direction was seen, and with what. */
static __always_inline void flow_touch(const struct packet *p,
				       const struct flow_view *view)
{
	struct hg_flow *flow = table_line(view->line);
	__u32 fresh = p->seen & ~view->ctl & HG_FLOW_SEEN;
	/* Who goes on after an RST did not mean it: endpoints ignore forged ones too. */
	__u32 revoked = p->seen & HG_FLOW_RST ? 0 : view->ctl & HG_FLOW_RST;

	if (flow && flow->seen != p->now)
		flow->seen = p->now;
	if (fresh | revoked)
		table_mark(view->line, view->ctl, fresh, revoked);
}

/*
 * The embryonic forward line keeps, where a reply line keeps its next hop, the low 24 bits
 * of what its client must acknowledge.
 */
static __always_inline void flow_expect(const struct packet *p,
					const struct flow_view *view)
{
	const __be32 *tcp = packet_at(p, p->l4, 20);
	struct hg_flow *forward =
	    view->partner == LINE_NONE ? 0 : table_line(view->partner);
	__u32 expected;

	if (!tcp || !forward || partner_of(forward, view->partner) != view->line)
		return;
	expected = host32(tcp[1]) + 1;
	forward->hop = (__u16)expected;
	forward->route_epoch = (__u8)(expected >> 16);
}

/* Does a client's segment acknowledge our SYN/ACK, or data up to 64 KiB beyond it? */
static __always_inline int flow_acknowledges(const struct packet *p,
					     const struct flow_view *view)
{
	const __be32 *tcp = packet_at(p, p->l4, 20);
	__u32 expected = view->hop | (__u32)view->route_epoch << 16;

	return tcp && ((host32(tcp[2]) - expected) & 0xffffff) <= 0xffff;
}

/* Whether this client packet proves that its sender hears us. See design: embryonic
 * flows. */
static __always_inline int flow_is_proof(const struct packet *p,
					 const struct flow_view *view)
{
	struct hg_flow *reply;

	if (view->ctl & HG_FLOW_REPLY || !(p->seen & HG_FLOW_ACK) ||
	    p->seen & (HG_FLOW_SYN | HG_FLOW_RST))
		return 0;
	if (p->key.protocol == IPPROTO_UDP && (__u8)(p->now - view->born) < HG_TICKS(2))
		return 0;
	reply = view->partner == LINE_NONE ? 0 : table_line(view->partner);
	if (!reply || partner_of(reply, view->partner) != view->line)
		return 0;
	/* nat mode, inside a connection: there was no SYN/ACK to acknowledge. */
	if (p->key.protocol == IPPROTO_TCP && ctl_of(reply) & HG_FLOW_SYN &&
	    !flow_acknowledges(p, view))
		return 0;
	/* A SYN/ACK, INIT-ACK or datagram has passed the other way, no refusal. */
	return ctl_of(reply) & (HG_FLOW_SYN | HG_FLOW_ACK) &&
	       !(ctl_of(reply) & HG_FLOW_RST);
}

/* Copy one embryonic line, whose partner is known, into an order. 0 when it has changed. */
static __always_inline int order_from_line(__u32 from, __u32 partner, __u32 now,
					   struct flow_order *order)
{
	struct hg_flow *flow = table_line(from);

	if (!flow)
		return 0;
	order->table = 0;
	order->from = from;
	order->from_ctl = ctl_of(flow);
	barrier();
	order->flow = *flow;
	barrier();
	order->flow.seen = now;
	order->flow.ctl = order->from_ctl & (HG_FLOW_SEEN | HG_FLOW_REPLY);
	return (order->from_ctl & HG_FLOW_STATE) == HG_FLOW_LIVE &&
	       partner_of(&order->flow, from) == partner &&
	       !((ctl_of(flow) ^ order->from_ctl) & HG_FLOW_IDENTITY);
}

/* Insert the copy into the main table with this state. As table_insert(). */
static __always_inline int flow_move(struct flow_order *order, __u32 state, __u32 partner)
{
	order->flow.ctl |= state;
	order->flow.partner = partner;
	order->hash = hg_hash_flow(&order->flow.key, hg_config.seed);
	return table_insert(order);
}

/* Free the embryonic lines. One that is gone was closed, and counted, by somebody else. */
static __always_inline void embryos_free(const struct flow_view *view, __u32 reply_ctl)
{
	table_free(view->partner, reply_ctl);
	if (!table_free(view->line, view->ctl))
		stats_created(backend_index(view->backend));
}

/*
 * The client proved itself: move both lines from hg_embryos to hg_flows, reply first, and
 * free the old ones. Readers look in hg_flows first, so that at no instant the flow is
 * nowhere. 0, also when another CPU moves or ends it; -reason when the main table has no
 * room.
 */
static __always_inline int flow_promote(const struct packet *p,
					const struct flow_view *view)
{
	__u32 reply_line, reply_pending, reply_flags, reply_ctl;
	struct flow_order *order = order_fresh();
	struct hg_flow *reply;
	int r;

	if (!order || !order_from_line(view->partner, view->line, p->now, order))
		return 0;
	reply_ctl = order->from_ctl;
	reply_flags = order->flow.ctl;
	r = flow_move(order, HG_FLOW_PENDING, LINE_NONE);
	if (r < 0)
		return r == -TABLE_EXISTS ? 0 : r;
	reply_line = order->line;
	reply_pending = order->pending;
	r = -TABLE_EXISTS;
	if (order_from_line(view->line, view->partner, p->now, order))
		r = flow_move(order, HG_FLOW_LIVE | p->seen, reply_line);
	if (r < 0) {
		table_free(reply_line, reply_pending);
		return r == -TABLE_EXISTS ? 0 : r;
	}
	reply = table_line(reply_line);
	if (reply)
		partner_set(reply, order->line);
	barrier();
	if (!table_publish(reply_line, reply_pending, reply_flags)) {
		table_free(order->line, ctl_live(order->pending));
		return 0;
	}
	embryos_free(view, reply_ctl);
	return 0;
}

enum flow_end {
	FLOW_GOES_ON,
	FLOW_CLOSED, /* both sides said goodbye: one may be in TIME_WAIT */
	FLOW_RESET,
};

/* Has a flow ended, so that a SYN may replace it? enum flow_end. */
__noinline int flow_ended(__u32 line, __u32 ctl)
{
	struct hg_flow *flow = table_line(line);
	__u32 partner = flow ? partner_of(flow, line) : LINE_NONE;
	struct hg_flow *other = partner == LINE_NONE ? 0 : table_line(partner);
	__u32 other_ctl = other ? ctl_of(other) : HG_FLOW_FIN;

	if ((ctl | other_ctl) & HG_FLOW_RST)
		return FLOW_RESET;
	return ctl & other_ctl & HG_FLOW_FIN ? FLOW_CLOSED : FLOW_GOES_ON;
}

/*
 * The way of a packet whose next hop is known, which is nearly every one. ASK: it is not,
 * or routes have changed.
 */
static __always_inline int flow_way_known(struct packet *p, const struct flow_view *view,
					  const struct hg_backend *backend)
{
	__u32 zero = 0, index = backend->hop;
	struct hg_state *state;
	struct hg_hop *hop;

	if (p->ttl <= 1)
		return -HG_REASON_ttl_expired;
	if (view->ctl & HG_FLOW_REPLY) {
		index = view->hop;
		state = bpf_map_lookup_elem(&hg_state, &zero);
		if (!state || (__u8)state->route_epoch != view->route_epoch)
			return ASK;
	} else if (backend->ifindex) {
		return forward_pod(p, backend->ifindex);
	}
	hop = bpf_map_lookup_elem(&hg_hops, &index);
	if (!index || !hop || !hop->ifindex)
		return ASK;
	return forward_hop(p, hop, index);
}

/* The same by asking the FIB. */
static __noinline int flow_way_asked(struct packet *p)
{
	struct flow_resolved *resolved = flow_resolve(&p->key, p->hash);

	return resolved ? flow_way(p, resolved) : -HG_REASON_flow_contended;
}

/* The client has not proved itself yet: perhaps this packet does. 0 or -reason. */
static __noinline int flow_embryonic(struct packet *p, __u32 line)
{
	struct flow_view view = {};

	if (!table_read(line, &p->key, &view))
		return 0;
	if (flow_is_proof(p, &view))
		return flow_promote(p, &view);
	flow_touch(p, &view);
	if (view.ctl & HG_FLOW_REPLY && p->key.protocol == IPPROTO_TCP &&
	    p->seen & HG_FLOW_SYN)
		flow_expect(p, &view);
	return 0;
}

/* Free both directions of the flow that this line, unless it has changed, belongs to. */
__noinline int flow_close(__u32 line, __u32 ctl)
{
	struct hg_flow *flow = table_line(line);
	__u32 partner, backend;

	if (!flow)
		return 0;
	partner = partner_of(flow, line);
	backend = flow->backend;
	barrier();
	return line_free(flow, ctl) && pair_closed(line, ctl, partner, backend);
}

/* UDP leaves a backend that no longer serves; a new SYN begins anew after an end. */
static __always_inline int flow_begins_anew(const struct packet *p,
					    const struct flow_view *view,
					    const struct hg_backend *backend)
{
	if (!p->opens || view->ctl & HG_FLOW_REPLY)
		return 0;
	if (p->key.protocol == IPPROTO_UDP)
		return backend->flags & HG_BACKEND_MOVE_UDP;
	return flow_ended(view->line, view->ctl) != FLOW_GOES_ON;
}

/*
 * The stage: FOUND when the packet belongs to a flow, NEXT when there is none (or none that
 * still holds), or -reason. The view must not leave inlined code: it then lives in
 * registers, and so does what follows from it.
 */
static __always_inline int flow_find(struct packet *p, struct flow_view *ret_view)
{
	struct hg_backend *backend;
	__u32 line;

	if (!table_find(&p->key, p->hash, ret_view)) {
		if (p->opens)
			return NEXT;
		/* It may have moved to the main table after that was looked at. */
		line = table_search_main(&p->key, p->hash);
		if (line == LINE_NONE || !table_read(line, &p->key, ret_view))
			return NEXT;
	}
	backend = backend_of(ret_view->backend);
	if (!backend || flow_begins_anew(p, ret_view, backend)) {
		flow_close(ret_view->line, ret_view->ctl);
		return backend || p->opens ? NEXT : -HG_REASON_backend_gone;
	}
	if (!(ret_view->line & LINE_EMBRYO))
		flow_touch(p, ret_view);
	else if (flow_embryonic(p, ret_view->line) == -HG_REASON_flow_table_full)
		return -HG_REASON_flow_table_full;
	return FOUND;
}

/* Translate the packet of a flow and decide where it leaves: SEND, or -reason. */
static __always_inline int flow_follow(struct packet *p, const struct flow_view *view)
{
	struct hg_backend *backend = backend_of(view->backend);
	struct hg_flow_key to;
	int r;

	if (!backend)
		return -HG_REASON_table_changing;
	r = flow_target(view, backend, &p->key, &to);
	if (r < 0)
		return r;
	r = flow_way_known(p, view, backend);
	if (r == ASK)
		r = flow_way_asked(p);
	if (r < 0)
		return r;
	stats_count(backend_index(view->backend), !!(view->ctl & HG_FLOW_REPLY),
		    p->length);
	rewrite(p, &to);
	return SEND;
}

#endif
