/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must hold of the flow tables whenever nobody is writing: the protocol of design
 * (one LIVE line per key over both tables, every line within its home's reach, pairs that
 * point at each other, no two flows behind one port) read off the mapped lines.
 */
#ifndef DATAPATH_FLOW_CHECK_H
#define DATAPATH_FLOW_CHECK_H

#include <stdbool.h>
#include "harness.h"

/* Prints every violation to stderr. Returns how many there are. */
unsigned flow_check(const struct harness *harness);

/* Line of a table that is LIVE with this key, or -1. A SNAT reply key's dst is ignored.
 */
int64_t flow_find(const struct harness *harness, const struct hg_flow *table,
		  const struct hg_flow_key *key);

/* Free a line and its partner as the sweeper does: by CAS, to the next generation. */
void flow_free_pair(struct hg_flow *table, uint32_t line);

#endif
