/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The flow table: lines of one cache line each in two arrays (hg_flows, hg_embryos),
 *linear probing from a key's home line. This file knows lines and their protocol, not
 *what a flow means (flow.h does).
 *
 * A line's ctl holds state, flags, generation; state and flags change by CAS only.
 *   insert  under the key's lock (one of HG_LOCKS; it covers both tables): search the
 *key; claim FREE → PENDING by CAS; write key and payload; raise the home line's reach;
 *PENDING → LIVE by CAS, a full barrier. One lock at a time: a pair is inserted reply
 *first (left PENDING), then forward, then the reply is published. read    ctl, key,
 *payload copied, ctl again: only LIVE with the same generation counts. free    CAS to
 *FREE with the next generation, so that a reader that holds the old one misses. seen is
 *the only plain store into a LIVE line; a lost one costs a quarter of a second of age.
 * Plain loads suffice on x86-64, where loads are not reordered with loads.
 *
 * Functions that take no struct packet are global: the verifier looks at them once, not
 *per caller.
 *
 * Cold cache lines: hit 1, miss 1 per table as long as the home line's reach is 0.
 */
#ifndef XDP_TABLE_H
#define XDP_TABLE_H

#include <headgate/hash.h>
#include "maps.h"
#include "stats.h"

#define LINE_EMBRYO  (1U << 30) /* the line is in hg_embryos */
#define LINE_NONE    HG_FLOW_PARTNER_NONE
#define LOCK_TRIES   64
#define CAS_TRIES    4
#define TABLE_EXISTS 1000 /* above every reason */

#define barrier() asm volatile("" ::: "memory")

/* A line as it stood at one instant. */
struct flow_view {
	struct hg_addr client; /* the key's dst: of a reply line, the client */
	__u32 line;
	__u32 ctl;
	__u32 partner;
	__u32 backend;
	__be16 port;
	__u8 snat;
	__u8 born;
	__u16 hop;
	__u8 route_epoch;
	__u8 spare;
};

/* An insertion: the line as it shall stand, and where. */
struct flow_order {
	struct hg_flow
	    flow; /* ctl: state and flags wanted; generation and reach are the table's */
	__u64 hash;
	__u32 table;   /* 0 or LINE_EMBRYO */
	__u32 line;    /* out: where it lies, or where its key exists already */
	__u32 pending; /* out: its ctl while PENDING */
	__u32 moves;   /* from hg_embryos to hg_flows: the key may exist in the former */
};

static __always_inline struct hg_flow *table_line(__u32 line)
{
	__u32 index;

	if (line & LINE_EMBRYO) {
		index = line & hg_config.embryo_mask;
		return bpf_map_lookup_elem(&hg_embryos, &index);
	}
	index = line & hg_config.flow_mask;
	return bpf_map_lookup_elem(&hg_flows, &index);
}

static __always_inline __u32 line_after(__u32 home, __u32 distance)
{
	__u32 mask = home & LINE_EMBRYO ? hg_config.embryo_mask : hg_config.flow_mask;

	return ((home + distance) & mask) | (home & LINE_EMBRYO);
}

static __always_inline __u32 table_home(__u64 hash, __u32 table)
{
	__u32 mask = table ? hg_config.embryo_mask : hg_config.flow_mask;

	return ((__u32)hash & mask) | table;
}

static __always_inline __u32 ctl_of(const struct hg_flow *flow)
{
	return *(const volatile __u32 *)&flow->ctl;
}

static __always_inline int key_matches(const struct hg_flow_key *line,
				       const struct hg_flow_key *key)
{
	if (*(const __u64 *)&line->ports != *(const __u64 *)&key->ports)
		return 0;
	if (!addr_equal(&line->src, &key->src))
		return 0;
	return key->snat || addr_equal(&line->dst, &key->dst);
}

/* Index of a line's (or view's) backend field; the rest is the generation. */
static __always_inline __u32 backend_index(__u32 backend)
{
	return backend & ((1U << HG_BACKEND_BITS) - 1);
}

/* The line that holds a key, from home on, PENDING or LIVE; LINE_NONE when there is none.
 */
