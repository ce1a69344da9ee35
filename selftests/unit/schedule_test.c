/* SPDX-License-Identifier: BSD-2-Clause */
/* The schedule of health checks against a naive twin that searches an array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>
#include "../../control/health/schedule.h"

#define ENTRIES 200

static uint64_t earliest(const struct schedule_entry *entries)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < ENTRIES; i++) {
		if (entries[i].place && entries[i].due_ms < first)
			first = entries[i].due_ms;
	}
	return first;
}

static void schedule_first_is_the_earliest_of_a_naive_twin(void **state)
{
	struct schedule_entry entries[ENTRIES] = { 0 };
	struct schedule schedule = { 0 };
	unsigned seed = (unsigned)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	assert_int_equal(schedule_reserve(&schedule, ENTRIES), 0);
	for (int round = 0; round < 20000; round++) {
		struct schedule_entry *entry = &entries[random() % ENTRIES];

		if (random() % 3)
			schedule_set(&schedule, entry, (uint64_t)random() % 1000);
		else
			schedule_remove(&schedule, entry);
		struct schedule_entry *first = schedule_first(&schedule);

		assert_int_equal(first ? first->due_ms : UINT64_MAX, earliest(entries));
	}
	schedule_free(&schedule);
}

static void schedule_yields_entries_in_order(void **state)
{
	struct schedule_entry entries[ENTRIES] = { 0 };
	struct schedule schedule = { 0 };
	uint64_t last = 0;

	(void)state;
	assert_int_equal(schedule_reserve(&schedule, ENTRIES), 0);
	for (size_t i = 0; i < ENTRIES; i++)
		schedule_set(&schedule, &entries[i], i * 7919 % 1009);
	for (size_t i = 0; i < ENTRIES; i++) {
		struct schedule_entry *first = schedule_first(&schedule);

		assert_true(first->due_ms >= last);
		last = first->due_ms;
		schedule_remove(&schedule, first);
		assert_int_equal(first->place, 0);
	}
	assert_null(schedule_first(&schedule));
	schedule_free(&schedule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schedule_first_is_the_earliest_of_a_naive_twin),
		cmocka_unit_test(schedule_yields_entries_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
