/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One balancer under test between its own client and server; frames.sh has wired it:
 *
 *   PREFIX-NAME-client   PREFIX-NAME-gate   PREFIX-NAME-server
 *                   c0 ── nic0        nic1 ── s0
 *
 * A lane has its own set of the programs of frames.bpf.c. Runs put frames on c0; what
 * counts is what arrives at s0.
 */
#ifndef BENCH_LANE_H
#define BENCH_LANE_H

#include <stdbool.h>
#include <stdint.h>
#include <bpf/libbpf.h>
#include "frame.h"
#include "frames.h"

#define LANE_CORES_MOST 64

enum lane_end { LANE_CLIENT, LANE_GATE, LANE_SERVER, LANE_ENDS };

struct lane {
	char name[16]; /* "headgate", "nftables", "bare", "generator" */
	int spaces[LANE_ENDS];
	uint32_t client_ifindex, server_ifindex;
	uint8_t client_mac[6], server_mac[6], gate_mac[6], gate_far_mac[6];
	struct bpf_object *object;
	int generate, cursors, counts;
	struct frame *frames, *answers; /* mapped */
	struct settings *settings;	/* mapped */
	uint32_t room;			/* frames that both arrays hold */
};

/* What one run of the generator brought. */
struct lane_run {
	double sent_per_s; /* by all cores */
	uint64_t sent, arrived;
};

struct lane_order {
	bool from_server;      /* answers' way back instead */
	uint32_t first, flows; /* frames of the array; each core repeats its own part */
	uint32_t cores;
	uint64_t packets; /* by all cores together */
};

/* 0, or -errno after a sentence on standard error. */
int lane_open(struct lane *lane, const char *object, const char *prefix, const char *name,
	      uint32_t room);
void lane_close(struct lane *lane);
int lane_run(struct lane *lane, const struct lane_order *order, struct lane_run *ret_run);
uint64_t lane_count(const struct lane *lane, enum count which);
/* Until a count stops rising. */
uint64_t lane_settle(const struct lane *lane, enum count which);

#endif