__noinline __u32 table_search(const struct hg_flow_key *key, __u32 home)
{
	struct hg_flow *flow = table_line(home);
	__u32 reach, line = home;

	if (!flow || !key)
		return LINE_NONE;
	reach = *(volatile __u8 *)&flow->reach;
	for (__u32 i = 0; i < HG_FLOW_WINDOW; i++) {
		if ((ctl_of(flow) & HG_FLOW_STATE) != HG_FLOW_FREE &&
		    key_matches(&flow->key, key))
			return line;
		if (i >= reach)
			break;
		line = line_after(home, i + 1);
		flow = table_line(line);
		if (!flow)
			break;
	}
	return LINE_NONE;
}

/* Copy a line; 0 when it is no longer (or not yet) LIVE under this key. */
static __always_inline int table_read(__u32 line, const struct hg_flow_key *key,
				      struct flow_view *ret_view)
{
	struct hg_flow *flow = table_line(line);
	int same;

	if (!flow)
		return 0;
	ret_view->ctl = ctl_of(flow);
	barrier();
	same = key_matches(&flow->key, key);
	ret_view->line = line;
	ret_view->client = flow->key.dst;
	ret_view->partner = flow->partner;
	ret_view->backend = flow->backend;
	ret_view->port = flow->port;
	ret_view->snat = flow->snat;
	ret_view->born = flow->born;
	ret_view->hop = flow->hop;
	ret_view->route_epoch = flow->route_epoch;
	barrier();
	if (!same || (ret_view->ctl & HG_FLOW_STATE) != HG_FLOW_LIVE)
		return 0;
	return ((ctl_of(flow) ^ ret_view->ctl) & HG_FLOW_IDENTITY) == 0;
}

/* A LIVE line by key, in the main table first: a moving flow is in both for an instant.
 */
static __always_inline int table_find(const struct hg_flow_key *key, __u64 hash,
				      struct flow_view *ret_view)
{
	__u32 line = table_search(key, table_home(hash, 0));

	if (line != LINE_NONE && table_read(line, key, ret_view))
		return 1;
	line = table_search(key, table_home(hash, LINE_EMBRYO));
	return line != LINE_NONE && table_read(line, key, ret_view);
}

/* Add flags to a line that still is what it was. Returns 1 when that was done. */
__noinline int table_mark(__u32 line, __u32 ctl, __u32 flags)
{
	struct hg_flow *flow = table_line(line);
	__u32 now = ctl;

	for (int i = 0; i < CAS_TRIES; i++) {
		if (!flow || ((now ^ ctl) & HG_FLOW_IDENTITY))
			return 0;
		ctl = now;
		now = __sync_val_compare_and_swap(&flow->ctl, ctl, ctl | flags);
		if (now == ctl)
			return 1;
	}
	return 0;
}

static __always_inline __u32 ctl_free(__u32 ctl)
{
	return ((ctl >> HG_FLOW_GENERATION_SHIFT) + 1) << HG_FLOW_GENERATION_SHIFT;
}

static __always_inline int line_free(struct hg_flow *flow, __u32 ctl)
{
	__u32 now = ctl;

	for (int i = 0; i < CAS_TRIES; i++) {
		if ((now ^ ctl) & HG_FLOW_IDENTITY)
			return 0;
		ctl = now;
		now = __sync_val_compare_and_swap(&flow->ctl, ctl, ctl_free(ctl));
		if (now == ctl)
			return 1;
	}
	return 0;
}

/* Free a line that still has this identity. Returns 1 when this call did it. */
__noinline int table_free(__u32 line, __u32 ctl)
{
	struct hg_flow *flow = table_line(line);

	return flow && line_free(flow, ctl);
}

/*
 * This CPU took a line away that was LIVE: free the other direction with it, so that no
 * half of a flow goes on, and count the flow once.
 */
__noinline int pair_closed(__u32 line, __u32 ctl, __u32 partner, __u32 backend)
{
	struct hg_flow *other = partner == LINE_NONE ? 0 : table_line(partner);
	int closed = !(ctl & HG_FLOW_REPLY);
	__u32 other_ctl;

	if (other) {
		other_ctl = ctl_of(other);
		barrier();
		if (other->partner == line && (other_ctl & HG_FLOW_STATE) == HG_FLOW_LIVE)
			closed |= line_free(other, other_ctl);
	}
	if (closed)
		stats_closed(backend_index(backend));
	return closed;
}

