/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What maglev-v1 promises: even shares, little disruption, and the same bytes for ever.
 * The twin below follows the paper's pseudo-code (whole permutations by multiplication
 * and modulo) and hashes bytes, not words; it shares no line with compile/.
 */
#include "objects.h"

#include <time.h>
#include "../../control/compile/maglev.h"
#include "../../control/compile/table.h"

static struct wanted_backend *make_backends(size_t count)
{
	struct wanted_backend *backends = calloc(count, sizeof(*backends));

	assert_non_null(backends);
	for (size_t i = 0; i < count; i++) {
		char text[ADDR_TEXT];

		snprintf(text, sizeof(text), "10.%zu.%zu.%zu", i >> 16 & 255,
			 i >> 8 & 255, i & 255);
		backends[i].addr = addr(text);
		backends[i].port = 8080;
		backends[i].weight = 1;
	}
	return backends;
}

static uint32_t default_size(const struct wanted_backend *backends, size_t count)
{
	struct table_load load = { 0 };

	for (size_t i = 0; i < count; i++)
		table_load_add(&load, backends[i].weight);
	return table_size(ALGORITHM_MAGLEV, 0, &load);
}

static uint16_t *fill(const struct wanted_backend *backends, size_t count, uint32_t size,
		      uint64_t seed)
{
	struct table_shape shape = { ALGORITHM_MAGLEV, size, seed };
	uint16_t *slots = calloc(size, sizeof(*slots));

	assert_non_null(slots);
	assert_int_equal(table_fill(&shape, backends, count, slots), 0);
	return slots;
}

static void count_shares(const uint16_t *slots, uint32_t size, uint32_t *shares,
			 size_t count)
{
	memset(shares, 0, count * sizeof(*shares));
	for (uint32_t slot = 0; slot < size; slot++) {
		assert_in_range(slots[slot], 0, count - 1);
		shares[slots[slot]]++;
	}
}

/* ---- the twin ---- */
static uint64_t twin_murmur64a(const unsigned char *data, size_t length, uint64_t seed)
{
	const uint64_t m = 0xc6a4a7935bd1e995ULL;
	uint64_t h = seed ^ (length * m);
	size_t at = 0;

	for (; at + 8 <= length; at += 8) {
		uint64_t k = 0;

		for (size_t i = 0; i < 8; i++)
			k += (uint64_t)data[at + i] << (8 * i);
		k *= m;
		k ^= k >> 47;
		h ^= k * m;
		h *= m;
	}
	assert_int_equal(at, length);
	h ^= h >> 47;
	h *= m;
	h ^= h >> 47;
	return h;
}

static uint64_t twin_hash(const struct wanted_backend *backend, uint64_t seed)
{
	unsigned char key[24] = { 0 };

	memcpy(key, backend->addr.bytes, 16);
	key[16] = (unsigned char)(backend->port / 256);
	key[17] = (unsigned char)(backend->port % 256);
	return twin_murmur64a(key, sizeof(key), seed);
}

/* permutation[j] = (offset + j × skip) mod M */
static uint32_t *twin_permutation(const struct wanted_backend *backend, uint32_t size,
				  uint64_t seed)
{
	uint64_t offset = twin_hash(backend, seed) % size;
	uint64_t skip = twin_hash(backend, seed + 0x9e3779b97f4a7c15ULL) % (size - 1) + 1;
	uint32_t *permutation = calloc(size, sizeof(*permutation));

	assert_non_null(permutation);
	for (uint64_t j = 0; j < size; j++)
		permutation[j] = (uint32_t)((offset + j * skip) % size);
	return permutation;
}

/* Turns that a backend has had after so many rounds: rounds × w / W, to the nearest. */
static uint64_t twin_turns(uint64_t rounds, uint64_t weight, uint64_t heaviest)
{
	return (rounds * weight + heaviest / 2) / heaviest;
}

static uint16_t *twin_fill(const struct wanted_backend *backends, size_t count,
			   uint32_t size, uint64_t seed)
{
	uint32_t **permutations = calloc(count + 1, sizeof(*permutations));
	uint32_t *next = calloc(count + 1, sizeof(*next));
	uint16_t *slots = calloc(size, sizeof(*slots));
	uint32_t filled = 0;
	uint64_t heaviest = 1;

	assert_true(permutations && next && slots);
	memset(slots, 0xff, size * sizeof(*slots));
	for (size_t i = 0; i < count; i++) {
		permutations[i] = twin_permutation(&backends[i], size, seed);
		if (backends[i].weight > heaviest)
			heaviest = backends[i].weight;
	}
	for (uint64_t round = 1; filled < size; round++) {
		for (size_t i = 0; i < count && filled < size; i++) {
			uint64_t had =
			    twin_turns(round - 1, backends[i].weight, heaviest);

			if (twin_turns(round, backends[i].weight, heaviest) == had)
				continue;
			while (slots[permutations[i][next[i]]] != 0xffff)
				next[i]++;
			slots[permutations[i][next[i]]] = (uint16_t)i;
			filled++;
		}
	}
	for (size_t i = 0; i < count; i++)
		free(permutations[i]);
	free(permutations);
	free(next);
	return slots;
}

