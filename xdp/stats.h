/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Counters: plain additions to this CPU's own row (softirq does not preempt softirq), atomic
 * ones to a row that CPUs share. The latter apart: who has a row to itself pays a comparison,
 * and nothing where all possible CPUs have one.
 */
#ifndef XDP_STATS_H
#define XDP_STATS_H

#include "maps.h"
#include "packet.h"

enum stats_what { STATS_FORWARD, STATS_REPLY, STATS_CREATED, STATS_CLOSED };

static __always_inline struct hg_stats *stats_of(__u32 row, __u32 backend)
{
	__u32 index = row * hg_config.backends + backend;

	return bpf_map_lookup_elem(&hg_stats, &index);
}

/* Global: verified once, not in each place that counts. */
__noinline int stats_share(__u32 backend, __u32 what, __u32 bytes)
{
	__u32 row = bpf_get_smp_processor_id() & (hg_config.stats_shared - 1);
	struct hg_stats *stats = stats_of(hg_config.stats_own + row, backend);

	if (!stats)
		return 0;
	if (what == STATS_CREATED) {
		__sync_fetch_and_add(&stats->created, 1);
	} else if (what == STATS_CLOSED) {
		__sync_fetch_and_add(&stats->closed, 1);
	} else {
		__sync_fetch_and_add(&stats->packets[what & 1], 1);
		__sync_fetch_and_add(&stats->bytes[what & 1], bytes);
	}
	return 0;
}

static __always_inline void stats_add(__u32 backend, __u32 what, __u32 bytes)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct hg_stats *stats;

	if (hg_config.stats_shared && cpu >= hg_config.stats_own) {
		stats_share(backend, what, bytes);
		return;
	}
	stats = stats_of(cpu, backend);
	if (!stats)
		return;
	if (what == STATS_CREATED) {
		stats->created++;
	} else if (what == STATS_CLOSED) {
		stats->closed++;
	} else {
		stats->packets[what & 1]++;
		stats->bytes[what & 1] += bytes;
	}
}

/* direction: 0 towards the backend, 1 from it. */
static __always_inline void stats_count(__u32 backend, __u32 direction, __u32 bytes)
{
	stats_add(backend, direction & 1, bytes);
}

static __always_inline void stats_created(__u32 backend)
{
	stats_add(backend, STATS_CREATED, 0);
}

static __always_inline void stats_closed(__u32 backend)
{
	stats_add(backend, STATS_CLOSED, 0);
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
