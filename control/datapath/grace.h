/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A grace period: when it is over, no program is under way that began before. Programs run
 * under RCU's read side, so what waits for RCU waits for them. Two system calls do, and
 * promise it:
 *
 *  - membarrier(MEMBARRIER_CMD_GLOBAL), which kernels with a nohz_full= list refuse;
 *  - an update of a map of maps, which returns when no program can still use the inner map
 *    that was there before, "so that userspace, when we return to it, knows that all
 *    programs that could be running use the new map value" (maybe_wait_bpf_programs() in
 *    kernel/bpf/syscall.c, since 5.0).
 */
#ifndef DATAPATH_GRACE_H
#define DATAPATH_GRACE_H

enum grace_means {
	GRACE_NONE,
	GRACE_MEMBARRIER,
	GRACE_MAP,
};

/*
 * Find out which of the two serves, from `first` on. 0 or -errno. Before any grace_wait();
 * what it needs it keeps until the process ends.
 */
int grace_open(enum grace_means first);
enum grace_means grace_means(void);
/* Any thread may call it. */
void grace_wait(void);

#endif
