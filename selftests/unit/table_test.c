/* SPDX-License-Identifier: BSD-2-Clause */
#include "objects.h"

#include "../../control/compile/table.h"

static const enum algorithm ALGORITHMS[] = {
	ALGORITHM_MAGLEV,
	ALGORITHM_RANDOM,
	ALGORITHM_ROUND_ROBIN,
};
#define ALGORITHM_COUNT (sizeof(ALGORITHMS) / sizeof(ALGORITHMS[0]))

static struct wanted_backend *make_backends(const uint32_t *weights, size_t count)
{
	struct wanted_backend *backends = calloc(count, sizeof(*backends));

	assert_non_null(backends);
	for (size_t i = 0; i < count; i++) {
		backends[i].addr = addr("10.0.0.0");
		backends[i].addr.bytes[14] = (uint8_t)(i >> 8);
		backends[i].addr.bytes[15] = (uint8_t)i;
		backends[i].port = 80;
		backends[i].weight = weights ? weights[i] : 1;
	}
	return backends;
}

static uint16_t *fill(enum algorithm algorithm, uint32_t size, uint64_t seed,
		      const struct wanted_backend *backends, size_t count)
{
	struct table_shape shape = { algorithm, size, seed };
	uint16_t *slots = calloc(size, sizeof(*slots));

	assert_non_null(slots);
	assert_int_equal(table_fill(&shape, backends, count, slots), 0);
	return slots;
}

static uint32_t size_for(enum algorithm algorithm, uint32_t asked,
			 const struct wanted_backend *backends, size_t count)
{
	struct table_load load = { 0 };

	for (size_t i = 0; i < count; i++)
		table_load_add(&load, backends[i].weight);
	return table_size(algorithm, asked, &load);
}

static bool naive_is_prime(uint32_t number)
{
	for (uint32_t divisor = 2; divisor < number; divisor++) {
		if (number % divisor == 0)
			return false;
	}
	return number > 1;
}

