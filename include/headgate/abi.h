/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the two halves of Headgate agree on: every map, its key, its value, who writes it.
 * The datapath (xdp/) and the control process (control/datapath/) include this and
 * nothing of each other. Maps are pinned as /sys/fs/bpf/headgate/<name>; their layout is
 * versioned by HG_ABI_VERSION, which is written in hg_state. No struct has implicit
 * padding.
 *
 * Invariants:
 *  - Addresses are 16 bytes, IPv4 mapped (::ffff:a.b.c.d); ports and addresses in network
 * order.
 *  - A service record, slot range and member range are written only while no frontend
 * points at them; a frontend is switched by one hash update; the old ranges are reused ≥
 * 1 s later.
 *  - A backend record is one endpoint as one frontend sees it. Its index is what flows
 * remember; its generation is bumped when the index gets another meaning.
 */
#ifndef HEADGATE_ABI_H
#define HEADGATE_ABI_H

#include <linux/types.h>
#include <headgate/addr.h>
#include <headgate/flow.h>
#include <headgate/policy.h>
#include <headgate/timeout.h>

#define HG_ABI_VERSION 5U

/*
 * hg_ours: ARRAY[1024] of __u64. Written by the control process. Bit (hg_hash_addr() &
 * 0xffff) is set for each address whose packets we must look at: VIPs, SNAT addresses,
 * and backends whose replies reach us with the client's own address (nat mode, pods
 * behind --pod-interfaces). Word = bit / 64.
 */
#define HG_OURS_WORDS 1024U

/*
 * hg_locals: ARRAY[256] of struct hg_local. Written by the control process. Our SNAT
 * addresses, placed from (hg_hash_addr() & 0xff) on within HG_LOCAL_WINDOW lines.
 */
#define HG_LOCALS	256U
#define HG_LOCAL_WINDOW 4U
struct hg_local {
	struct hg_addr addr;
	__u8 snat; /* its index in hg_snat; 0 = free line */
	__u8 spare[15];
};

/* hg_snat: ARRAY[256] of struct hg_addr; index 0 is never used ("keep the address"). */
#define HG_SNAT_ADDRS 256U

/*
 * hg_frontends: HASH of struct hg_frontend_key → __u32 index in hg_services. Port 0 with
 * protocol 0 marks the address itself as virtual (echo is answered, other ports are
 * refused); its service record carries flags only.
 */
struct hg_frontend_key {
	struct hg_addr addr;
	__be16 port;
	__u8 protocol;
	__u8 spare[5];
};

/* hg_services: ARRAY of struct hg_service; index 0 is never used. */
enum hg_service_flag {
	HG_SERVICE_INSIDE_ONLY = 1
				 << 0, /* clusterIP: sources must be in hg_ranges set 0 */
	HG_SERVICE_SOURCE_RANGES = 1 << 1, /* sources must be in hg_ranges set <id> */
	HG_SERVICE_AFFINITY = 1 << 2,	   /* sessionAffinity: ClientIP */
	/* without backend: drop, do not answer RST/unreachable */
	HG_SERVICE_DROP = 1 << 3,
	HG_SERVICE_NO_LOCAL = 1 << 4, /* empty because of a Local traffic policy: drop */
	/* keep the client's address: backends route back by us */
	HG_SERVICE_NAT = 1 << 5,
	/* The address is somebody else's too: this host's, another node's, a pod's, a
	 * backend's. Frontends have their ports; all else is left to its holder. */
	HG_SERVICE_SHARED = 1 << 7,
	HG_SERVICE_ADDRESS = 1 << 6, /* an address record (port 0) */
	HG_SERVICE_WIDE = 1 << 8,    /* slots of 2 × 16 bits, not 2 × 8; see slot.h */
};

