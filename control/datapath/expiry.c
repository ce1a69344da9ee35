/* SPDX-License-Identifier: BSD-2-Clause */
/* What the sweeper decides. */
#include "expiry.h"
#include <headgate/hash.h>

static uint32_t shorter(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

uint32_t expiry_earliest(const uint32_t *timeouts, uint8_t protocol, uint32_t seen,
			 bool embryonic)
{
	uint32_t alone = hg_flow_timeout(timeouts, protocol, seen, 0, embryonic);
	uint32_t same = hg_flow_timeout(timeouts, protocol, seen, seen, embryonic);

	return shorter(alone, same);
}

uint8_t expiry_reach(const struct hg_flow *line, uint32_t home, uint32_t window,
		     uint64_t seed, uint32_t mask)
{
	for (uint32_t distance = window - 1; distance; distance--) {
		uint32_t ctl = *(const volatile uint32_t *)&line[distance].ctl;

		if ((ctl & HG_FLOW_STATE) == HG_FLOW_FREE)
			continue;
		if (((uint32_t)hg_hash_flow(&line[distance].key, seed) & mask) == home)
			return (uint8_t)distance;
	}
	return 0;
}