static void maglev_agrees_with_its_naive_twin(void **state)
{
	static const uint32_t SIZES[] = { 2, 3, 5, 7, 101, 211, 307, 1009 };
	unsigned seed = (unsigned)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int round = 0; round < 400; round++) {
		uint32_t size =
		    SIZES[(size_t)random() % (sizeof(SIZES) / sizeof(SIZES[0]))];
		size_t count = (size_t)random() % (size < 60 ? size : 60) + 1;
		struct wanted_backend *backends = make_backends(count);
		uint64_t table_seed = (uint64_t)random() << 32 ^ (uint64_t)random();
		uint16_t *slots, *expected;

		for (size_t i = 0; i < count; i++) {
			uint32_t low = (uint32_t)random();

			memcpy(&backends[i].addr.bytes[12], &low, sizeof(low));
			backends[i].port = (uint16_t)random();
			if (round % 2)
				backends[i].weight = (uint32_t)random() % 256 + 1;
		}
		slots = fill(backends, count, size, table_seed);
		expected = twin_fill(backends, count, size, table_seed);
		assert_memory_equal(slots, expected, size * sizeof(*slots));
		free(slots);
		free(expected);
		free(backends);
	}
}

/* ---- golden tables ---- */
static const uint16_t GOLDEN_EVEN[] = {
#include "maglev_even.golden"
};
static const uint16_t GOLDEN_WEIGHTED[] = {
#include "maglev_weighted.golden"
};

#define GOLDEN_SLOTS 61U
#define GOLDEN_SEED  0x4865616467617465ULL /* "Headgate" */
#define GOLDEN_HASH  0xa4ece61f7c7d22acULL

static struct wanted_backend *golden_backends(void)
{
	static const char *const ADDRS[] = { "10.1.0.1", "10.1.0.2", "10.1.0.3",
					     "192.0.2.200", "2001:db8::1" };
	struct wanted_backend *backends = make_backends(5);

	for (size_t i = 0; i < 5; i++) {
		backends[i].addr = addr(ADDRS[i]);
		backends[i].port = (uint16_t)(8080 + i);
	}
	return backends;
}

static void maglev_tables_never_change_between_versions(void **state)
{
	struct wanted_backend *backends = golden_backends();
	uint16_t *slots = fill(backends, 5, GOLDEN_SLOTS, GOLDEN_SEED);

	(void)state;
	assert_int_equal(sizeof(GOLDEN_EVEN), GOLDEN_SLOTS * sizeof(*slots));
	assert_memory_equal(slots, GOLDEN_EVEN, sizeof(GOLDEN_EVEN));
	free(slots);
	for (size_t i = 0; i < 5; i++)
		backends[i].weight = (uint32_t)i + 1;
	slots = fill(backends, 5, GOLDEN_SLOTS, GOLDEN_SEED);
	assert_int_equal(sizeof(GOLDEN_WEIGHTED), GOLDEN_SLOTS * sizeof(*slots));
	assert_memory_equal(slots, GOLDEN_WEIGHTED, sizeof(GOLDEN_WEIGHTED));
	free(slots);
	free(backends);
}

static void maglev_hash_is_murmurhash64a_of_the_key(void **state)
{
	struct wanted_backend backend = { .addr = addr("192.0.2.1"), .port = 80 };

	(void)state;
	/* As the golden tables: computed by a separate implementation in Python. */
	assert_true(maglev_hash(&backend.addr, 80, 0) == GOLDEN_HASH);
	assert_true(twin_hash(&backend, 0) == GOLDEN_HASH);
}

/* ---- shares and disruption ---- */
static void maglev_equal_weights_share_within_one_percent(void **state)
{
	static const size_t COUNTS[] = { 1, 2, 3, 7, 10, 50, 100, 500, 1000 };

	(void)state;
	for (size_t i = 0; i < sizeof(COUNTS) / sizeof(COUNTS[0]); i++) {
		size_t count = COUNTS[i];
		struct wanted_backend *backends = make_backends(count);
		uint32_t size = default_size(backends, count);
		uint32_t *shares = calloc(count, sizeof(*shares));
		uint16_t *slots = fill(backends, count, size, 1);

		assert_in_range(size, 100 * count, 155 * count);
		count_shares(slots, size, shares, count);
		for (size_t j = 0; j < count; j++)
			assert_in_range(shares[j], size / count, size / count + 1);
		free(shares);
		free(slots);
		free(backends);
	}
}