struct hg_service {
	struct hg_addr addr; /* echo of the key: a reader checks it after the lookup */
	__be16 port;
	__u8 protocol;
	__u8 spare0;
	__u32 flags; /* enum hg_service_flag */
	__u32
	    id; /* service port, the same for all its frontends; > 0; set in hg_ranges */
	__u32 slot_base;   /* even; the element of hg_slots where the table begins */
	__u32 slot_count;  /* 0: no backend */
	__u32 member_base; /* in hg_members */
	__u32 member_count;
	__u32 active_count;   /* members that slots name as current come first */
	__u32 affinity_ticks; /* sessionAffinityConfig.clientIP.timeoutSeconds */
	__u32 spare1[3];
};

/*
 * hg_slots: ARRAY of __u64, four narrow slots or two wide ones each (slot.h). MMAPABLE.
 * Slots name positions in the service's member range. Equal backend sets share a range.
 */

/* hg_members: ARRAY of struct hg_member. MMAPABLE. */
struct hg_member {
	__u32 backend;	/* index in hg_backends */
	__u32 endpoint; /* one number per address:port:protocol, whatever the frontend */
};

/* hg_backends: ARRAY of struct hg_backend, ≤ 2^20; index 0 is never used. */
#define HG_BACKEND_BITS	   20
#define HG_GENERATION_BITS 12
enum hg_backend_flag {
	HG_BACKEND_LIVE = 1 << 0, /* index in use */
	/* no longer serving: UDP flows pick another, TCP stays */
	HG_BACKEND_MOVE_UDP = 1 << 1,
	HG_BACKEND_NAT = 1 << 2,	/* keep the client's address */
	HG_BACKEND_UNREACHABLE = 1 << 3 /* no next hop known: ask the FIB per packet */
};
struct hg_backend {
	struct hg_addr addr;
	struct hg_addr vip;
	__be16 port;
	__be16 vport;
	__u8 protocol;
	__u8 flags;	  /* enum hg_backend_flag */
	__u16 generation; /* HG_GENERATION_BITS wide; a flow of another generation has
			     lost it */
	__u32 hop;	  /* index in hg_hops; 0: ask the FIB */
	__u32 ifindex; /* host end of a local pod's interface; 0: the backend is remote */
	__u32 service; /* hg_service.id */
	__u32 endpoint;
	__u8 snat; /* SNAT address towards it, index in hg_snat; 0: none known */
	__u8 spare[7];
};

/* Of what a flow remembers: the index, without the generation. */
static inline __u32 hg_backend_index(__u32 backend)
{
	return backend & ((1U << HG_BACKEND_BITS) - 1);
}

/*
 * hg_hops: ARRAY[HG_HOPS] of struct hg_hop; index 0 is never used. Next hops that the
 * control process keeps resolved. A torn read costs one frame.
 */
#define HG_HOPS 32768U
enum hg_hop_flag {
	HG_HOP_RESOLVED = 1 << 0,
	HG_HOP_GATEWAY = 1 << 1, /* addr is a gateway, not the destination itself */
	HG_HOP_POD = 1 << 2,	 /* ifindex is the host end of a local pod's interface */
	/* ifindex carries our XDP program: frames may be redirected to it */
	HG_HOP_NIC = 1 << 3,
};
struct hg_hop {
	struct hg_addr addr; /* gateway, or the destination itself when on link */
	__u32 ifindex;
	__u32 mtu;
	__u8 dmac[6];
	__u8 smac[6];
	__u32 flags; /* enum hg_hop_flag */
	__u32 spare[2];
};

/* hg_hop_index: HASH of struct hg_hop_key → __u32 index in hg_hops. */
struct hg_hop_key {
	struct hg_addr addr;
	__u32 ifindex;
	__u32 spare;
};

/* hg_links: HASH of __u32 ifindex → struct hg_link. Interfaces that carry a hook. */
enum hg_link_flag {
	HG_LINK_NIC = 1 << 0,
	HG_LINK_POD = 1 << 1,
};
struct hg_link {
	__u8 mac[6];
	__u16 flags;
	__u32 mtu;
};

