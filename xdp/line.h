/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The flow table: lines of one cache line each in two arrays (hg_flows, hg_embryos), linear
 * probing from a key's home line. This file knows lines and their protocol, not what a flow
 * means (flow.h does). A line's ctl holds state, flags, generation; state and flags change
 * by CAS only.
 *
 *   insert  under the key's lock (one of HG_LOCKS; it covers both tables): search the key;
 *           claim FREE → PENDING by CAS; write key and payload; raise the home line's reach;
 *           PENDING → LIVE by CAS, a full barrier, and the partner with it. One lock at a
 *           time: a pair is inserted reply first (left PENDING), then forward, then the
 *           reply is published.
 *   read    ctl, key, payload copied, ctl again: only LIVE with the same generation counts.
 *   free    CAS to FREE with the next generation: a reader that holds the old one misses. Of a
 *           pair the other line is looked up before, and freed by its own generation: behind
 *           the first CAS both may be another flow's. A pair whose reply is still PENDING
 *           belongs to who makes it; nobody else frees it. See pair.h.
 *
 * Plain stores into a LIVE line: `seen` and `proof`, by packets of its own direction and, where a
 * flow opens or ends, `proof` of the other one: a lost one costs a tick of age, or lets an end go
 * unbelieved. key.policy and, by the sweeper, epochs that are over: a lost one has something
 * looked up again. Loads that must not overtake each other are kept apart by order.h.
 *
 * Functions that take no struct packet are global: the verifier looks at them once, not per
 * caller.
 *
 * Cold cache lines: hit 1, miss 1 per table as long as the home line's reach is 0.
 */
#ifndef XDP_LINE_H
#define XDP_LINE_H

#include <headgate/hash.h>
#include "maps.h"
#include "order.h"
#include "packet.h"

#define LINE_EMBRYO (1U << 30) /* the line is in hg_embryos */
#define LINE_NONE   HG_FLOW_PARTNER_NONE
#define LOCK_TRIES  64
#define CAS_TRIES   4
/* A closing packet of the other direction changes flags up to four times; half of a flow must
 * not stay because of that. */
#define FREE_TRIES   8
#define TABLE_EXISTS 1000 /* above every reason */

/* A line as it stood at one instant. */
struct flow_view {
	struct hg_addr client; /* the key's dst: of a reply line, the client */
	__u32 line;
	__u32 ctl;
	__u32 partner;
	__u32 backend;
	__u32 proof;
	__be16 port;
	union {
		__u16 snat;
		__u16 hop;
	};
	__u16 policy;
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
	__u32 from;    /* the line of hg_embryos that moves to hg_flows, else LINE_NONE */
	__u32 from_ctl; /* its ctl: another identity means that its flow has ended */
	/* What its port is chosen by (create.h). */
	__u32 endpoint, choice, is_new;
	/* Of those that are held, the best so far: create_search(). */
	__u32 best, best_port, best_probe;
};

HG_SCRATCH(hg_order, struct flow_order);

static __always_inline struct flow_order *order_fresh(void)
{
	struct flow_order *order = scratch(&hg_order);

	if (order)
		__builtin_memset(order, 0, sizeof(*order));
	return order;
}

/*
 * The verifier makes a lookup in an array a few instructions, but only where it knows the
 * array: the two lookups must not become one of "either map", which is a call (and an
 * indirect one). Two pieces of assembly that differ keep the compiler from that.
 */
