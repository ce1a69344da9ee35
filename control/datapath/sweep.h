/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sweeper: frees flows whose time-out has passed, lines that an insert left behind,
 * and lowers `reach`. One view of 4 MiB per tick, all of both tables in about 10 s.
 */
#ifndef DATAPATH_SWEEP_H
#define DATAPATH_SWEEP_H

#include "pairs.h"

struct datapath;

#define SWEEP_PASS_MS 10000U

/* Flows looked at with their partners per tick: the loop must not be held up when very
 * many end at once. A table of 131,072 flows is still swept at 7,000 flows per second. */
#define SWEEP_PAIRS 4096U

struct sweep {
	struct flow_table tables[2]; /* hg_flows, hg_embryos */
	uint32_t next;		     /* view, counted through both tables */
	uint8_t *reach;		     /* needed by the home lines of the view */
	uint64_t live[2];	     /* lines in use, last pass */
	uint64_t counting[2];	     /* so far in this pass */
	size_t passes;
	uint64_t expired; /* flows freed since the start */
};

int sweep_open(struct datapath *datapath); /* 0 or -ENOMEM */
void sweep_close(struct sweep *sweep);
/* Sweep the next view. 0 or -errno. */
int sweep_step(struct datapath *datapath, uint32_t now);
uint32_t sweep_views(const struct sweep *sweep);
/* Count a freed flow for its backend, if that is still the same backend. */
void sweep_count(struct datapath *datapath, const struct hg_flow *line);

#endif
