/* SPDX-License-Identifier: BSD-2-Clause */
#include "weighted_round_robin.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int weighted_round_robin_start(struct weighted_round_robin *turns,
			       const struct wanted_backend *backends, size_t count)
{
	*turns = (struct weighted_round_robin){ .backends = backends, .count = count };
	for (size_t i = 0; i < count; i++) {
		if (backends[i].weight > turns->heaviest)
			turns->heaviest = backends[i].weight;
	}
	assert(count > 0);
	turns->credit = calloc(count, sizeof(*turns->credit));
	if (!turns->credit)
		return -ENOMEM;
	/* Half a turn ahead: shares are rounded to the nearest turn, not down. */
	for (size_t i = 0; i < count; i++)
		turns->credit[i] = turns->heaviest / 2;
	return 0;
}

size_t weighted_round_robin_next(struct weighted_round_robin *turns)
{
	for (;;) {
		size_t at = turns->at;

		turns->at = at + 1 < turns->count ? at + 1 : 0;
		turns->credit[at] += turns->backends[at].weight;
		if (turns->credit[at] < turns->heaviest)
			continue;
		turns->credit[at] -= turns->heaviest;
		return at;
	}
}

void weighted_round_robin_clear(struct weighted_round_robin *turns)
{
	free(turns->credit);
	turns->credit = NULL;
}
