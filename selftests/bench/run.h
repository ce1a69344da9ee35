/* SPDX-License-Identifier: BSD-2-Clause */
/* One run of program runs: what its parts share. */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include "measure.h"
#include "options.h"
#include "traffic.h"

/* Verdicts of XDP, as the kernel numbers them. */
#define PASS	    2U
#define DROP	    1U
#define TX	    3U
#define TC_REDIRECT 7U

#define NAME_ROOM 64

struct run {
	const struct options *options;
	struct world world;
	struct stage stage;
	struct traffic traffic;
	uint32_t flows;
};

/* A scenario's name: the format takes "tcp" or "udp" and 4 or 6. */
const char *run_name(const struct run *run, const char *format, char ret_name[NAME_ROOM]);
struct scenario run_scenario(const struct run *run, const char *name);

/* The world, and a stage for lists of `most` packets. */
void run_open(struct run *run, const struct world_options *options, uint32_t most);
void run_close(struct run *run);

/* Establish flows dealt over so many Services, and forget them. */
void run_open_flows(struct run *run, uint32_t flows, uint32_t services);
void run_close_flows(struct run *run);

/* A list of established flows, or of packets that have none; the format as run_name(). */
void run_measure(struct run *run, const char *format, enum kind kind,
		 const struct hg_flow_key *keys, uint32_t verdict);

#endif
