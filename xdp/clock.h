/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The tick of now: CLOCK_MONOTONIC_COARSE in units of 2^HG_TICK_SHIFT ns, from jiffies. The
 * verifier turns bpf_jiffies64() into two loads; bpf_ktime_get_coarse_ns() is two nested
 * calls, 17 ns where the kernel hardens returns (SRSO).
 */
#ifndef XDP_CLOCK_H
#define XDP_CLOCK_H

#include <bpf/bpf_helpers.h>
#include "config.h"

static __always_inline __u32 clock_tick(void)
{
	__u64 ns = bpf_jiffies64() * hg_config.jiffy_ns + hg_config.clock_base;

	return (__u32)(ns >> HG_TICK_SHIFT);
}

/*
 * Ticks since then. CPUs take in a new tick one after another, so what another CPU wrote may
 * be of the tick to come: that is 0 ago, not 2^32.
 */
static __always_inline __u32 tick_age(__u32 now, __u32 then)
{
	__s32 age = (__s32)(now - then);

	return age < 0 ? 0 : (__u32)age;
}

#endif
