/* SPDX-License-Identifier: BSD-2-Clause */
/* The state machine of a health check: its table, and a naive twin over random results.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "../../control/compile/wanted.h"
#include "../../control/health/verdict.h"

/* Results as text: '+' success, '-' failure; states after each: '?', 'U' up, 'D' down. */
struct row {
	const char *sentence;
	unsigned rise, fall;
	const char *results;
	const char *states;
};

static const struct row rows[] = {
	{ "the first success ends unknown, whatever rise", 3, 3, "+", "U" },
	{ "fall failures end unknown", 2, 3, "---", "??D" },
	{ "a success among the first failures is up at once", 3, 3, "--+", "??U" },
	{ "up needs fall failures in a row to go down", 1, 3, "+--+---", "UUUUUUD" },
	{ "down needs rise successes in a row to come up", 3, 1, "-++-+++", "DDDDDDU" },
	{ "with rise and fall of 1 each result decides", 1, 1, "+-+-", "UDUD" },
	{ "more of the same changes nothing", 2, 2, "+++++--", "UUUUUUD" },
	{ "down stays down over more failures", 2, 1, "----++", "DDDDDU" },
};

static char letter(int state)
{
	return state == HEALTH_UNKNOWN ? '?' : state == HEALTH_UP ? 'U' : 'D';
}

static void verdict_follows_its_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct verdict verdict;
		char states[16] = "";

		verdict_start(&verdict, row->rise, row->fall, 0);
		for (size_t at = 0; row->results[at]; at++) {
			verdict_take(&verdict, row->results[at] == '+', at + 1);
			states[at] = letter(verdict.state);
		}
		if (strcmp(states, row->states) != 0)
			fail_msg("%s: %s gives %s, not %s", row->sentence, row->results,
				 states, row->states);
	}
}

static void verdict_tells_a_change_once_and_when(void **state)
{
	struct verdict verdict;

	(void)state;
	verdict_start(&verdict, 2, 2, 100);
	assert_int_equal(verdict.changed_ms, 100);
	assert_true(verdict_take(&verdict, true, 200));
	assert_int_equal(verdict.changed_ms, 200);
	assert_false(verdict_take(&verdict, false, 300));
	assert_int_equal(verdict.changed_ms, 200);
	assert_true(verdict_take(&verdict, false, 400));
	assert_int_equal(verdict.changed_ms, 400);
	assert_false(verdict_take(&verdict, false, 500));
	assert_int_equal(verdict.changed_ms, 400);
	assert_int_equal(verdict.failures, 3);
	assert_int_equal(verdict.successes, 0);
}

/* The twin reads the whole history anew for each state. */
static size_t run_at_end(const char *history, size_t length, char kind)
{
	size_t run = 0;

	while (run < length && history[length - 1 - run] == kind)
		run++;
	return run;
}

static int twin(const char *history, size_t length, unsigned rise, unsigned fall)
{
	int state = HEALTH_UNKNOWN;

	for (size_t at = 1; at <= length; at++) {
		if (run_at_end(history, at, '-') >= fall)
			state = HEALTH_DOWN;
		else if (run_at_end(history, at, '+') >=
			 (state == HEALTH_UNKNOWN ? 1 : rise))
			state = HEALTH_UP;
	}
	return state;
}

static void verdict_agrees_with_a_naive_twin(void **state)
{
	unsigned seed = (unsigned)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int round = 0; round < 300; round++) {
		unsigned rise = 1 + (unsigned)random() % 5,
			 fall = 1 + (unsigned)random() % 5;
		unsigned luck = (unsigned)random() % 101;
		struct verdict verdict;
		char history[100];

		verdict_start(&verdict, rise, fall, 0);
		for (size_t at = 0; at < sizeof(history); at++) {
			int before = verdict.state;
			bool passed = (unsigned)random() % 100 < luck;
			bool changed = verdict_take(&verdict, passed, at);

			history[at] = passed ? '+' : '-';
			assert_int_equal(verdict.state,
					 twin(history, at + 1, rise, fall));
			assert_int_equal(changed, verdict.state != before);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdict_follows_its_table),
		cmocka_unit_test(verdict_tells_a_change_once_and_when),
		cmocka_unit_test(verdict_agrees_with_a_naive_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
