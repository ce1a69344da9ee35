// SPDX-License-Identifier: BSD-2-Clause
/* Rows of counters: every CPU that a machine can ever have counts in exactly one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../control/datapath/cpus.h"

/* As xdp/stats.h does. */
static uint32_t row_of(const struct hg_config *config, uint32_t cpu)
{
	if (config->stats_shared && cpu >= config->stats_own)
		return config->stats_own + (cpu & (config->stats_shared - 1));
	return cpu;
}

static void lists_of_cpus_are_read(void **state)
{
	(void)state;
	assert_int_equal(cpus_end("0-3,6\n"), 7);
	assert_int_equal(cpus_end("0\n"), 1);
	assert_int_equal(cpus_end("0-127"), 128);
	assert_int_equal(cpus_end("8,0-3"), 9);
	assert_int_equal(cpus_end("\n"), 0);
	assert_int_equal(cpus_end(""), 0);
	assert_true(cpus_online() >= 1);
	assert_true(cpus_possible() >= cpus_online());
}

static void check_rows(uint32_t possible, uint32_t online)
{
	uint32_t rows = stats_rows(possible, online);
	unsigned users[HG_STATS_ROWS] = { 0 };
	struct hg_config config = { 0 };

	assert_in_range(rows, 1, HG_STATS_ROWS);
	stats_share_out(rows, possible, &config);
	assert_int_equal(config.stats_own + config.stats_shared, rows);
	assert_int_equal(config.stats_shared & (config.stats_shared - 1), 0);
	for (uint32_t cpu = 0; cpu < possible; cpu++) {
		uint32_t row = row_of(&config, cpu);

		assert_true(row < rows);
		users[row]++;
		if (row < config.stats_own)
			assert_int_equal(users[row], 1);
	}
}

static void every_cpu_has_a_row_that_nobody_adds_to_plainly_beside_it(void **state)
{
	(void)state;
	for (uint32_t possible = 1; possible <= 300; possible++)
		for (uint32_t online = 1; online <= possible; online++)
			check_rows(possible, online);
}

static void who_is_there_from_the_start_adds_plainly(void **state)
{
	struct hg_config config = { 0 };

	(void)state;
	stats_share_out(stats_rows(8, 8), 8, &config);
	assert_int_equal(config.stats_own, 8);
	assert_int_equal(config.stats_shared, 0);
	/* A virtual machine of 4 that may grow. */
	assert_int_equal(stats_rows(240, 4), 6);
	stats_share_out(6, 240, &config);
	assert_int_equal(config.stats_own, 4);
	assert_int_equal(config.stats_shared, 2);
	assert_int_equal(stats_rows(128, 128), HG_STATS_ROWS);
	stats_share_out(HG_STATS_ROWS, 128, &config);
	assert_int_equal(config.stats_own, 0);
	assert_int_equal(config.stats_shared, HG_STATS_ROWS);
}

/* Pins of a start that was cut short, on other terms. */
static void any_number_of_rows_takes_all_cpus(void **state)
{
	(void)state;
	for (uint32_t rows = 1; rows <= 64; rows++) {
		struct hg_config config = { 0 };

		stats_share_out(rows, 128, &config);
		for (uint32_t cpu = 0; cpu < 128; cpu++)
			assert_true(row_of(&config, cpu) < rows);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_cpus_are_read),
		cmocka_unit_test(
		    every_cpu_has_a_row_that_nobody_adds_to_plainly_beside_it),
		cmocka_unit_test(who_is_there_from_the_start_adds_plainly),
		cmocka_unit_test(any_number_of_rows_takes_all_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