static __always_inline struct hg_flow *table_line(__u32 line)
{
	struct hg_flow *flow;
	__u32 index;

	if (line & LINE_EMBRYO) {
		index = line & hg_config.embryo_mask;
		flow = bpf_map_lookup_elem(&hg_embryos, &index);
		asm volatile("" : "+r"(flow) : "i"(LINE_EMBRYO));
		return flow;
	}
	index = line & hg_config.flow_mask;
	flow = bpf_map_lookup_elem(&hg_flows, &index);
	asm volatile("" : "+r"(flow) : "i"(0));
	return flow;
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

/* Ticks since a line was seen. */
static __always_inline __u32 line_age(const struct hg_flow *flow, __u32 now)
{
	return hg_flow_age(now, flow->seen);
}

static __always_inline __u32 ctl_of(const struct hg_flow *flow)
{
	return *(const volatile __u32 *)&flow->ctl;
}

static __always_inline int key_matches(const struct hg_flow_key *line,
				       const struct hg_flow_key *key)
{
	if (line->ports != key->ports || line->protocol != key->protocol ||
	    line->snat != key->snat)
		return 0;
	if (!addr_equal(&line->src, &key->src))
		return 0;
	return key->snat || addr_equal(&line->dst, &key->dst);
}

/* partner holds an index in the line's own table; a line number says which table. */
static __always_inline __u32 partner_of(const struct hg_flow *flow, __u32 line)
{
	__u32 partner = flow->partner;

	return partner == LINE_NONE ? LINE_NONE : partner | (line & LINE_EMBRYO);
}

/* ctl and partner, which are published together: as they stood at one instant. */
union line_head {
	struct {
		__u32 ctl, partner;
	};
	__u64 both;
};

static __always_inline union line_head line_head(const struct hg_flow *flow)
{
	return (union line_head){ .both = *(const volatile __u64 *)&flow->ctl };
}

static __always_inline __u32 partner_index(__u32 partner)
{
	return partner == LINE_NONE ? LINE_NONE : partner & ~LINE_EMBRYO;
}

static __always_inline __u32 search_window(const struct hg_flow_key *key, __u32 home,
					   __u32 states)
{
	struct hg_flow *flow = table_line(home);
	__u32 reach, line = home;

	if (!flow || !key)
		return LINE_NONE;
	order_loads();
	reach = *(volatile __u8 *)&flow->reach;
	for (__u32 i = 0; i < HG_FLOW_WINDOW; i++) {
		if (ctl_of(flow) & states && key_matches(&flow->key, key))
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

/* The LIVE line that holds a key, from home on; LINE_NONE when there is none. */
__noinline __u32 table_search(const struct hg_flow_key *key, __u32 home)
{
	return search_window(key, home, HG_FLOW_LIVE);
}

/* Or one that is being made. */
__noinline __u32 table_search_all(const struct hg_flow_key *key, __u32 home)
{
	return search_window(key, home, HG_FLOW_LIVE | HG_FLOW_PENDING);
}

/*
 * Has a flow with this key ended here, and nobody taken its line since? Wherever in the window
 * it lay: reach may have been lowered.
 */
__noinline int table_remembers(const struct hg_flow_key *key, __u64 hash)
{
	__u32 home = table_home(hash, 0);

	if (!key)
		return 0;
	for (__u32 i = 0; i < HG_FLOW_WINDOW; i++) {
		struct hg_flow *flow = table_line(line_after(home, i));

		if (flow && (ctl_of(flow) & HG_FLOW_STATE) == HG_FLOW_FREE &&
		    key_matches(&flow->key, key))
			return 1;
	}
	return 0;
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
	order_loads();
	same = key_matches(&flow->key, key);
	ret_view->line = line;
	ret_view->client = flow->key.dst;
	ret_view->partner = partner_of(flow, line);
	ret_view->backend = flow->backend;
	ret_view->port = flow->port;
	ret_view->hop = flow->hop;
	ret_view->proof = hg_flow_proof(flow);
	ret_view->route_epoch = flow->route_epoch;
	ret_view->policy = flow->key.policy;
	order_loads();
	if (!same || (ret_view->ctl & HG_FLOW_STATE) != HG_FLOW_LIVE)
		return 0;
	return ((ctl_of(flow) ^ ret_view->ctl) & HG_FLOW_IDENTITY) == 0;
}

/* Whether a key of this home line may be in the table, after what was looked at before: the
 * search, which is a call, is worth it. */
static __always_inline int table_may_have(__u32 home)
{
	struct hg_flow *flow = table_line(home);

	order_loads();
	return flow && (*(volatile __u8 *)&flow->reach ||
			(ctl_of(flow) & HG_FLOW_STATE) != HG_FLOW_FREE);
}

/*
 * The LIVE line of a key, in either table. A flow that moves is LIVE in hg_embryos until it is
 * LIVE in hg_flows: who found it in neither looked at the one too early and at the other too
 * late, and looks again.
 */
static __always_inline __u32 table_locate(const struct hg_flow_key *key, __u64 hash)
{
	__u32 line = table_search(key, table_home(hash, 0));

	if (line == LINE_NONE)
		line = table_search(key, table_home(hash, LINE_EMBRYO));
	if (line == LINE_NONE)
		line = table_search(key, table_home(hash, 0));
	return line;
}

/*
 * A line by key, copied as it stood at one instant. Most established flows lie in their home
 * line, most unknown ones meet two empty homes: neither is even a call.
 */
static __always_inline int table_find(const struct hg_flow_key *key, __u64 hash,
				      struct flow_view *ret_view)
{
	__u32 home = table_home(hash, 0), line;

	if (table_read(home, key, ret_view))
		return 1;
	if (!table_may_have(home) && !table_may_have(table_home(hash, LINE_EMBRYO)) &&
	    !table_may_have(home))
		return 0;
	line = table_locate(key, hash);
	if (line != LINE_NONE && table_read(line, key, ret_view))
		return 1;
	/* It may have moved since it was found. */
	if (line == LINE_NONE || !(line & LINE_EMBRYO))
		return 0;
	line = table_search(key, home);
	return line != LINE_NONE && table_read(line, key, ret_view);
}

/*
 * Change flags of a LIVE line that still is what it was: whoever makes one must find its ctl as
 * he left it. Returns 1 when that was done.
 */
__noinline int table_mark(__u32 line, __u32 ctl, __u32 add, __u32 remove)
{
	struct hg_flow *flow = table_line(line);
	__u32 now = ctl;

	if ((ctl & HG_FLOW_STATE) != HG_FLOW_LIVE)
		return 0;
	for (int i = 0; i < CAS_TRIES; i++) {
		if (!flow || ((now ^ ctl) & HG_FLOW_IDENTITY))
			return 0;
		ctl = now;
		now = __sync_val_compare_and_swap(&flow->ctl, ctl, (ctl & ~remove) | add);
		if (now == ctl)
			return 1;
	}
	return 0;
}

/* Has a line kept its tenant, and its state? */
static __always_inline int is_same_line(__u32 line, __u32 ctl)
{
	struct hg_flow *flow = line == LINE_NONE ? 0 : table_line(line);

	return flow && !((ctl_of(flow) ^ ctl) & HG_FLOW_IDENTITY);
}

/* The identity that a line has once published. */
static __always_inline __u32 ctl_live(__u32 pending)
{
	return (pending & ~HG_FLOW_STATE) | HG_FLOW_LIVE;
}

static __always_inline int line_free(struct hg_flow *flow, __u32 ctl)
{
	__u32 now = ctl;

	for (int i = 0; i < FREE_TRIES; i++) {
		if ((now ^ ctl) & HG_FLOW_IDENTITY)
			return 0;
		ctl = now;
		now = __sync_val_compare_and_swap(&flow->ctl, ctl, hg_flow_ctl_free(ctl));
		if (now == ctl)
			return 1;
	}
	return 0;
}

/* Free a line that still has this identity. Returns 1 when this call did it. Global: verified
 * once. */
__noinline int table_free(__u32 line, __u32 ctl)
{
	struct hg_flow *flow = table_line(line);

	return flow && line_free(flow, ctl);
}

#endif