static void maglev_shares_follow_weights(void **state)
{
	static const uint32_t WEIGHTS[][4] = {
		{ 1, 1, 1, 1 },	    { 1, 2, 3, 4 },	{ 256, 1, 1, 1 },
		{ 5, 5, 5, 10 },    { 100, 99, 98, 1 }, { 256, 128, 64, 32 },
		{ 256, 255, 1, 1 },
	};
	struct wanted_backend *backends = make_backends(4);

	(void)state;
	for (size_t i = 0; i < sizeof(WEIGHTS) / sizeof(WEIGHTS[0]); i++) {
		uint32_t sum = 0, size, shares[4];
		uint16_t *slots;

		for (size_t j = 0; j < 4; j++) {
			backends[j].weight = WEIGHTS[i][j];
			sum += WEIGHTS[i][j];
		}
		size = default_size(backends, 4);
		slots = fill(backends, 4, size, 1);
		count_shares(slots, size, shares, 4);
		for (size_t j = 0; j < 4; j++) {
			double ideal = (double)size * WEIGHTS[i][j] / sum;

			if (shares[j] < ideal - 2 || shares[j] > ideal + 2)
				fail_msg("row %zu: weight %u of %u has %u of %u slots", i,
					 WEIGHTS[i][j], sum, shares[j], size);
		}
		free(slots);
	}
	free(backends);
}

/* Slots that name the same backend before and after `gone` left. */
static uint32_t count_moved(const uint16_t *before, const uint16_t *after, uint32_t size,
			    uint16_t gone)
{
	uint32_t moved = 0;

	for (uint32_t slot = 0; slot < size; slot++) {
		uint16_t now =
		    after[slot] < gone ? after[slot] : (uint16_t)(after[slot] + 1);

		moved += before[slot] != gone && before[slot] != now;
	}
	return moved;
}

static void maglev_removing_a_backend_moves_few_slots(void **state)
{
	static const size_t COUNTS[] = { 3, 10, 100, 1000 };

	(void)state;
	for (size_t i = 0; i < sizeof(COUNTS) / sizeof(COUNTS[0]); i++) {
		size_t count = COUNTS[i], gone = count / 2;
		struct wanted_backend *backends = make_backends(count);
		uint32_t size = default_size(backends, count);
		uint16_t *before = fill(backends, count, size, 1), *after;

		memmove(&backends[gone], &backends[gone + 1],
			(count - gone - 1) * sizeof(*backends));
		after = fill(backends, count - 1, size, 1);
		/* Beyond those of the backend itself: 5 % of the table. */
		assert_in_range(count_moved(before, after, size, (uint16_t)gone), 0,
				size * 5 / 100);
		free(before);
		free(after);
		free(backends);
	}
}

static void maglev_order_of_backends_is_the_only_order_that_counts(void **state)
{
	struct wanted_backend *backends = make_backends(20);
	uint16_t *first = fill(backends, 20, 2003, 7);
	uint16_t *second = fill(backends, 20, 2003, 7);
	uint16_t *other = fill(backends, 20, 2003, 8);

	(void)state;
	assert_memory_equal(first, second, 2003 * sizeof(*first));
	assert_memory_not_equal(first, other, 2003 * sizeof(*first));
	free(first);
	free(second);
	free(other);
	free(backends);
}

static void maglev_fills_the_largest_table_in_time(void **state)
{
	struct wanted_backend *backends = make_backends(TABLE_BACKENDS_MAX);
	uint32_t size = default_size(backends, TABLE_BACKENDS_MAX);
	uint32_t *shares = calloc(TABLE_BACKENDS_MAX, sizeof(*shares));
	uint16_t *slots = fill(backends, TABLE_BACKENDS_MAX, size, 1);

	(void)state;
	assert_in_range(size, 100 * TABLE_BACKENDS_MAX, TABLE_SLOTS_MAX);
	count_shares(slots, size, shares, TABLE_BACKENDS_MAX);
	for (size_t i = 0; i < TABLE_BACKENDS_MAX; i++)
		assert_in_range(shares[i], size / TABLE_BACKENDS_MAX,
				size / TABLE_BACKENDS_MAX + 1);
	free(shares);
	free(slots);
	free(backends);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maglev_agrees_with_its_naive_twin),
		cmocka_unit_test(maglev_tables_never_change_between_versions),
		cmocka_unit_test(maglev_hash_is_murmurhash64a_of_the_key),
		cmocka_unit_test(maglev_equal_weights_share_within_one_percent),
		cmocka_unit_test(maglev_shares_follow_weights),
		cmocka_unit_test(maglev_removing_a_backend_moves_few_slots),
		cmocka_unit_test(maglev_order_of_backends_is_the_only_order_that_counts),
		cmocka_unit_test(maglev_fills_the_largest_table_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
