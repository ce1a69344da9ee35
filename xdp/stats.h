/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Counters: plain additions to this CPU's own part (softirq does not preempt softirq).
 */
#ifndef XDP_STATS_H
#define XDP_STATS_H

#include "maps.h"
#include "packet.h"

static __always_inline struct hg_stats *stats_of(__u32 backend)
{
	__u32 index = bpf_get_smp_processor_id() * hg_config.backends + backend;

	return bpf_map_lookup_elem(&hg_stats, &index);
}

/* direction: 0 towards the backend, 1 from it. */
static __always_inline void stats_count(__u32 backend, __u32 direction, __u32 bytes)
{
	struct hg_stats *stats = stats_of(backend);

	if (!stats)
		return;
	stats->packets[direction & 1]++;
	stats->bytes[direction & 1] += bytes;
}

static __always_inline void stats_created(__u32 backend)
{
	struct hg_stats *stats = stats_of(backend);

	if (stats)
		stats->created++;
}

static __always_inline void stats_closed(__u32 backend)
{
	struct hg_stats *stats = stats_of(backend);

	if (stats)
		stats->closed++;
}

static __always_inline void stats_reason(__u32 reason, __u32 bytes)
{
	struct hg_counter *counter = bpf_map_lookup_elem(&hg_reasons, &reason);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += bytes;
}

#endif
