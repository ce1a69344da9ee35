/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of counters for CPUs. One per CPU would take 1.8 GB on a machine of 128 CPUs with
 * 300,000 records, and a machine may bring more CPUs into use than it starts with. So: those
 * online at the first start have a row each, up to HG_STATS_ROWS; later ones share two; where
 * there are more, all share HG_STATS_ROWS.
 */
#ifndef DATAPATH_CPUS_H
#define DATAPATH_CPUS_H

#include <headgate/abi.h>
#include <stdint.h>

/* Highest CPU that is online, or that can ever be, plus one; at least 1. */
uint32_t cpus_online(void);
uint32_t cpus_possible(void);
/* "0-3,6" → 7; 0: it lists none. */
uint32_t cpus_end(const char *list);

/* How many rows to make. */
uint32_t stats_rows(uint32_t possible, uint32_t online);
/*
 * Who counts where in so many rows: stats_own and stats_shared. Of the rows and what the
 * machine is alone, so that a restarted daemon's programs agree with those still running.
 */
void stats_share_out(uint32_t rows, uint32_t possible, struct hg_config *ret_config);

#endif