static void table_size_is_a_prime_of_at_least_hundred_slots_per_backend(void **state)
{
	static const struct {
		size_t count;
		uint32_t size;
	} CASES[] = {
		{ 1, 101 },   { 2, 211 },   { 3, 307 },	    { 4, 401 },
		{ 5, 601 },   { 6, 601 },   { 7, 809 },	    { 8, 809 },
		{ 9, 1009 },  { 10, 1009 }, { 11, 1201 },   { 12, 1201 },
		{ 13, 1409 }, { 17, 2003 }, { 100, 11213 }, { 1000, 102407 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct wanted_backend *backends = make_backends(NULL, CASES[i].count);
		uint32_t size = size_for(ALGORITHM_MAGLEV, 0, backends, CASES[i].count);

		assert_int_equal(size, CASES[i].size);
		assert_true(naive_is_prime(size));
		free(backends);
	}
}

static void table_size_asked_for_is_raised_to_what_the_algorithm_can_use(void **state)
{
	struct wanted_backend *backends = make_backends(NULL, 10);

	(void)state;
	assert_int_equal(size_for(ALGORITHM_MAGLEV, 1009, backends, 10), 1009);
	assert_int_equal(size_for(ALGORITHM_MAGLEV, 1000, backends, 10), 1009);
	assert_int_equal(size_for(ALGORITHM_MAGLEV, 3, backends, 10), 11);
	assert_int_equal(size_for(ALGORITHM_MAGLEV, UINT32_MAX, backends, 10),
			 TABLE_SLOTS_MAX);
	assert_int_equal(size_for(ALGORITHM_RANDOM, 1000, backends, 10), 1000);
	assert_int_equal(size_for(ALGORITHM_ROUND_ROBIN, 3, backends, 10), 10);
	assert_int_equal(size_for(ALGORITHM_MAGLEV, 1, backends, 1), 2);
	free(backends);
}

static void table_size_leaves_room_for_the_lightest_backend(void **state)
{
	static const uint32_t WEIGHTS[] = { 256, 1 };
	struct wanted_backend *backends = make_backends(WEIGHTS, 2);
	uint32_t size = size_for(ALGORITHM_MAGLEV, 0, backends, 2);

	(void)state;
	assert_in_range(size, 10 * 257, 10 * 257 + 100);
	backends[1].weight = 0; /* on standby: needs no slots */
	assert_int_equal(size_for(ALGORITHM_MAGLEV, 0, backends, 2), 211);
	free(backends);
}

static void table_shares_follow_weights_whatever_the_algorithm(void **state)
{
	static const uint32_t WEIGHTS[] = { 1, 2, 3, 4 };
	struct wanted_backend *backends = make_backends(WEIGHTS, 4);
	const uint32_t size = 10007;

	(void)state;
	for (size_t i = 0; i < ALGORITHM_COUNT; i++) {
		uint16_t *slots = fill(ALGORITHMS[i], size, 42, backends, 4);
		uint32_t shares[4] = { 0 };
		/* Random: 4 standard deviations of a binomial at most. */
		double slack = ALGORITHMS[i] == ALGORITHM_RANDOM ? 200 : 2;

		for (uint32_t slot = 0; slot < size; slot++)
			shares[slots[slot]]++;
		for (size_t j = 0; j < 4; j++) {
			double ideal = size * WEIGHTS[j] / 10.0;

			if (shares[j] < ideal - slack || shares[j] > ideal + slack)
				fail_msg("%s: weight %u has %u slots, not %.0f",
					 table_algorithm_name(ALGORITHMS[i]), WEIGHTS[j],
					 shares[j], ideal);
		}
		free(slots);
	}
	free(backends);
}

static void table_round_robin_deals_slots_in_turn(void **state)
{
	static const uint32_t WEIGHTS[] = { 2, 1 };
	static const uint16_t EVEN[] = { 0, 1, 2, 0, 1, 2, 0 };
	static const uint16_t WEIGHTED[] = { 0, 1, 0, 0, 1, 0, 0, 1, 0 };
	struct wanted_backend *backends = make_backends(NULL, 3);
	uint16_t *slots = fill(ALGORITHM_ROUND_ROBIN, 7, 1, backends, 3);

	(void)state;
	assert_memory_equal(slots, EVEN, sizeof(EVEN));
	free(slots);
	free(backends);
	backends = make_backends(WEIGHTS, 2);
	slots = fill(ALGORITHM_ROUND_ROBIN, 9, 1, backends, 2);
	assert_memory_equal(slots, WEIGHTED, sizeof(WEIGHTED));
	free(slots);
	free(backends);
}

static void table_random_is_the_same_for_the_same_seed_only(void **state)
{
	static const uint16_t GOLDEN[] = {
#include "table_random.golden"
	};
	struct wanted_backend *backends = make_backends(NULL, 10);
	uint16_t *one = fill(ALGORITHM_RANDOM, 1000, 1, backends, 10);
	uint16_t *same = fill(ALGORITHM_RANDOM, 1000, 1, backends, 10);
	uint16_t *other = fill(ALGORITHM_RANDOM, 1000, 2, backends, 10);

	(void)state;
	assert_memory_equal(one, GOLDEN, sizeof(GOLDEN));
	assert_memory_equal(one, same, 1000 * sizeof(*one));
	assert_memory_not_equal(one, other, 1000 * sizeof(*one));
	free(one);
	free(same);
	free(other);
	free(backends);
}

static void table_hash_differs_with_every_part_of_the_table(void **state)
{
	struct wanted_backend *backends = make_backends(NULL, 3);
	struct table_shape shape = { ALGORITHM_MAGLEV, 307, 1 };
	uint64_t hashes[8][2];
	size_t count = 0;

	(void)state;
	table_hash(&shape, backends, 3, hashes[count++]);
	table_hash(&shape, backends, 2, hashes[count++]);
	shape.seed++;
	table_hash(&shape, backends, 3, hashes[count++]);
	shape.size = 311;
	table_hash(&shape, backends, 3, hashes[count++]);
	shape.algorithm = ALGORITHM_RANDOM;
	table_hash(&shape, backends, 3, hashes[count++]);
	backends[1].weight = 2;
	table_hash(&shape, backends, 3, hashes[count++]);
	backends[1].port = 81;
	table_hash(&shape, backends, 3, hashes[count++]);
	backends[1].addr = addr("10.0.0.9");
	table_hash(&shape, backends, 3, hashes[count++]);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < i; j++)
			assert_true(hashes[i][0] != hashes[j][0] &&
				    hashes[i][1] != hashes[j][1]);
	}
	/* What a table does not depend on does not count. */
	uint64_t again[2];

	backends[1].node = (char[]){ "node" };
	backends[1].health = HEALTH_UP;
	table_hash(&shape, backends, 3, again);
	assert_memory_equal(again, hashes[count - 1], sizeof(again));
	free(backends);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    table_size_is_a_prime_of_at_least_hundred_slots_per_backend),
		cmocka_unit_test(
		    table_size_asked_for_is_raised_to_what_the_algorithm_can_use),
		cmocka_unit_test(table_size_leaves_room_for_the_lightest_backend),
		cmocka_unit_test(table_shares_follow_weights_whatever_the_algorithm),
		cmocka_unit_test(table_round_robin_deals_slots_in_turn),
		cmocka_unit_test(table_random_is_the_same_for_the_same_seed_only),
		cmocka_unit_test(table_hash_differs_with_every_part_of_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
