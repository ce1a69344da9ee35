// SPDX-License-Identifier: BSD-2-Clause
/* Allocators of places against a naive twin: a byte per place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../../control/datapath/ranges.h"

#define SIZE  512U
#define STEPS 200000

static void lowest_range_is_given_first_and_even(void **state)
{
	struct ranges ranges;
	uint32_t a, b, c;

	(void)state;
	assert_int_equal(ranges_open(&ranges, 0, SIZE), 0);
	assert_int_equal(ranges_take(&ranges, 7, &a), 0);
	assert_int_equal(ranges_take(&ranges, 2, &b), 0);
	assert_int_equal(a, 0);
	assert_int_equal(b, 8);
	ranges_give_back(&ranges, a, 7);
	assert_int_equal(ranges_take(&ranges, 8, &c), 0);
	assert_int_equal(c, 0);
	ranges_close(&ranges);
}

static void a_released_range_rests_for_the_quarantine(void **state)
{
	struct ranges ranges;
	uint32_t base, other;

	(void)state;
	assert_int_equal(ranges_open(&ranges, 0, SIZE), 0);
	assert_int_equal(ranges_take(&ranges, SIZE, &base), 0);
	assert_int_equal(ranges_take(&ranges, 2, &other), -ENOSPC);
	ranges_release(&ranges, base, SIZE, 1000);
	assert_int_equal(ranges_take(&ranges, 2, &other), -EAGAIN);
	ranges_tick(&ranges, 1000 + QUARANTINE_NS - 1);
	assert_int_equal(ranges_take(&ranges, 2, &other), -EAGAIN);
	ranges_tick(&ranges, 1000 + QUARANTINE_NS);
	assert_int_equal(ranges_take(&ranges, 2, &other), 0);
	assert_true(QUARANTINE_NS >= 1000000000ULL);
	ranges_close(&ranges);
}

static void a_range_in_use_cannot_be_claimed(void **state)
{
	struct ranges ranges;

	(void)state;
	assert_int_equal(ranges_open(&ranges, 0, SIZE), 0);
	assert_int_equal(ranges_claim(&ranges, 10, 5), 0);
	assert_int_equal(ranges_claim(&ranges, 14, 2), -EEXIST);
	assert_int_equal(ranges_claim(&ranges, 8, 4), -EEXIST);
	assert_int_equal(ranges_claim(&ranges, 16, 2), 0);
	assert_int_equal(ranges_claim(&ranges, SIZE - 2, 4), -ERANGE);
	assert_int_equal(ranges_claim(&ranges, UINT32_MAX - 1, 8), -ERANGE);
	assert_int_equal(ranges_claim(&ranges, 1, 2), -ERANGE);
	assert_int_equal(ranges.used, 8);
	ranges_close(&ranges);
}

struct holding {
	uint32_t base, count;
};

static void mark(char *twin, uint32_t base, uint32_t count, char value)
{
	for (uint32_t i = base; i < base + count; i++) {
		assert_int_not_equal(twin[i], value);
		twin[i] = value;
	}
}

/* First place where the twin has room, or SIZE. */
static uint32_t first_fit(const char *twin, uint32_t count)
{
	uint32_t run = 0;

	for (uint32_t i = 0; i < SIZE; i++) {
		run = twin[i] ? 0 : run + 1;
		if (run == count)
			return i + 1 - count;
	}
	return SIZE;
}

static void random_operations_match_the_naive_twin(void **state)
{
	unsigned seed = (unsigned)time(NULL);
	struct holding held[SIZE];
	char twin[SIZE] = { 0 };
	struct ranges ranges;
	size_t count = 0;

	(void)state;
	print_message("# seed %u\n", seed);
	assert_int_equal(ranges_open(&ranges, 0, SIZE), 0);
	for (int step = 0; step < STEPS; step++) {
		if (count && rand_r(&seed) % 2) {
			struct holding *one = &held[rand_r(&seed) % count];

			mark(twin, one->base, one->count, 0);
			ranges_give_back(&ranges, one->base, one->count);
			*one = held[--count];
			continue;
		}
		uint32_t wanted = 2 + 2 * (rand_r(&seed) % 12), base = SIZE;
		int r = ranges_take(&ranges, wanted, &base);
		assert_int_equal(base, first_fit(twin, wanted));
		assert_int_equal(r, base == SIZE ? -ENOSPC : 0);
		if (r < 0)
			continue;
		mark(twin, base, wanted, 1);
		held[count++] = (struct holding){ base, wanted };
	}
	ranges_close(&ranges);
}

static void numbers_start_at_one_and_are_given_lowest_first(void **state)
{
	struct id_pool ids;
	uint32_t number;

	(void)state;
	assert_int_equal(id_pool_open(&ids, 130), 0);
	for (uint32_t i = 1; i < 130; i++) {
		assert_int_equal(id_pool_get(&ids, &number), 0);
		assert_int_equal(number, i);
	}
	assert_int_equal(id_pool_get(&ids, &number), -ENOSPC);
	id_pool_put(&ids, 70);
	id_pool_put(&ids, 3);
	assert_int_equal(id_pool_get(&ids, &number), 0);
	assert_int_equal(number, 3);
	assert_int_equal(id_pool_claim(&ids, 70), 0);
	assert_int_equal(id_pool_claim(&ids, 70), -EEXIST);
	assert_int_equal(id_pool_claim(&ids, 0), -ERANGE);
	assert_int_equal(id_pool_claim(&ids, 130), -ERANGE);
	id_pool_close(&ids);
}

static void a_released_number_rests_for_the_quarantine(void **state)
{
	struct id_pool ids;
	uint32_t number;

	(void)state;
	assert_int_equal(id_pool_open(&ids, 2), 0);
	assert_int_equal(id_pool_get(&ids, &number), 0);
	id_pool_release(&ids, number, 5);
	assert_int_equal(id_pool_get(&ids, &number), -EAGAIN);
	id_pool_tick(&ids, 5 + QUARANTINE_NS);
	assert_int_equal(id_pool_get(&ids, &number), 0);
	id_pool_close(&ids);
}

static void releases_never_need_memory(void **state)
{
	uint64_t now = 0;
	struct id_pool ids;
	uint32_t number;

	(void)state;
	assert_int_equal(id_pool_open(&ids, 1000), 0);
	for (int round = 0; round < 50; round++) {
		for (int i = 1; i < 1000; i++)
			assert_int_equal(id_pool_get(&ids, &number), 0);
		for (uint32_t i = 1; i < 1000; i++)
			id_pool_release(&ids, i, now);
		now += QUARANTINE_NS;
		id_pool_tick(&ids, now);
	}
	id_pool_close(&ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lowest_range_is_given_first_and_even),
		cmocka_unit_test(a_released_range_rests_for_the_quarantine),
		cmocka_unit_test(a_range_in_use_cannot_be_claimed),
		cmocka_unit_test(random_operations_match_the_naive_twin),
		cmocka_unit_test(numbers_start_at_one_and_are_given_lowest_first),
		cmocka_unit_test(a_released_number_rests_for_the_quarantine),
		cmocka_unit_test(releases_never_need_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
