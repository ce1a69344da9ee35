/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock that both halves read: CLOCK_MONOTONIC_COARSE, in ticks of 2^HG_TICK_SHIFT ns.
 * The datapath derives it from jiffies, which cost it two loads, where the helper for the
 * coarse clock is a call (17 ns where returns are hardened against SRSO).
 */
#ifndef DATAPATH_CLOCK_H
#define DATAPATH_CLOCK_H

#include <stdint.h>
#include <headgate/abi.h>

uint64_t clock_ns(void);
uint32_t clock_tick(void);

/*
 * How the datapath gets from jiffies to this clock: config->jiffy_ns and clock_base. 0, or
 * -errno when the kernel does not run a program that reads its jiffies (privilege).
 */
int clock_calibrate(struct hg_config *config);

#endif
