/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The maps of policy. All are written by the control process, all but the counters only by
 * it; how they may change under the datapath's eyes: <headgate/policy.h>.
 */
#ifndef XDP_POLICY_MAPS_H
#define XDP_POLICY_MAPS_H

#include "map.h"

/* Rows of bits, shared by whatever needs the same one. Freed when no cell names them. */
HG_MAP(hg_policy_rows, ARRAY, __u32, struct hg_policy_row, 32768, BPF_F_MMAPABLE);

/* Rule set × class → row. Freed with their set. */
HG_MAP(hg_policy_cells, ARRAY, __u32, __u64, 524288, BPF_F_MMAPABLE);

/* Rule sets. Freed when no view names them. */
HG_MAP(hg_policy_sets, ARRAY, __u32, struct hg_policy_set, 8192, BPF_F_MMAPABLE);

/* Pods by address: class and rule sets. A quarter full at most. Left with the pod. */
HG_MAP(hg_policy_pods, ARRAY, __u32, struct hg_policy_pod, 65536 + HG_POLICY_POD_WINDOW,
       BPF_F_MMAPABLE);

/* Interfaces of this node's pods. Left with the interface. */
HG_MAP(hg_policy_links, ARRAY, __u32, struct hg_policy_link, HG_POLICY_LINKS,
       BPF_F_MMAPABLE);

/* Classes of addresses that are no pod's: IPv4 by 16, 8 and 8 bits, IPv6 by prefix. */
HG_MAP(hg_policy_v4, ARRAY, __u32, __u64, 2 * HG_POLICY_V4_PLACES / 4, BPF_F_MMAPABLE);
HG_MAP(hg_policy_v4_blocks, ARRAY, __u32, __u64, 16384 * HG_POLICY_BLOCK_SIZE / 4,
       BPF_F_MMAPABLE);
HG_MAP(hg_policy_v6, LPM_TRIE, struct hg_range_key, __u32, 65536, BPF_F_NO_PREALLOC);

/* Classes of ports. */
HG_MAP(hg_policy_ports, ARRAY, __u32, __u64,
       2 * HG_POLICY_PROTOCOLS * HG_POLICY_PORTS / 4, BPF_F_MMAPABLE);

/* Counters of rules. Datapath adds; taken back with their set. */
HG_MAP(hg_policy_counters, ARRAY, __u32, struct hg_policy_counter, 131072,
       BPF_F_MMAPABLE);

/* The latest packets that policy refused. Datapath writes over the oldest. */
HG_MAP(hg_policy_events, ARRAY, __u32, struct hg_policy_event, HG_POLICY_EVENTS,
       BPF_F_MMAPABLE);

#endif
