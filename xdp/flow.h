/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * flow: a packet of a tracked connection needs nothing but its line, its backend's record
 * and its next hop. This file follows flows (translate, mark, give up); table.h knows
 * lines, create.h makes flows, proof.h takes those in whose client has proved itself.
 *
 * Cold cache lines of a hit: the flow's line. Shared by many flows, so usually warm:
 * backend, next hop, this CPU's counters.
 */
#ifndef XDP_FLOW_H
#define XDP_FLOW_H

#include "backend.h"
#include "close.h"
#include "forward.h"
#include "mac.h"
#include "policy.h"
#include "proof.h"
#include "rewrite.h"

/* Of flow_way_known(): not a verdict. */
#define ASK 100

/*
 * The key that a packet of this line (which has `key`) gets: DNAT and SNAT forward, both undone
 * in a reply. To a client that addressed the backend itself it shows as such.
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
	ret_to->policy = 0;
	if (view->ctl & HG_FLOW_REPLY) {
		ret_to->src = view->ctl & HG_FLOW_DIRECT ? backend->addr : backend->vip;
		ret_to->sport =
		    view->ctl & HG_FLOW_DIRECT ? backend->port : backend->vport;
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
	__u32 ctl;
	__u32 backend;
	__u16 hop; /* of a reply, remembered */
	__u8 epoch;
	__u8 spare;
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
	resolved->ctl = view.ctl;
	resolved->backend = view.backend;
	resolved->hop = view.hop;
	resolved->epoch = view.route_epoch;
	return resolved;
}

/*
 * After a route change: a reply's next hop is looked up again and remembered anew, hop, epoch
 * and reach by one CAS. The line may have become another flow's meanwhile: whoever makes a
 * line begins it with a way that its predecessor had not (insert_locked()).
 */
static __always_inline __u32 flow_reroute(const struct packet *p,
					  const struct flow_resolved *resolved,
					  __u8 epoch)
{
	__u32 hop = forward_find_hop(p, &resolved->to);
	struct hg_flow *flow = table_line(resolved->line);
	struct hg_flow found;
	__u32 old;

	if (!flow)
		return hop;
	old = *(volatile __u32 *)&flow->way;
	found.way = old;
	if (found.hop != resolved->hop || found.route_epoch != resolved->epoch ||
	    (ctl_of(flow) ^ resolved->ctl) & HG_FLOW_IDENTITY)
		return hop;
	found.hop = hop;
	found.route_epoch = epoch;
	__sync_val_compare_and_swap(&flow->way, old, found.way);
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
	if (!(resolved->ctl & HG_FLOW_REPLY)) {
		if (backend->ifindex)
			return forward_pod(p, backend->ifindex);
		return forward(p, &resolved->to, backend->hop);
	}
	state = bpf_map_lookup_elem(&hg_state, &zero);
	if (state && (__u8)state->route_epoch != resolved->epoch)
		hop = flow_reroute(p, resolved, (__u8)state->route_epoch);
	return forward(p, &resolved->to, hop);
}

/* Record that this direction was seen, and with what. PASS: it is another machine's (mac.h). */
static __always_inline int flow_touch(const struct packet *p,
				      const struct flow_view *view)
{
	struct hg_flow *flow = table_line(view->line);
	__u32 fresh = p->seen & ~view->ctl & HG_FLOW_SEEN;
	__u32 slow = (p->seen & (HG_FLOW_FIN | HG_FLOW_RST)) |
		     (view->ctl & (HG_FLOW_RST | HG_FLOW_ASKED));

	if (!flow)
		return NEXT;
	if (flow->seen != (p->now & HG_TICK_MASK)) {
		if (!mac_is_own(p) && !mac_is_ours(p))
			return PASS;
		flow->seen = p->now;
	}
	if (fresh | slow)
		flow_close_by(p, view->line, view->ctl);
	else if (p->key.protocol == IPPROTO_TCP && p->seen & HG_FLOW_ACK &&
		 !(view->ctl & HG_FLOW_ENDING) && !(view->line & LINE_EMBRYO))
		flow_acknowledge(flow, p->ack);
	return NEXT;
}

/* Has a flow ended, so that a SYN may replace it? enum flow_end. */
__noinline int flow_ended(__u32 line, __u32 ctl)
{
	struct hg_flow *flow = table_line(line);

	return flow ? line_end(flow, line, ctl) : FLOW_CLOSED;
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
	if (p->seen & HG_FLOW_SYN)
		flow_expect(p, &view);
	return 0;
}