/* Free both directions of a flow. */
static __always_inline void table_free_pair(const struct flow_view *view)
{
	if (table_free(view->line, view->ctl))
		pair_closed(view->line, view->ctl, view->partner, view->backend);
}

/* ---- claiming a line ---- */

static __always_inline int line_claim(struct hg_flow *flow, __u32 ctl, __u32 *ret_pending)
{
	__u32 next = (ctl & HG_FLOW_STATE) == HG_FLOW_FREE
			 ? (ctl & ~HG_FLOW_STATE & ~HG_FLOW_SEEN & ~HG_FLOW_REPLY)
			 : ctl_free(ctl);

	next |= HG_FLOW_PENDING;
	if (__sync_val_compare_and_swap(&flow->ctl, ctl, next) != ctl)
		return 0;
	*ret_pending = next;
	return 1;
}

/* The time-out of one line by what its own direction has seen; both directions must be
 * idle. */
static __always_inline __u32 line_timeout(const struct hg_flow *flow, __u32 ctl)
{
	if ((ctl & HG_FLOW_STATE) == HG_FLOW_PENDING)
		return HG_TICKS(2);
	if (flow->key.protocol == 17)
		return hg_config.timeout[HG_TIMEOUT_UDP_STREAM];
	if (flow->key.protocol == 132)
		return hg_config.timeout[HG_TIMEOUT_SCTP];
	if (ctl & HG_FLOW_RST)
		return hg_config.timeout[HG_TIMEOUT_RST];
	if (ctl & HG_FLOW_FIN)
		return hg_config.timeout[HG_TIMEOUT_FIN];
	return hg_config.timeout[HG_TIMEOUT_ESTABLISHED];
}

static __always_inline int line_is_idle(const struct hg_flow *flow, __u32 ctl, __u32 now)
{
	const struct hg_flow *other;
	__u32 timeout = line_timeout(flow, ctl);

	if (now - flow->seen <= timeout)
		return 0;
	if (flow->partner == LINE_NONE || (ctl & HG_FLOW_STATE) == HG_FLOW_PENDING)
		return 1;
	other = table_line(flow->partner);
	return !other || now - other->seen > timeout;
}

/* A FREE line of the window. */
static __noinline __u32 claim_free(__u32 home, __u32 window, __u32 *ret_pending)
{
	for (__u32 i = 0; i < HG_FLOW_WINDOW; i++) {
		__u32 line = line_after(home, i), ctl;
		struct hg_flow *flow = table_line(line);

		if (!flow || i >= window)
			break;
		ctl = ctl_of(flow);
		if ((ctl & HG_FLOW_STATE) == HG_FLOW_FREE &&
		    line_claim(flow, ctl, ret_pending))
			return line;
	}
	return LINE_NONE;
}

/* Claim a line whatever it holds; a flow that it belonged to ends in both directions. */
static __always_inline int claim_over(__u32 line, struct hg_flow *flow, __u32 ctl,
				      __u32 *ret_pending)
{
	__u32 partner = flow->partner, backend = flow->backend;

	if (!line_claim(flow, ctl, ret_pending))
		return 0;
	if ((ctl & HG_FLOW_STATE) == HG_FLOW_LIVE)
		pair_closed(line, ctl, partner, backend);
	return 1;
}

/* No line is free and nobody sweeps: one whose time-out has passed. */
static __noinline __u32 claim_idle(__u32 home, __u32 now, __u32 *ret_pending)
{
	for (__u32 i = 0; i < HG_FLOW_WINDOW; i++) {
		__u32 line = line_after(home, i), ctl;
		struct hg_flow *flow = table_line(line);

		if (!flow)
			break;
		ctl = ctl_of(flow);
		if (line_is_idle(flow, ctl, now) &&
		    claim_over(line, flow, ctl, ret_pending))
			return line;
	}
	return LINE_NONE;
}

