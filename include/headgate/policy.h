/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * NetworkPolicy as the datapath knows it. Part of the contract (abi.h).
 *
 * The rules that apply to a pod in one direction are a rule set of up to HG_POLICY_BITS
 * bits, one bit per rule, in order of precedence. An address belongs to exactly one peer
 * class, a port to exactly one port class. What a set says of a class is a row of bits;
 * the first bit that the peer's row and the port's row share is the rule that decides.
 *
 *	set.peer_base + peer class → cell → row \
 *	                                          & → first bit = rule; none = isolated
 *	set.port_base + port class → cell → row /
 *
 * A change is built beside what is in force and switched by one store of hg_state.policy:
 *  - views of pods lie twice, by parity of the epoch: the parity not in force is free to be
 *    written;
 *  - rows, cells, sets and blocks are written while nothing in force names them;
 *  - tables of classes (ports, IPv4, IPv6) are refined in place: a new class has, in every
 *    set in force, the rows of the class that it was part of, so that the order of these
 *    stores does not matter. They lie in two banks: a control process that begins anew, and
 *    numbers classes anew, uses the bank that is not in force.
 * The datapath reads hg_state.policy once per verdict, then the views, then classes.
 */
#ifndef HEADGATE_POLICY_H
#define HEADGATE_POLICY_H

#include <headgate/addr.h>

#define HG_POLICY_BITS	512U
#define HG_POLICY_WORDS 8U

/* hg_state.policy: one word, so that a reader has all of it from one instant. */
enum hg_policy_state {
	HG_POLICY_EPOCH =
	    0xffff, /* mask; what flows remember: another epoch judges again */
	HG_POLICY_BANK = 1 << 16, /* bank of the class tables in force */
	HG_POLICY_ON = 1 << 17,	  /* a pod is selected by some policy */
	HG_POLICY_KEEP =
	    1 << 18, /* --policy-established keep: flows are not judged again */
};

/* hg_policy_rows: ARRAY of struct hg_policy_row. MMAPABLE. Row 0 is empty. */
struct hg_policy_row {
	__u64 bits[HG_POLICY_WORDS];
};

/*
 * hg_policy_cells: ARRAY of __u64, four cells each: row numbers of 16 bits, in memory order
 * of a __u16 array. MMAPABLE. peer_base and port_base of a set count cells.
 */
#define HG_POLICY_CELLS_PER_ELEMENT 4U

/* hg_policy_sets: ARRAY of struct hg_policy_set. MMAPABLE. Index 0: not isolated. */
enum hg_policy_set_flag {
	HG_POLICY_ENFORCED = 1 << 0, /* some enforced policy isolates */
	HG_POLICY_AUDITED = 1 << 1,  /* some policy in audit mode would isolate */
};
struct hg_policy_set {
	__u32 peer_base;
	__u32 peer_count; /* classes; one beyond is treated as class 0 */
	__u32 port_base;
	__u32 port_count;
	__u32 counter_base; /* in hg_policy_counters: one per bit, then two more: */
	__u16 bits;	    /* + bits: denied; + bits + 1: would be denied (audit) */
	__u8 flags;	    /* enum hg_policy_set_flag */
	__u8 spare;
	__u32 enforced; /* row of the bits of enforced rules, where HG_POLICY_AUDITED */
	__u32 spare1;
};

/*
 * hg_policy_pods: ARRAY of struct hg_policy_pod, one line per address of a pod that is known
 * and holds one (not hostNetwork, not terminated). MMAPABLE. A hash table with open
 * addressing, which costs a reader one cache line where BPF's own hash costs a call and
 * three: of 1 + a power of two + HG_POLICY_POD_WINDOW - 1 lines, so that a search never
 * wraps. Line 0 is never used. An address lies on one of HG_POLICY_POD_WINDOW lines from
 * hg_policy_home() on, and stays there for as long as it is known; a search ends on the
 * first line that is not passed.
 */
#define HG_POLICY_POD_WINDOW 32U
struct hg_policy_view {
	__u32 class;
	__u32 ingress; /* set, 0: not isolated */
	__u32 egress;
	__u32 spare;
};
struct hg_policy_pod {
	struct hg_addr addr;
	__u32
	    taken; /* 0: free. Set last, zeroed first; the line rests before it is reused */
	__u32 passed; /* some address's search goes on to the next line */
	__u32 spare[2];
	struct hg_policy_view views[2]; /* by parity of the epoch */
};

