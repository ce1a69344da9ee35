/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * proof: an embryonic flow whose client shows that it hears us moves to the main table,
 * which no flood of forged packets reaches.
 */
#ifndef XDP_PROOF_H
#define XDP_PROOF_H

#include <linux/in.h>
#include "close.h"
#include "packet.h"
#include "table.h"

/* What the other end must show after this packet that opens, see hg_flow_proof(). */
static __always_inline __u32 proof_asked(const struct packet *p)
{
	const __be32 *head = packet_at(p, p->l4, 20);

	if (!head || p->key.protocol == IPPROTO_UDP)
		return p->now;
	if (p->key.protocol == IPPROTO_SCTP)
		return host32(head[4]); /* INIT, INIT-ACK: Initiate Tag */
	return host32(head[1]) + !!(p->seen & HG_FLOW_SYN);
}

/*
 * Does a packet bear the number that its direction was asked for? TCP: or one up to `beyond`
 * ahead, behind data.
 */
static __always_inline int flow_shows(const struct packet *p,
				      const struct flow_view *view, __u32 beyond)
{
	const __be32 *sctp;

	if (p->key.protocol == IPPROTO_TCP)
		return proof_gap(view->proof, p->ack) <= beyond;
	sctp = packet_at(p, p->l4, 8);
	return sctp && !proof_gap(view->proof, host32(sctp[1]));
}

/*
 * A SYN, SYN/ACK, INIT or INIT-ACK of a flow that is not proved yet asks the other end for a
 * number. An answer that does not itself bear what it was asked for is somebody else's.
 */
static __always_inline void flow_expect(const struct packet *p,
					const struct flow_view *view)
{
	struct hg_flow *other =
	    view->partner == LINE_NONE ? 0 : table_line(view->partner);
	__u32 other_ctl = other ? ctl_of(other) : 0;

	order_loads();
	if (!other || partner_of(other, view->partner) != view->line)
		return;
	if (view->ctl & HG_FLOW_REPLY) {
		if (!flow_shows(p, view, 0))
			return;
		hg_flow_set_proof(other, proof_asked(p));
		barrier();
		table_mark(view->partner, other_ctl, HG_FLOW_ASKED, 0);
		return;
	}
	/* A SYN once more, perhaps with another number: the last one counts. */
	if (p->is_new)
		hg_flow_set_proof(other, proof_asked(p));
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
	if (p->key.protocol == IPPROTO_UDP &&
	    hg_flow_age(p->now, view->proof) < HG_TICKS(2))
		return 0;
	reply = view->partner == LINE_NONE ? 0 : table_line(view->partner);
	if (!reply || partner_of(reply, view->partner) != view->line)
		return 0;
	/* nat mode, inside a connection: there was no SYN/ACK to acknowledge. */
	if (p->key.protocol != IPPROTO_UDP && ctl_of(reply) & HG_FLOW_SYN &&
	    !(view->ctl & HG_FLOW_ASKED && flow_shows(p, view, 0xffff)))
		return 0;
	/* A SYN/ACK, INIT-ACK or datagram has passed the other way, no refusal. */
	return ctl_of(reply) & (HG_FLOW_SYN | HG_FLOW_ACK) &&
	       !(ctl_of(reply) & HG_FLOW_RESET);
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
	order_loads();
	order->flow = *flow;
	order_loads();
	order->flow.seen = now;
	order->flow.ctl =
	    order->from_ctl & (HG_FLOW_SEEN | HG_FLOW_REPLY | HG_FLOW_DIRECT);
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
		stats_created(hg_backend_index(view->backend));
}

/*
 * The client proved itself: move both lines from hg_embryos to hg_flows, reply first, and free
 * the old ones once the new ones are LIVE. Readers look in hg_flows, in hg_embryos and in
 * hg_flows again: table_locate(). 0, also when another CPU moves or ends it; -reason when the
 * main table has no room.
 */
static __always_inline int flow_promote(const struct packet *p,
					const struct flow_view *view)
{
	__u32 reply_line, reply_pending, reply_flags, reply_ctl;
	struct flow_order *order = order_fresh();
	int r;

	if (!order || !order_from_line(view->partner, view->line, p->now, order))
		return 0;
	/* Both lines may have become another flow's, with the roles exchanged. */
	if (!(order->from_ctl & HG_FLOW_REPLY))
		return 0;
	reply_ctl = order->from_ctl;
	reply_flags = order->flow.ctl;
	r = flow_move(order, HG_FLOW_PENDING, LINE_NONE);
	if (r < 0)
		return r == -TABLE_EXISTS ? 0 : r;
	reply_line = order->line;
	reply_pending = order->pending;
	r = -TABLE_EXISTS;
	if (order_from_line(view->line, view->partner, p->now, order) &&
	    !((order->from_ctl ^ view->ctl) & HG_FLOW_IDENTITY)) {
		if (p->key.protocol == IPPROTO_TCP)
			hg_flow_set_proof(&order->flow, p->ack);
		r = flow_move(order, HG_FLOW_LIVE | p->seen, reply_line);
	}
	if (r < 0) {
		table_free(reply_line, reply_pending);
		return r == -TABLE_EXISTS ? 0 : r;
	}
	if (!pair_publish(order, reply_line, reply_pending, reply_flags))
		return 0;
	embryos_free(view, reply_ctl);
	if (p->seen & HG_FLOW_FIN)
		flow_close_by(p, order->line, ctl_live(order->pending));
	return 0;
}

#endif