/* Embryonic flows do not prevent new ones: the least recently seen makes room. */
static __noinline __u32 claim_oldest(__u32 home, __u32 now, __u32 *ret_pending)
{
	__u32 oldest = LINE_NONE, age = 0, ctl;
	struct hg_flow *flow;

	for (__u32 i = 0; i < HG_EMBRYO_WINDOW; i++) {
		__u32 line = line_after(home, i);

		flow = table_line(line);
		if (!flow)
			return LINE_NONE;
		ctl = ctl_of(flow);
		if ((ctl & HG_FLOW_STATE) == HG_FLOW_PENDING &&
		    now - flow->seen <= HG_TICKS(2))
			continue;
		if (oldest == LINE_NONE || now - flow->seen > age) {
			oldest = line;
			age = now - flow->seen;
		}
	}
	if (oldest == LINE_NONE)
		return LINE_NONE;
	flow = table_line(oldest);
	if (!flow)
		return LINE_NONE;
	ctl = ctl_of(flow);
	return claim_over(oldest, flow, ctl, ret_pending) ? oldest : LINE_NONE;
}

static __always_inline __u32 claim_line(__u32 home, __u32 now, __u32 *ret_pending)
{
	__u32 window = home & LINE_EMBRYO ? HG_EMBRYO_WINDOW : HG_FLOW_WINDOW;
	__u32 line = claim_free(home, window, ret_pending);

	if (line != LINE_NONE)
		return line;
	if (home & LINE_EMBRYO)
		return claim_oldest(home, now, ret_pending);
	return claim_idle(home, now, ret_pending);
}

/* ---- inserting ---- */

static __always_inline void line_write(struct hg_flow *flow, const struct hg_flow *from)
{
	flow->seen = from->seen;
	flow->key = from->key;
	flow->partner = from->partner;
	flow->backend = from->backend;
	flow->port = from->port;
	flow->snat = from->snat;
	flow->hop = from->hop;
	flow->route_epoch = from->route_epoch;
	flow->born = from->born;
}

/* PENDING → LIVE with the flags given. Returns 0 when somebody freed the line meanwhile.
 */
static __always_inline int table_publish(__u32 line, __u32 pending, __u32 flags)
{
	struct hg_flow *flow = table_line(line);
	__u32 live = (pending & ~HG_FLOW_STATE) | flags | HG_FLOW_LIVE;

	if (!flow)
		return 0;
	return __sync_val_compare_and_swap(&flow->ctl, pending, live) == pending;
}

/* With the key's lock held. */
static __always_inline int insert_locked(struct flow_order *order)
{
	__u32 home = table_home(order->hash, order->table);
	__u32 other = table_home(order->hash, order->table ^ LINE_EMBRYO);
	__u32 mask = order->table ? hg_config.embryo_mask : hg_config.flow_mask;
	__u32 line = table_search(&order->flow.key, home), distance, pending;
	struct hg_flow *flow;

	if (line == LINE_NONE && !order->moves)
		line = table_search(&order->flow.key, other);
	if (line != LINE_NONE) {
		order->line = line;
		return -TABLE_EXISTS;
	}
	line = claim_line(home, order->flow.seen, &pending);
	flow = table_line(line);
	if (line == LINE_NONE || !flow)
		return -HG_REASON_flow_table_full;
	line_write(flow, &order->flow);
	distance = (line - home) & mask;
	flow = table_line(home);
	if (flow && distance > flow->reach)
		flow->reach = distance;
	order->line = line;
	order->pending = pending;
	barrier();
	if ((order->flow.ctl & HG_FLOW_STATE) == HG_FLOW_LIVE &&
	    !table_publish(line, pending, order->flow.ctl))
		return -HG_REASON_flow_contended;
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
	mine = order->flow.seen | 1;
	lock = bpf_map_lookup_elem(&hg_locks, &index);
	if (!lock)
		return -HG_REASON_flow_contended;
	for (int i = 0; i < LOCK_TRIES; i++) {
		held = __sync_val_compare_and_swap(lock, 0, mine);
		if (held == 0)
			break;
		/* Its holder was killed: a sweeper's lock, since programs run to their
		 * end. */
		if ((__s32)(mine - held) > (__s32)HG_LOCK_STALE_TICKS &&
		    __sync_val_compare_and_swap(lock, held, mine) == held) {
			held = 0;
			break;
		}
	}
	if (held)
		return -HG_REASON_flow_contended;
	r = insert_locked(order);
	__sync_lock_test_and_set(lock, 0);
	return r;
}

#endif
