/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters read. hg_stats has a few rows, summed here through small views; active
 * flows are those created less those that the datapath closed and the sweeper expired.
 */
#include "stats.h"
#include <errno.h>
#include <string.h>

int stats_read(struct datapath *datapath, uint32_t backend,
	       struct datapath_counters *ret_counters)
{
	struct datapath_counters sum = { 0 };
	uint64_t closed = 0;

	for (uint32_t i = 0; i < datapath->stats_rows; i++) {
		size_t index = (size_t)i * datapath->config.backends + backend;
		const struct hg_stats *row = mmap_view_at(&datapath->stats[i], index);
		if (!row)
			return -errno;
		for (int way = 0; way < 2; way++) {
			sum.packets[way] += row->packets[way];
			sum.bytes[way] += row->bytes[way];
		}
		sum.created += row->created;
		closed += row->closed;
	}
	const uint64_t *expired = mmap_view_at(&datapath->expired, backend);
	if (!expired)
		return -errno;
	closed += *expired;
	/* Rows are read one after the other while they move. */
	sum.active = sum.created > closed ? sum.created - closed : 0;
	*ret_counters = sum;
	return 0;
}

int stats_clear(struct datapath *datapath, uint32_t backend)
{
	for (uint32_t i = 0; i < datapath->stats_rows; i++) {
		size_t index = (size_t)i * datapath->config.backends + backend;
		struct hg_stats *row = mmap_view_at(&datapath->stats[i], index);
		if (!row)
			return -errno;
		memset(row, 0, sizeof(*row));
	}
	uint64_t *expired = mmap_view_at(&datapath->expired, backend);
	if (!expired)
		return -errno;
	*expired = 0;
	return 0;
}
