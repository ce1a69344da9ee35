/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Both lines of a flow: published one after the other and freed together, so that no half of a
 * flow goes on. The protocol of a line is told in line.h.
 */
#ifndef XDP_PAIR_H
#define XDP_PAIR_H

#include "line.h"
#include "stats.h"

/*
 * PENDING → LIVE with the flags and the partner given, both words at once: the line may be
 * another flow's by now, whose partner must not change. Returns 0 when somebody freed the line
 * meanwhile.
 */
static __always_inline int table_publish(__u32 line, __u32 pending, __u32 flags,
					 __u32 partner)
{
	struct hg_flow *flow = table_line(line);
	union line_head from,
	    to = { { ctl_live(pending) | flags, partner_index(partner) } };

	_Static_assert(__builtin_offsetof(struct hg_flow, ctl) % 8 == 0 &&
			   __builtin_offsetof(struct hg_flow, partner) ==
			       __builtin_offsetof(struct hg_flow, ctl) + 4,
		       "one word of 64 bits");
	if (!flow)
		return 0;
	from = line_head(flow);
	return from.ctl == pending &&
	       __sync_val_compare_and_swap((__u64 *)&flow->ctl, from.both, to.both) ==
		   from.both;
}

/*
 * The last step of a pair: its reply line becomes LIVE, which is nobody else's to free until then
 * (line.h), but whoever has written over the forward line has freed that (insert_lost()). Returns
 * 0 when the pair is gone; then nothing is left of it.
 */
static __always_inline int pair_publish(const struct flow_order *forward, __u32 reply,
					__u32 reply_pending, __u32 reply_flags)
{
	int is_published =
	    table_publish(reply, reply_pending, reply_flags, forward->line);

	if (is_published && is_same_line(forward->line, ctl_live(forward->pending)))
		return 1;
	table_free(is_published ? reply : forward->line,
		   ctl_live(is_published ? reply_pending : forward->pending));
	return 0;
}

/* The line of a flow's other direction; LINE_NONE when it is gone, or never was. */
struct line_other {
	__u32 line, ctl;
};

/* 0 when it is not published yet. */
static __always_inline int line_other(const struct hg_flow *flow, __u32 line, __u32 ctl,
				      struct line_other *ret_other)
{
	__u32 partner = partner_of(flow, line);
	struct hg_flow *other = partner == LINE_NONE ? 0 : table_line(partner);
	union line_head head = { .both = 0 };

	if (other)
		head = line_head(other);
	ret_other->ctl = head.ctl;
	ret_other->line = LINE_NONE;
	if ((head.ctl & HG_FLOW_STATE) == HG_FLOW_LIVE &&
	    head.partner == partner_index(line))
		ret_other->line = partner;
	return ctl & HG_FLOW_REPLY || (head.ctl & HG_FLOW_STATE) != HG_FLOW_PENDING;
}

/* This CPU took a line away that was LIVE, as ctl says: the other direction goes with it.
 * Returns 1 when the flow is to be counted, which happens once. */
__noinline int other_free(__u32 ctl, __u32 line, __u32 other_ctl)
{
	struct hg_flow *flow = line == LINE_NONE ? 0 : table_line(line);
	int is_freed = flow && line_free(flow, other_ctl);

	return is_freed || !(ctl & HG_FLOW_REPLY);
}

/* Free both directions of the flow that a line, unless it has changed, belongs to. Returns 1
 * when this call did it. */
__noinline int flow_close(__u32 line, __u32 ctl)
{
	struct hg_flow *flow = table_line(line);
	struct line_other other;
	__u32 backend;

	if (!flow)
		return 0;
	order_loads(); /* who knows ctl has read it before */
	backend = flow->backend;
	if (!line_other(flow, line, ctl, &other) || !line_free(flow, ctl))
		return 0;
	if (other_free(ctl, other.line, other.ctl))
		stats_closed(hg_backend_index(backend));
	return 1;
}

#endif