/*
 * hg_macs: ARRAY[HG_MACS] of struct hg_macs, by the low bits of ifindex. Written by the control
 * process. To whom frames are sent that reach a NIC and are for this machine: its own MAC and
 * those of the interfaces above it. An interface that has no entry takes all of them.
 */
#define HG_MACS	     256U
#define HG_MACS_EACH 7U
struct hg_macs {
	__u32 ifindex; /* 0: nobody's */
	__u32 spare;
	/* The bytes as a machine reads them: four | two << 32. Unused ones repeat the first. */
	__u64 macs[HG_MACS_EACH];
};

/*
 * hg_fragments: LRU_HASH of struct hg_fragment_key → struct hg_fragment. Datapath only.
 */
struct hg_fragment_key {
	struct hg_addr src;
	struct hg_addr dst;
	__u32 id; /* network order; IPv4: 16 bits */
	__u8 protocol;
	__u8 spare[3];
};
struct hg_fragment {
	__be16 sport; /* ICMP: the identifier, twice */
	__be16 dport;
	__u32 seen;    /* tick */
	__u8 protocol; /* IPv6: later fragments do not name it */
	__u8 icmp_type;
	__u8 parse_error; /* enum hg_reason */
	__u8 spare;
};

/* hg_affinity: LRU_HASH of struct hg_affinity_key → struct hg_affinity. Datapath only. */
struct hg_affinity_key {
	struct hg_addr client;
	__u32 service; /* hg_service.id */
	__u32 spare;
};
struct hg_affinity {
	__u32 endpoint;
	__u32 place; /* where it was in the member range: a hint */
	__u32 seen;  /* tick of the last new connection */
	__u32 spare;
};

/*
 * hg_ranges: LPM_TRIE of struct hg_range_key → __u32 (1). Set 0 = --cluster-cidr (with
 * the nodes' addresses), else a service id's loadBalancerSourceRanges. prefixlen counts
 * the set's 32 bits and 128 address bits (IPv4 /8 = 32 + 96 + 8).
 */
struct hg_range_key {
	__u32 prefixlen;
	__u32 set; /* network order, so that it sorts as a prefix */
	struct hg_addr addr;
};

/*
 * hg_stats: ARRAY of struct hg_stats, [row * backends + backend]. MMAPABLE. A CPU below
 * hg_config.stats_own adds to the row of its number, plainly; all others, also such as come
 * later, share the hg_config.stats_shared rows behind (a power of two; 0: there are no other
 * CPUs), atomically. At most HG_STATS_ROWS, however many CPUs. Readers sum.
 */
#define HG_STATS_ROWS 16U
struct hg_stats {
	__u64 packets[2]; /* to the backend, from it */
	__u64 bytes[2];	  /* layer 3 length */
	__u64 created;	  /* flows */
	__u64 closed;	  /* flows freed by the datapath itself (port reuse, takeover) */
};

/* hg_expired: ARRAY of __u64, [backend]. MMAPABLE. Flows freed by the sweeper. */

/* hg_reasons: PERCPU_ARRAY[HG_REASON_MAX] of struct hg_counter. By enum hg_reason. */
#define HG_REASON_MAX 256U
struct hg_counter {
	__u64 packets;
	__u64 bytes;
};

/* hg_cursors: PERCPU_ARRAY[1] of struct hg_cursor. Datapath only. */
struct hg_cursor {
	__u32 answer_tick; /* rate limit of RST and ICMP answers */
	__u32 answers;
	__u32 event_tick; /* rate limit of hg_policy_events */
	__u32 events;
};

/*
 * hg_ports: ARRAY[HG_PORT_CURSORS] of __u32, by hg_backend.endpoint. Datapath only. Counts the
 * source ports that were tried towards an endpoint; 0: none yet.
 */
#define HG_PORT_CURSORS 65536U

