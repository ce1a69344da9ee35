// SPDX-License-Identifier: BSD-2-Clause
/*
 * The verifier's work per program stays under the budget in budget.txt: growth is noticed
 * when it is small, not when a kernel refuses the program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "rows.h"

/* build/datapath/budget_test stands two folders below the root of the source. */
static FILE *open_budget(void)
{
	char self[PATH_MAX / 2] = "", path[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash = size > 0 ? strrchr(self, '/') : NULL;
	FILE *file = fopen("selftests/datapath/budget.txt", "r");

	if (file || !slash)
		return file;
	*slash = 0;
	snprintf(path, sizeof(path), "%s/../../selftests/datapath/budget.txt", self);
	return fopen(path, "r");
}

static uint32_t budget_of(const char *program)
{
	FILE *file = open_budget();
	char line[160], name[64];
	uint32_t budget = 0, found = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %u", name, &budget) == 2 && !strcmp(name, program))
			found = budget;
	fclose(file);
	return found;
}

static void check_harness(const struct harness *harness)
{
	const struct {
		const char *name;
		int program;
	} programs[] = {
		{ "nic", harness->nic },
		{ "nic_tc", harness->nic_tc },
		{ "pod_out", harness->pod_out },
	};

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		uint32_t budget = budget_of(programs[i].name);
		uint32_t spent = harness_verified(programs[i].program);

		print_message("%s: %u of %u instructions\n", programs[i].name, spent,
			      budget);
		assert_int_not_equal(spent, 0);
		assert_in_range(spent, 1, budget);
	}
}

static void verifier_stays_within_budget(void **state)
{
	check_harness(*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verifier_stays_within_budget),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
