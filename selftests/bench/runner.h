/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that put frames on a wire, one per core, by live-frame test runs. */
#ifndef BENCH_RUNNER_H
#define BENCH_RUNNER_H

#include <pthread.h>
#include <stdint.h>

#define RUNNER_BATCH 64

struct runner {
	int space;	  /* network namespace */
	int program;	  /* that fills a frame and returns XDP_TX */
	uint32_t ifindex; /* where frames leave */
	uint32_t core;
	uint64_t packets;
	/* set by the run */
	pthread_t thread;
	uint32_t ns_per_packet; /* of the core's time, receivers included */
	int error;
};

/* Start all at one instant and wait for them. 0 or -errno. */
int runners_go(struct runner *runners, uint32_t count);

#endif