/*
 * hg_policy_links: ARRAY[HG_POLICY_LINKS] of struct hg_policy_link. MMAPABLE. Host ends of
 * local pods' interfaces, from (ifindex & (HG_POLICY_LINKS - 1)) on within
 * HG_POLICY_LINK_WINDOW lines. A line is taken by writing its ifindex last and left by
 * zeroing it first.
 */
#define HG_POLICY_LINKS	      4096U
#define HG_POLICY_LINK_WINDOW 8U
struct hg_policy_link {
	__u32 ifindex; /* 0: free */
	__u32 pods[2]; /* index in hg_policy_pods of its IPv4, IPv6 address; 0: none */
	__u32 spare;
	struct hg_addr addrs[2]; /* the same addresses; zero: none */
	__u32 spare1[4];
};

/*
 * Classes of addresses that are no pod's.
 * hg_policy_v4: ARRAY of __u64, four places of 16 bits each. MMAPABLE. Two banks of 65,536
 * places by the first 16 bits of the address.
 * hg_policy_v4_blocks: the same, blocks of 256 places by the next 8 bits. Block 0 is unused.
 * A place holds a class, or HG_POLICY_BLOCK | number of the block that goes on.
 * hg_policy_v6: LPM_TRIE of struct hg_range_key (set = bank, network order) → __u32 class.
 */
#define HG_POLICY_BLOCK	     0x8000U
#define HG_POLICY_CLASSES    0x8000U
#define HG_POLICY_V4_PLACES  65536U
#define HG_POLICY_BLOCK_SIZE 256U

/*
 * hg_policy_ports: ARRAY of __u64, four port classes of 16 bits each. MMAPABLE. Two banks
 * of three protocols (TCP, UDP, SCTP) of 65,536 ports. Class 0: no rule names the port.
 * HG_POLICY_PORT_NONE is the class of packets that have no port that a rule could name
 * (echo, other protocols, all fragments but the first are refused before): only rules
 * without ports hold.
 */
#define HG_POLICY_PORT_NONE 0U
#define HG_POLICY_PORTS	    65536U
#define HG_POLICY_PROTOCOLS 3U

/* Place of a protocol in hg_policy_ports, HG_POLICY_PROTOCOLS: it has none. */
static inline __u32 hg_policy_protocol(__u8 protocol)
{
	if (protocol == 6)
		return 0;
	if (protocol == 17)
		return 1;
	return protocol == 132 ? 2 : HG_POLICY_PROTOCOLS;
}

/* Number of a port's place in hg_policy_ports, counted in places of 16 bits. */
static inline __u32 hg_policy_port_place(__u32 bank, __u32 protocol, __u16 port)
{
	return (bank * HG_POLICY_PROTOCOLS + protocol) * HG_POLICY_PORTS + port;
}

/*
 * hg_policy_counters: ARRAY of struct hg_policy_counter; index 0 is no set's. MMAPABLE.
 * Datapath adds. Packets
 * that were judged (the first of a flow, each refused one, one after a change of policy);
 * connections: flows that were made.
 */
struct hg_policy_counter {
	__u64 packets;
	__u64 connections;
};

/*
 * hg_policy_events: ARRAY[HG_POLICY_EVENTS] of struct hg_policy_event. MMAPABLE. The latest
 * packets that policy refused, or would have; event n lies at (n - 1) % HG_POLICY_EVENTS.
 * hg_policy_counters[0].packets counts events. Each CPU writes at most
 * HG_POLICY_EVENTS_PER_TICK per tick: drops themselves are counted, not sampled.
 */
#define HG_POLICY_EVENTS	  256U
#define HG_POLICY_EVENTS_PER_TICK 4U
struct hg_policy_event {
	struct hg_addr from, to; /* real client, real destination */
	__u32 number;		 /* low 32 bits of n, written last; 0: being written */
	__u32 seen;		 /* tick */
	__u32 counter;		 /* of the set that refuses: counter_base + bits (+ 1) */
	__be16 port;		 /* of the destination */
	__u8 protocol;
	__u8 reason; /* enum hg_reason; 0: audit, it passed */
	__u32 spare[4];
};

_Static_assert(sizeof(struct hg_policy_event) == 64, "event: one cache line");
_Static_assert(sizeof(struct hg_policy_row) == 64, "row: one cache line");
_Static_assert(sizeof(struct hg_policy_set) == 32, "set");
_Static_assert(sizeof(struct hg_policy_pod) == 64, "pod: one cache line");
_Static_assert(sizeof(struct hg_policy_link) == 64, "link: one cache line");

#endif
