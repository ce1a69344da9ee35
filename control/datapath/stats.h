/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters of one backend record. */
#ifndef DATAPATH_STATS_H
#define DATAPATH_STATS_H

#include "state.h"

/* Sum over CPUs. 0 or -errno of a mapping. */
int stats_read(struct datapath *datapath, uint32_t backend,
	       struct datapath_counters *ret_counters);
/* The index gets another meaning: it starts from zero. */
int stats_clear(struct datapath *datapath, uint32_t backend);

#endif
