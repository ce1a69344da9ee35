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

#endif
