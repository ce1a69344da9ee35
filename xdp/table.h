/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Insertion into the flow table, under the key's lock: nobody else has the key, a line is
 * claimed (claim.h), written and published. The protocol of a line is told in line.h.
 */
#ifndef XDP_TABLE_H
#define XDP_TABLE_H

#include "claim.h"

/* All but the partner, which comes when the line is published. */
static __always_inline void line_write(struct hg_flow *flow, const struct hg_flow *from)
{
	flow->seen = from->seen;
	flow->key = from->key;
	flow->backend = from->backend;
	flow->port = from->port;
	flow->hop = from->hop;
	flow->route_epoch = from->route_epoch;
	hg_flow_set_proof(flow, hg_flow_proof(from));
}

/*
 * A reply's way that is not known, or no more, becomes a number that no tenant of the line had
 * before: no next hop has one so high, and no other generation this one. So who looks a way up
 * for the last tenant (flow_reroute()) does not find it here.
 */
static __always_inline void line_forget_way(struct hg_flow *flow, __u32 pending)
{
	__u32 zero = 0;
	struct hg_state *state = bpf_map_lookup_elem(&hg_state, &zero);

	if (!state || (__u8)state->route_epoch != flow->route_epoch)
		flow->hop = pending >> HG_FLOW_GENERATION_SHIFT | 1U << 15;
}

/*
 * Free a line that was left PENDING: whoever makes it was stopped for two seconds, and its
 * lock was taken from it. Its publication fails. Returns 1 when the line was such a one.
 */
static __always_inline int line_is_left(__u32 line, __u32 now)
{
	struct hg_flow *flow = table_line(line);
	__u32 ctl = flow ? ctl_of(flow) : HG_FLOW_FREE;

	return flow && (ctl & HG_FLOW_STATE) == HG_FLOW_PENDING &&
	       line_age(flow, now) > HG_FLOW_LEFT_TICKS && line_free(flow, ctl);
}

static __always_inline __u32 insert_search(const struct flow_order *order, __u32 home)
{
	__u32 line;

	if (!table_may_have(home))
		return LINE_NONE;
	line = table_search_all(&order->flow.key, home);
	/* Who found no way to a line that was left has made another one, behind it. */
	if (line != LINE_NONE && line_is_left(line, order->flow.seen))
		line = table_search_all(&order->flow.key, home);
	return line;
}

/*
 * Who has the order's key already, in either table. A line that moves has it in hg_embryos
 * itself, unless its flow has ended.
 */
static __always_inline __u32 insert_rival(const struct flow_order *order, __u32 home)
{
	__u32 line = insert_search(order, home);

	if (line != LINE_NONE)
		return line;
	if (order->from != LINE_NONE)
		return is_same_line(order->from, order->from_ctl) ? LINE_NONE
								  : order->from;
	return insert_search(order, table_home(order->hash, order->table ^ LINE_EMBRYO));
}

/*
 * Stopped for two seconds, an insert has lost its lock or its line, and may have written into
 * one that is another flow's: that one ends rather than goes on with what is not its own.
 */
static __always_inline int insert_lost(const struct flow_order *order)
{
	struct hg_flow *flow = table_line(order->line);
	__u32 ctl = flow ? ctl_of(flow) : HG_FLOW_FREE, state = ctl & HG_FLOW_STATE;

	if (state == HG_FLOW_LIVE && flow_close(order->line, ctl))
		return -HG_REASON_flow_contended;
	/* Half a flow: who publishes the other half finds this one gone. */
	if (state != HG_FLOW_FREE)
		table_free(order->line, ctl);
	return -HG_REASON_flow_contended;
}

/*
 * Who loses the lock may have written over a reach that has grown since. The largest is always
 * safe, and the sweeper lowers it.
 */
static __always_inline void insert_unlock(const struct flow_order *order, __u32 *lock,
					  __u32 mine)
{
	struct hg_flow *home;

	if (__sync_val_compare_and_swap(lock, mine, 0) == mine)
		return;
	home = table_line(table_home(order->hash, order->table));
	if (home)
		home->reach = (order->table ? HG_EMBRYO_WINDOW : HG_FLOW_WINDOW) - 1;
}

/*
 * With the key's lock held, as long as *lock is `mine`: who was stopped in here for two seconds
 * has lost it, and what it has not published by then it gives up.
 */
static __always_inline int insert_locked(struct flow_order *order, __u32 *lock,
					 __u32 mine)
{
	__u32 home = table_home(order->hash, order->table);
	__u32 mask = order->table ? hg_config.embryo_mask : hg_config.flow_mask;
	__u32 line = insert_rival(order, home), distance, pending;
	struct hg_flow *flow;

	if (line != LINE_NONE) {
		order->line = line;
		return -TABLE_EXISTS;
	}
	line = claim_line(home, order->flow.seen, &pending);
	flow = table_line(line);
	if (line == LINE_NONE || !flow)
		return -HG_REASON_flow_table_full;
	line_write(flow, &order->flow);
	if (order->flow.ctl & HG_FLOW_REPLY)
		line_forget_way(flow, pending);
	distance = (line - home) & mask;
	flow = table_line(home);
	if (flow && distance > flow->reach)
		flow->reach = distance;
	order->line = line;
	order->pending = pending;
	barrier();
	if (*(volatile __u32 *)lock != mine || !is_same_line(line, pending))
		return insert_lost(order);
	if ((order->flow.ctl & HG_FLOW_STATE) == HG_FLOW_LIVE &&
	    !table_publish(line, pending, order->flow.ctl, order->flow.partner))
		return insert_lost(order);
	return 0;
}

/*
 * Insert a line. 0; -TABLE_EXISTS with order->line = who has the key;
 * -HG_REASON_flow_table_full; -HG_REASON_flow_contended.
 */
__noinline int table_insert(struct flow_order *order)
{
	__u32 index, mine, held = 0;
	__u32 *lock;
	int r;

	if (!order)
		return -HG_REASON_flow_contended;
	index = (__u32)order->hash & (HG_LOCKS - 1);
	mine = hg_lock_holder(order->flow.seen, bpf_get_smp_processor_id() + 1);
	lock = bpf_map_lookup_elem(&hg_locks, &index);
	if (!lock)
		return -HG_REASON_flow_contended;
	for (int i = 0; i < LOCK_TRIES; i++) {
		held = __sync_val_compare_and_swap(lock, 0, mine);
		if (held == 0)
			break;
		/* Its holder was killed (a sweeper), or its CPU stands still. */
		if (hg_lock_age(mine, held) > (__s32)HG_LOCK_STALE_TICKS &&
		    __sync_val_compare_and_swap(lock, held, mine) == held) {
			held = 0;
			break;
		}
	}
	if (held)
		return -HG_REASON_flow_contended;
	r = insert_locked(order, lock, mine);
	insert_unlock(order, lock, mine);
	return r;
}

#endif