/*
 * A line was judged in this epoch. When it has become another flow's under our hands, that one
 * is judged again rather than not at all.
 */
static __always_inline void line_stamp(struct hg_flow *flow, __u32 ctl, __u32 state)
{
	if ((ctl_of(flow) ^ ctl) & HG_FLOW_IDENTITY)
		return;
	*(volatile __u16 *)&flow->key.policy = (__u16)state;
	/* A full barrier: the store is seen before ctl is read. */
	if ((__sync_fetch_and_or(&flow->ctl, 0) ^ ctl) & HG_FLOW_IDENTITY)
		*(volatile __u16 *)&flow->key.policy = (__u16)(state ^ HG_POLICY_EPOCH);
}

/* Both lines of a flow were judged in this epoch. */
static __always_inline void flow_stamp(const struct flow_view *view, __u32 state)
{
	struct hg_flow *flow = table_line(view->line);
	struct hg_flow *other =
	    view->partner == LINE_NONE ? 0 : table_line(view->partner);
	__u32 other_ctl = other ? ctl_of(other) : 0;

	order_loads();
	if (flow)
		line_stamp(flow, view->ctl, state);
	if (other && partner_of(other, view->partner) == view->line)
		line_stamp(other, other_ctl, state);
}

/* The question that a packet's flow asks anew. */
static __always_inline struct policy_question *
flow_question(const struct packet *p, const struct flow_view *view, __u32 state)
{
	struct hg_backend *backend = backend_of(view->backend);
	const struct hg_flow_key *key = &p->key;

	if (view->ctl & HG_FLOW_REPLY)
		return policy_ask(&view->client, &key->src, key->protocol, key->sport,
				  state);
	return policy_ask(&key->src, backend ? &backend->addr : &key->dst, key->protocol,
			  backend ? backend->port : key->dport, state);
}

/*
 * Policy has changed since the flow was judged: its packet, of either direction, asks again.
 * 0, or -reason, and the flow is gone.
 */
static __noinline int flow_rejudge(struct packet *p, __u32 line, __u32 state)
{
	struct policy_question *question;
	struct flow_view view = {};
	int r = 0;

	if (!table_read(line, &p->key, &view))
		return -HG_REASON_flow_contended;
	if (state & HG_POLICY_ON && view.backend != HG_FLOW_FROM_NODE) {
		question = flow_question(p, &view, state);
		r = question ? policy_decide(question) : -HG_REASON_flow_contended;
	}
	if (r < 0)
		flow_close(view.line, view.ctl);
	else
		flow_stamp(&view, state);
	return r;
}

/* UDP leaves a backend that no longer serves; a new SYN begins anew after an end. */
static __always_inline int flow_begins_anew(const struct packet *p,
					    const struct flow_view *view,
					    const struct hg_backend *backend)
{
	if (!p->is_new || view->ctl & HG_FLOW_REPLY)
		return 0;
	if (p->key.protocol == IPPROTO_UDP)
		return backend->flags & HG_BACKEND_MOVE_UDP &&
		       !(view->ctl & HG_FLOW_DIRECT);
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
	__u32 state;
	int r;

	if (!table_find(&p->key, p->hash, ret_view))
		return NEXT;
	backend = backend_of(ret_view->backend);
	if (!backend && !hg_backend_index(ret_view->backend))
		return PASS; /* through no Service: direct.h */
	if (!backend || flow_begins_anew(p, ret_view, backend)) {
		if (!mac_is_ours(p))
			return PASS;
		flow_close(ret_view->line, ret_view->ctl);
		return backend || p->is_new ? NEXT : -HG_REASON_backend_gone;
	}
	state = policy_state();
	if (policy_is_stale(state, ret_view->policy)) {
		r = flow_rejudge(p, ret_view->line, state);
		if (r < 0)
			return r;
	}
	if (!(ret_view->line & LINE_EMBRYO))
		return flow_touch(p, ret_view) == PASS ? PASS : FOUND;
	if (!mac_is_ours(p))
		return PASS;
	if (flow_embryonic(p, ret_view->line) == -HG_REASON_flow_table_full)
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
	stats_count(hg_backend_index(view->backend), !!(view->ctl & HG_FLOW_REPLY),
		    p->length);
	rewrite(p, &to);
	return SEND;
}

#endif
