/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The algorithms as rows of one table, and what they share: size and identity of a table.
 * Maglev lives in maglev.c. Random draws each slot by itself: shares are those of the
 * weights on average only. Round robin deals the slots out in turn: shares are exact, but
 * a backend that comes or goes moves most slots.
 */
#include "table.h"

#include <errno.h>
#include <headgate/hash.h>
#include "../lib/cleanup.h"
#include "maglev.h"
#include "weighted_round_robin.h"

#define SLOTS_PER_BACKEND 100U
/* Slots of the lightest backend, so that extreme weights are still told apart … */
#define SLOTS_OF_LIGHTEST 10U
/* … within this many times the size for equal weights. */
#define WEIGHTS_MAY_COST 16U

static int round_robin_fill(const struct table_shape *shape,
			    const struct wanted_backend *backends, size_t count,
			    uint16_t *slots)
{
	struct weighted_round_robin turns;
	int r;

	r = weighted_round_robin_start(&turns, backends, count);
	if (r < 0)
		return r;
	for (uint32_t slot = 0; slot < shape->size; slot++)
		slots[slot] = (uint16_t)weighted_round_robin_next(&turns);
	weighted_round_robin_clear(&turns);
	return 0;
}

/* The first backend whose share reaches beyond ticket. */
static size_t find_share(const uint32_t *ends, size_t count, uint32_t ticket)
{
	size_t low = 0, high = count - 1;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (ends[middle] > ticket)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static int random_fill(const struct table_shape *shape,
		       const struct wanted_backend *backends, size_t count,
		       uint16_t *slots)
{
	_cleanup_free_ uint32_t *ends = calloc(count, sizeof(*ends));
	uint32_t sum = 0;

	if (!ends)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		ends[i] = sum += backends[i].weight;
	for (uint32_t slot = 0; slot < shape->size; slot++) {
		uint64_t draw = hg_hash_end(hg_hash_word(shape->seed, slot + 1ULL));

		slots[slot] = (uint16_t)find_share(ends, count, hg_slot_of(draw, sum));
	}
	return 0;
}

static const struct {
	const char *name;
	bool needs_prime;
	int (*fill)(const struct table_shape *shape,
		    const struct wanted_backend *backends, size_t count, uint16_t *slots);
} ALGORITHMS[] = {
	[ALGORITHM_MAGLEV] = { "maglev", true, maglev_fill },
	[ALGORITHM_RANDOM] = { "random", false, random_fill },
	[ALGORITHM_ROUND_ROBIN] = { "round-robin", false, round_robin_fill },
};

const char *table_algorithm_name(enum algorithm algorithm)
{
	return ALGORITHMS[algorithm].name;
}

int table_fill(const struct table_shape *shape, const struct wanted_backend *backends,
	       size_t count, uint16_t *slots)
{
	return ALGORITHMS[shape->algorithm].fill(shape, backends, count, slots);
}

static bool number_is_prime(uint32_t number)
{
	if (number < 4)
		return number > 1;
	if (number % 2 == 0)
		return false;
	for (uint32_t divisor = 3; divisor <= number / divisor; divisor += 2) {
		if (number % divisor == 0)
			return false;
	}
	return true;
}

/*
 * Backends as the size counts them: rounded up to 1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 20 …
 * so that one that comes or goes seldom changes the size, which would move nearly every
 * slot. From 8 on in quarters of a power of two, since halves waste a sixth of all slots.
 */
static uint64_t round_up_backends(size_t count)
{
	uint64_t power = 1;

	while (power * 2 <= count)
		power *= 2;
	uint64_t step = power < 8 ? (power + 1) / 2 : power / 4;
	uint64_t steps = (count + step - 1) / step;

	return steps ? steps * step : step;
}

void table_load_add(struct table_load *load, uint32_t weight)
{
	load->backends++;
	load->weight_sum += weight;
	if (weight && (!load->lightest || weight < load->lightest))
		load->lightest = weight;
}

static uint64_t default_size(const struct table_load *load)
{
	uint64_t even = SLOTS_PER_BACKEND * round_up_backends(load->backends);
	uint64_t uneven =
	    load->lightest ? SLOTS_OF_LIGHTEST * load->weight_sum / load->lightest : 0;

	if (uneven > even * WEIGHTS_MAY_COST)
		uneven = even * WEIGHTS_MAY_COST;
	return uneven > even ? uneven : even;
}

uint32_t table_size(enum algorithm algorithm, uint32_t asked,
		    const struct table_load *load)
{
	uint64_t size = asked ? asked : default_size(load);

	if (size < load->backends)
		size = load->backends;
	if (size < 2)
		size = 2;
	if (size > TABLE_SLOTS_MAX)
		size = TABLE_SLOTS_MAX;
	while (ALGORITHMS[algorithm].needs_prime && !number_is_prime((uint32_t)size))
		size++;
	return (uint32_t)size;
}

static uint64_t hash_table(const struct table_shape *shape,
			   const struct wanted_backend *backends, size_t count,
			   uint64_t start)
{
	uint64_t hash = start ^ (count * HG_MURMUR_M);

	hash = hg_hash_word(hash, (uint64_t)shape->algorithm << 32 | shape->size);
	hash = hg_hash_word(hash, shape->seed);
	for (size_t i = 0; i < count; i++) {
		hash = hg_hash_word(hash, backends[i].addr.halves[0]);
		hash = hg_hash_word(hash, backends[i].addr.halves[1]);
		hash = hg_hash_word(hash, (uint64_t)backends[i].weight << 16 |
					      backends[i].port);
	}
	return hg_hash_end(hash);
}

void table_hash(const struct table_shape *shape, const struct wanted_backend *backends,
		size_t count, uint64_t ret_hash[2])
{
	ret_hash[0] = hash_table(shape, backends, count, 1);
	ret_hash[1] = hash_table(shape, backends, count, 2);
}
