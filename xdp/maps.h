/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Every map, with who writes it and when entries die. Sizes here are the defaults; the
 * control process sets its own before load. Layout of keys and values: <headgate/abi.h>.
 */
#ifndef XDP_MAPS_H
#define XDP_MAPS_H

#include "map.h"
#include "policy_maps.h"

/* Bits of addresses in use. Control process: set before a frontend appears, cleared
 * after. */
HG_MAP(hg_ours, ARRAY, __u32, __u64, HG_OURS_WORDS, 0);

/* Our SNAT addresses by hash. Control process: one update per line, old lines zeroed. */
HG_MAP(hg_locals, ARRAY, __u32, struct hg_local, HG_LOCALS, 0);

/* SNAT addresses by index. Control process: an index is never reused while the daemon
 * runs. */
HG_MAP(hg_snat, ARRAY, __u32, struct hg_addr, HG_SNAT_ADDRS, 0);

/* Frontend → service record. Control process: one update switches; deleted with the
 * Service. */
HG_MAP(hg_frontends, HASH, struct hg_frontend_key, __u32, 32768, 0);

/* Service records. Control process: written while no frontend points at them. */
HG_MAP(hg_services, ARRAY, __u32, struct hg_service, 65538, 0);

/* Lookup tables. Control process: written while no service points at the range. */
HG_MAP(hg_slots, ARRAY, __u32, __u64, 2621440, BPF_F_MMAPABLE);

/* Backends of services by position. Control process: as hg_slots. */
HG_MAP(hg_members, ARRAY, __u32, struct hg_member, 229380, BPF_F_MMAPABLE);

/* Backends. Control process: flags, hop change in place; another meaning = next
 * generation. */
HG_MAP(hg_backends, ARRAY, __u32, struct hg_backend, 114689, 0);

/* Next hops. Control process: updated in place when a neighbour changes. */
HG_MAP(hg_hops, ARRAY, __u32, struct hg_hop, HG_HOPS, 0);

/* Gateway or on-link neighbour → index in hg_hops. Control process. Few in nearly every
 * network: not set aside. */
HG_MAP(hg_hop_index, HASH, struct hg_hop_key, __u32, HG_HOPS, BPF_F_NO_PREALLOC);

/* Interfaces that carry a hook. Control process: added before attach, removed after. */
HG_MAP(hg_links, HASH, __u32, struct hg_link, 4096, 0);

/* MACs of a NIC. Control process: as hg_links; a torn read costs one frame. */
HG_MAP(hg_macs, ARRAY, __u32, struct hg_macs, HG_MACS, 0);

/* Flows whose client proved itself. Datapath inserts; the sweeper (or a taker) frees. */
HG_MAP(hg_flows, ARRAY, __u32, struct hg_flow, 524288, BPF_F_MMAPABLE);

/* Flows whose client has not. Datapath inserts and replaces the least recently seen. */
HG_MAP(hg_embryos, ARRAY, __u32, struct hg_flow, 65536, BPF_F_MMAPABLE);

/* Striped locks of both flow tables. Datapath and sweeper; stale ones are taken over. */
HG_MAP(hg_locks, ARRAY, __u32, __u32, HG_LOCKS, BPF_F_MMAPABLE);

/* Ports of fragmented datagrams. Datapath; least recently used ones go. */
HG_MAP(hg_fragments, LRU_HASH, struct hg_fragment_key, struct hg_fragment, 8192, 0);

/* Client → endpoint of a service with affinity. Datapath; least recently used ones go. */
HG_MAP(hg_affinity, LRU_HASH, struct hg_affinity_key, struct hg_affinity, 16384, 0);

/* Source ranges. Control process. */
HG_MAP(hg_ranges, LPM_TRIE, struct hg_range_key, __u32, 65536, BPF_F_NO_PREALLOC);

/* Counters of backends by CPU. Datapath adds, see stats.h; never reset while the index keeps
 * its meaning. */
HG_MAP(hg_stats, ARRAY, __u32, struct hg_stats, 229378, BPF_F_MMAPABLE);

/* Flows freed by the sweeper, by backend. Control process. */
HG_MAP(hg_expired, ARRAY, __u32, __u64, 114689, BPF_F_MMAPABLE);

/* Counters of reasons. Datapath adds. */
HG_MAP(hg_reasons, PERCPU_ARRAY, __u32, struct hg_counter, HG_REASON_MAX, 0);

/* Towards each endpoint, where the search for a source port goes on. Datapath. */
HG_MAP(hg_ports, ARRAY, __u32, __u32, HG_PORT_CURSORS, 0);

/* Each CPU's budget of answers and events. Datapath. */
HG_MAP(hg_cursors, PERCPU_ARRAY, __u32, struct hg_cursor, 1, 0);

/* Version and epochs. Control process. */
HG_MAP(hg_state, ARRAY, __u32, struct hg_state, 1, BPF_F_MMAPABLE);

#endif