/* hg_state: ARRAY[1] of struct hg_state. MMAPABLE. Written by the control process. */
struct hg_state {
	__u32 abi_version;
	__u32 route_epoch; /* bumped by each route change */
	__u32 zero;	   /* always; see xdp/pipeline.h */
	__u32 policy;	   /* enum hg_policy_state */
	/* hg_config.seed of all programs that use these maps; drawn when they are made */
	__u64 seed;
	__u32 flood_tick; /* when an embryonic flow last had to go before its time;
			     written by the datapath */
	__u32 spare[9];
};

/* .rodata.config: const volatile struct hg_config hg_config, set before load. */
struct hg_config {
	__u64 seed; /* of the flow tables and hg_policy_pods: secret, hg_state.seed */
	__u64 slot_seed; /* of slots: public, the same on all balancers */
	__u64 jiffy_ns;	 /* jiffies × jiffy_ns + clock_base = CLOCK_MONOTONIC_COARSE */
	__u64 clock_base;
	__u32 flow_mask;   /* lines of hg_flows − 1 (power of two, ≥ HG_LOCKS) */
	__u32 embryo_mask; /* lines of hg_embryos − 1 */
	__u32 pod_mask;	   /* of homes in hg_policy_pods */
	__u32 backends;	   /* entries of hg_backends: stride of hg_stats */
	__u32 stats_own;   /* rows of hg_stats */
	__u32 stats_shared;
	__u32 port_first; /* SNAT ports, host order, inclusive */
	__u32 port_last;
	__u32 answers_per_tick;	    /* RST / ICMP answers per CPU and tick */
	__u32 timeout[HG_TIMEOUTS]; /* ticks; timeout.h */
	__u8 cluster_cidr;	    /* clusterIPs stay inside */
	__u8 answer_neighbours;	    /* ARP and ND for VIPs */
	__u8 pods;		    /* --pod-interfaces given */
	__u8 frags;		    /* loaded with BPF_F_XDP_HAS_FRAGS */
	__u8 source_check;	    /* a pod sends from its own addresses only */
	__u8 weak_order; /* the compiler's, not the control process's: xdp/order.h */
	__u8 spare[6];
};

/* XDP metadata: what `nic` tells `nic_tc` about a packet that it translated.
 */
#define HG_META_MAGIC 0x48474154U /* "HGAT" */
struct hg_xdp_meta {
	__u32 magic;
	__u32 ifindex; /* where to: the host end of a pod's interface, or an outgoing
			  interface */
	__u32 kind;    /* enum hg_xdp_meta_kind */
	__u32 hop;     /* index in hg_hops, 0 = ask the FIB */
};
enum hg_xdp_meta_kind {
	HG_META_PEER = 1,  /* bpf_redirect_peer */
	HG_META_NEIGH = 2, /* bpf_redirect_neigh: the kernel resolves the neighbour */
};

_Static_assert(sizeof(struct hg_local) == 32, "local");
_Static_assert(sizeof(struct hg_frontend_key) == 24, "frontend key");
_Static_assert(sizeof(struct hg_service) == HG_CACHE_LINE, "service: one cache line");
_Static_assert(sizeof(struct hg_member) == 8, "member: one array element");
_Static_assert(sizeof(struct hg_backend) == HG_CACHE_LINE, "backend: one cache line");
_Static_assert(sizeof(struct hg_hop) == 48, "hop");
_Static_assert(sizeof(struct hg_hop_key) == 24, "hop key");
_Static_assert(sizeof(struct hg_link) == 12, "link");
_Static_assert(sizeof(struct hg_macs) == HG_CACHE_LINE, "MACs: one cache line");
_Static_assert(sizeof(struct hg_fragment_key) == 40, "fragment key");
_Static_assert(sizeof(struct hg_affinity_key) == 24, "affinity key");
_Static_assert(sizeof(struct hg_range_key) == 24, "range key");
_Static_assert(sizeof(struct hg_stats) == 48, "stats");
_Static_assert(sizeof(struct hg_state) == HG_CACHE_LINE, "state");
_Static_assert(sizeof(struct hg_xdp_meta) == 16, "metadata");

#endif
