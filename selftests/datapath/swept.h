/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of several views with a Service of two backends, filled and swept by hand. */
#ifndef DATAPATH_SWEPT_H
#define DATAPATH_SWEPT_H

#include "applied.h"

#define LINES  262144U
#define EMBRYO (1U << 30)

extern struct swept {
	struct applied applied;
	struct hg_flow *flows, *embryos;
	uint32_t backend, generation; /* of the first one */
	uint64_t seed;
} swept;

int swept_setup(void **state);
int swept_teardown(void **state);
uint32_t now_tick(void);

/* A flow of client port `port`, silent for idle_s: forward line in place, reply where told.
 * Returns the forward line. */
uint32_t put_flow(struct hg_flow *table, uint32_t reply, uint16_t port, uint32_t idle_s);
void sweep_all(void);
bool is_live(const struct hg_flow *line);
/* Flows that the sweeper has counted for the backend. */
uint64_t expired_flows(void);

#endif
