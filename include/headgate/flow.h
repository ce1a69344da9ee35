/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Lines of the flow table, which the datapath writes and the control process sweeps and lists: one
 * line is one direction of one flow and exactly one cache line. Part of the contract (abi.h).
 */
#ifndef HEADGATE_FLOW_H
#define HEADGATE_FLOW_H

#include <headgate/addr.h>

#define HG_CACHE_LINE 64
/* Coarse time: CLOCK_MONOTONIC_COARSE in ns >> HG_TICK_SHIFT, i.e. units of 0.268 s. */
#define HG_TICK_SHIFT	  28
#define HG_TICKS(seconds) ((__u32)(((seconds)*1000000000ULL) >> HG_TICK_SHIFT))

/*
 * hg_flows, hg_embryos: ARRAY of struct hg_flow. MMAPABLE. One line = one direction of
 * one flow. Written by the datapath; the sweeper frees. The protocol of a line is
 * described at the top of xdp/line.h. hg_embryos holds flows whose client has not proved
 * itself. A line also carries `reach`, which belongs to the *home* line, not to its
 * tenant.
 */
struct hg_flow_key {
	struct hg_addr src;
	struct hg_addr dst; /* in a SNAT reply key: the client's address (not compared) */
	union {
		struct {
			__be16 sport;
			__be16 dport;
		};
		__u32 ports;
	};
	__u8 protocol;
	__u8 snat;    /* != 0: SNAT reply key; the packet's dst is hg_snat[snat] */
	__u16 policy; /* epoch in which policy has judged the flow; no part of the key */
};

#define HG_FLOW_WINDOW	 32U /* hg_flows: lines probed from the home line on */
#define HG_EMBRYO_WINDOW 8U  /* hg_embryos */

/* ctl: state (bits 0-1), flags (2-15), generation (16-31). State changes by CAS only. */
enum hg_flow_ctl {
	HG_FLOW_FREE = 0,
	HG_FLOW_PENDING = 1,
	HG_FLOW_LIVE = 2,
	HG_FLOW_STATE = 3,	/* mask */
	HG_FLOW_REPLY = 1 << 2, /* this line is the reply direction */
	HG_FLOW_SYN = 1 << 3,	/* seen in this direction (TCP; SCTP: INIT / INIT-ACK) */
	HG_FLOW_ACK = 1 << 4,	/* TCP ACK; SCTP COOKIE-ECHO / COOKIE-ACK; any UDP */
	HG_FLOW_FIN = 1 << 5,	/* TCP FIN; SCTP SHUTDOWN */
	HG_FLOW_RST = 1 << 6,	/* TCP RST; SCTP ABORT */
	HG_FLOW_SEEN = HG_FLOW_SYN | HG_FLOW_ACK | HG_FLOW_FIN | HG_FLOW_RST,
};
#define HG_FLOW_GENERATION_SHIFT 16
/* A line as a reader must find it again: state and generation, not flags. */
#define HG_FLOW_IDENTITY (HG_FLOW_STATE | (0xffffU << HG_FLOW_GENERATION_SHIFT))

/*
 * backend: a flow through no Service, tracked because policy isolates one of its ends, has
 * index 0, and flags where others have their backend's generation.
 */
enum hg_flow_direct {
	HG_FLOW_FROM_NODE = 1 << 20, /* the node opened it itself: never judged */
};

/* partner: line of the other direction; its table is the same as this line's. */
#define HG_FLOW_PARTNER_NONE 0xffffffffU

struct hg_flow {
	struct hg_flow_key key;
	__u32 ctl;
	__u32 partner;
	__u32 backend; /* index | generation << HG_BACKEND_BITS */
	__u32 seen;    /* tick of the last packet; plain store */
	__be16
	    port; /* forward: source port towards the backend; reply: the client's port */
	__u8 reach; /* of keys whose home is this line: how far the farthest may lie */
	__u8 snat;  /* forward: source address hg_snat[snat], 0 = the client's own */
	__u16 hop;  /* reply: index in hg_hops, 0 = ask the FIB */
	__u8 route_epoch;
	__u8 born; /* low byte of the tick of creation (UDP: proves itself 2 s later) */
};

/*
 * hg_locks: ARRAY[HG_LOCKS] of __u32 (8 bytes apart). MMAPABLE. Lock (hash & (HG_LOCKS -
 * 1)): 0 = free, else the holder's tick | 1. One older than 2 s is taken over: its
 * holder was killed. Held by the datapath for an insert, by the sweeper to lower
 * `reach`.
 */
#define HG_LOCKS	    4096U
#define HG_LOCK_STALE_TICKS HG_TICKS(2)

_Static_assert(sizeof(struct hg_flow_key) == 40, "flow key");
_Static_assert(sizeof(struct hg_flow) == HG_CACHE_LINE, "flow: one cache line");

#endif
