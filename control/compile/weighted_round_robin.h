/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose turn it is, in proportion to weight: in each round every backend is asked once,
 * and one of weight w among a greatest weight W gets w / W turns per round, evenly
 * spread. Equal weights: one turn each. Part of "maglev-v1": frozen.
 */
#ifndef COMPILE_WEIGHTED_ROUND_ROBIN_H
#define COMPILE_WEIGHTED_ROUND_ROBIN_H

#include "wanted.h"

struct weighted_round_robin {
	const struct wanted_backend *backends;
	size_t count;
	size_t at; /* the backend to be asked next */
	uint32_t heaviest;
	uint32_t *credit; /* per backend, < heaviest between turns; owned */
};

/* 0 or -ENOMEM. */
int weighted_round_robin_start(struct weighted_round_robin *turns,
			       const struct wanted_backend *backends, size_t count);
/* The position of the backend whose turn it is. */
size_t weighted_round_robin_next(struct weighted_round_robin *turns);
void weighted_round_robin_clear(struct weighted_round_robin *turns);

#endif
