/* SPDX-License-Identifier: BSD-2-Clause */
#include "maglev.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <headgate/hash.h>
#include "../lib/cleanup.h"
#include "weighted_round_robin.h"

#define SKIP_SEED 0x9e3779b97f4a7c15ULL
#define KEY_BYTES 24ULL

/* A backend walks the whole table in steps of skip: M is prime and 0 < skip < M. */
struct walk {
	uint32_t position;
	uint32_t skip;
};

static uint64_t load_le64(const unsigned char *bytes)
{
	uint64_t word = 0;

	for (int i = 7; i >= 0; i--)
		word = word << 8 | bytes[i];
	return word;
}

uint64_t maglev_hash(const struct hg_addr *addr, uint16_t port, uint64_t seed)
{
	uint64_t hash = seed ^ (KEY_BYTES * HG_MURMUR_M);
	uint64_t port_word = (uint64_t)(port >> 8) | (uint64_t)(port & 0xff) << 8;

	hash = hg_hash_word(hash, load_le64(addr->bytes));
	hash = hg_hash_word(hash, load_le64(addr->bytes + 8));
	hash = hg_hash_word(hash, port_word);
	return hg_hash_end(hash);
}

static void start_walks(const struct table_shape *shape,
			const struct wanted_backend *backends, size_t count,
			struct walk *walks)
{
	uint64_t size = shape->size;

	for (size_t i = 0; i < count; i++) {
		const struct wanted_backend *backend = &backends[i];
		uint64_t first = maglev_hash(&backend->addr, backend->port, shape->seed);
		uint64_t second =
		    maglev_hash(&backend->addr, backend->port, shape->seed + SKIP_SEED);

		walks[i].position = (uint32_t)(first % size);
		walks[i].skip = (uint32_t)(second % (size - 1)) + 1;
	}
}

/* Sums stay below 2^24: no overflow in 32 bits (TABLE_SLOTS_MAX). */
static void step(struct walk *walk, uint32_t size)
{
	walk->position += walk->skip;
	if (walk->position >= size)
		walk->position -= size;
}

int maglev_fill(const struct table_shape *shape, const struct wanted_backend *backends,
		size_t count, uint16_t *slots)
{
	_cleanup_free_ struct walk *walks = calloc(count, sizeof(*walks));
	_cleanup_free_ bool *taken = calloc(shape->size, sizeof(*taken));
	struct weighted_round_robin turns;
	int r;

	if (!walks || !taken)
		return -ENOMEM;
	r = weighted_round_robin_start(&turns, backends, count);
	if (r < 0)
		return r;
	start_walks(shape, backends, count, walks);
	for (uint32_t filled = 0; filled < shape->size; filled++) {
		size_t who = weighted_round_robin_next(&turns);
		struct walk *walk = &walks[who];

		while (taken[walk->position])
			step(walk, shape->size);
		taken[walk->position] = true;
		slots[walk->position] = (uint16_t)who;
		step(walk, shape->size);
	}
	weighted_round_robin_clear(&turns);
	return 0;
}
