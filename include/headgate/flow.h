/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Lines of the flow table, which the datapath writes and the control process sweeps and lists: one
 * line is one direction of one flow and exactly one cache line. Part of the contract (abi.h).
 */
#ifndef HEADGATE_FLOW_H
#define HEADGATE_FLOW_H

#include <headgate/addr.h>

#define HG_CACHE_LINE 64
/* Coarse time: CLOCK_MONOTONIC_COARSE in ns >> HG_TICK_SHIFT, i.e. units of 67 ms. A line
 * keeps 24 bits of it: ages up to six days. */
#define HG_TICK_SHIFT	  26
#define HG_TICK_BITS	  24
#define HG_TICK_MASK	  ((1U << HG_TICK_BITS) - 1)
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

/*
 * ctl: state (bits 0-1), flags (2-15), generation (16-31). State and flags change by CAS
 * only. What a packet bears is SEEN; what ends a connection is believed only with a number
 * that its other end has shown (xdp/close.h): ENDED, RESET.
 */
enum hg_flow_ctl {
	HG_FLOW_FREE = 0,
	HG_FLOW_PENDING = 1,
	HG_FLOW_LIVE = 2,
	HG_FLOW_STATE = 3,	 /* mask */
	HG_FLOW_REPLY = 1 << 2,	 /* this line is the reply direction */
	HG_FLOW_SYN = 1 << 3,	 /* seen in this direction (TCP; SCTP: INIT / INIT-ACK) */
	HG_FLOW_ACK = 1 << 4,	 /* TCP ACK; SCTP COOKIE-ECHO / COOKIE-ACK; any UDP */
	HG_FLOW_FIN = 1 << 5,	 /* TCP FIN; SCTP SHUTDOWN */
	HG_FLOW_RST = 1 << 6,	 /* TCP RST; SCTP ABORT */
	HG_FLOW_ENDING = 1 << 7, /* TCP: proof is the end of this direction's FIN */
	HG_FLOW_ENDED = 1 << 8, /* … which was acknowledged; SCTP: a verified SHUTDOWN */
	HG_FLOW_ASKED =
	    1 << 9, /* the other direction's FIN waits for this one's ACK; of an
				     embryonic forward line: proof is known */
	HG_FLOW_RESET = 1 << 10, /* an RST or ABORT that its receiver believes */
	HG_FLOW_LEFT_FIRST =
	    1 << 11, /* SNAT reply: the backend's FIN came first, so that it
					 keeps the port in TIME_WAIT */
	HG_FLOW_DIRECT =
	    1 << 12, /* the client addressed the backend itself: only its port
				     is translated */
	HG_FLOW_SEEN = HG_FLOW_SYN | HG_FLOW_ACK | HG_FLOW_FIN | HG_FLOW_RST,
};
#define HG_FLOW_GENERATION_SHIFT 16
/* A line as a reader must find it again: state and generation, not flags. */
#define HG_FLOW_IDENTITY (HG_FLOW_STATE | (0xffffU << HG_FLOW_GENERATION_SHIFT))

/* ctl of a line given back: FREE, of the next generation. */
static inline __u32 hg_flow_ctl_free(__u32 ctl)
{
	return ((ctl >> HG_FLOW_GENERATION_SHIFT) + 1) << HG_FLOW_GENERATION_SHIFT;
}

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
	__u32 backend;		   /* index | generation << HG_BACKEND_BITS */
	__u32 seen : HG_TICK_BITS; /* tick of the last packet; plain store */
	__u32 proof_high : 8;	   /* see hg_flow_proof(); plain stores */
	__be16
	    port; /* forward: source port towards the backend; reply: the client's port */
	__u16 proof_low;
	union {
		struct {
			union {
				__u16
				    snat; /* forward: source address hg_snat[snat], 0 = the
					       client's own */
				__u16 hop; /* reply: index in hg_hops, 0 = ask the FIB */
			};
			__u8 route_epoch; /* reply: in which hop was found */
			/* Of keys whose home is this line: how far the farthest may lie. */
			__u8 reach;
		};
		__u32 way; /* the three at once */
	};
};

/*
 * proof: 24 bits that only who hears the flow can know.
 *   TCP   forward, embryonic   what the client must acknowledge: our SYN/ACK's number
 *         reply, embryonic     what the backend must acknowledge: the SYN's number
 *         either, in hg_flows  what this direction acknowledged last; while ENDING, the
 *                              end of its FIN
 *   SCTP  the verification tag of this direction
 *   UDP   forward, embryonic   tick of creation (it proves itself 2 s later)
 */
#define HG_FLOW_PROOF 0xffffffU
static inline __u32 hg_flow_proof(const struct hg_flow *flow)
{
	return flow->proof_low | (__u32)flow->proof_high << 16;
}

static inline void hg_flow_set_proof(struct hg_flow *flow, __u32 proof)
{
	flow->proof_low = (__u16)proof;
	flow->proof_high = (__u8)(proof >> 16);
}

/* Ticks from then to now, of which 24 bits are known; 0 when another CPU's clock, a tick
 * ahead, has written then. */
static inline __u32 hg_flow_age(__u32 now, __u32 then)
{
	__s32 age = (__s32)((now - then) << (32 - HG_TICK_BITS)) >> (32 - HG_TICK_BITS);

	return age > 0 ? (__u32)age : 0;
}

/* A line PENDING for longer was left so by an insert that stood still, and may be freed. */
#define HG_FLOW_LEFT_TICKS HG_TICKS(2)

/*
 * hg_locks: ARRAY[HG_LOCKS] of __u32 (8 bytes apart). MMAPABLE. Lock (hash & (HG_LOCKS -
 * 1)): 0 = free, else its holder: 20 bits of the tick, 12 that name who. One older than
 * 2 s is taken over: its holder was killed, or stands still. Held by the datapath for an
 * insert, by the sweeper to lower `reach`.
 */
#define HG_LOCKS	 4096U
#define HG_LOCK_WHO_BITS 12
#define HG_LOCK_SWEEPER	 ((1U << HG_LOCK_WHO_BITS) - 1)
static inline __u32 hg_lock_holder(__u32 tick, __u32 who)
{
	return tick << HG_LOCK_WHO_BITS | (who & HG_LOCK_SWEEPER);
}

/* How long ago, at `mine`, the holder took the lock, in ticks; negative: just now. */
static inline __s32 hg_lock_age(__u32 mine, __u32 holder)
{
	return (__s32)((mine & ~HG_LOCK_SWEEPER) - (holder & ~HG_LOCK_SWEEPER)) >>
	       HG_LOCK_WHO_BITS;
}
#define HG_LOCK_STALE_TICKS HG_TICKS(2)

_Static_assert(sizeof(struct hg_flow_key) == 40, "flow key");
_Static_assert(sizeof(struct hg_flow) == HG_CACHE_LINE, "flow: one cache line");

#endif
