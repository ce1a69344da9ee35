// SPDX-License-Identifier: BSD-2-Clause
/*
 * The verifier's work per program stays under the budget in budget.txt: growth is noticed
 * when it is small, not when a kernel refuses the program. Kernels differ threefold in
 * what the same program costs, compilers by a third: each pair may have rows of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
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

/* "6.1.0-56-amd64" → "6.1" */
static void kernel_series(char ret[32])
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	assert_int_equal(uname(&name), 0);
	assert_int_equal(sscanf(name.release, "%u.%u", &major, &minor), 2);
	snprintf(ret, 32, "%u.%u", major, minor);
}

static bool fits(const char *pattern, const char *text)
{
	return !strcmp(pattern, "*") || !strcmp(pattern, text);
}

/* The last row that fits; 0: none. */
static uint32_t budget_of(const char *program)
{
	FILE *file = open_budget();
	char line[160], kernel[32], compiler[32], row_kernel[32], row_compiler[32],
	    name[64];
	uint32_t budget = 0, found = 0;

	assert_non_null(file);
	kernel_series(kernel);
	harness_compiler(compiler);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%31s %31s %63s %u", row_kernel, row_compiler, name,
			   &budget) == 4 &&
		    fits(row_kernel, kernel) && fits(row_compiler, compiler) &&
		    !strcmp(name, program))
			found = budget;
	fclose(file);
	return found;
}

static bool is_within_budget(const char *name, int program)
{
	uint32_t budget = budget_of(name);
	uint32_t spent = harness_verified(program);

	print_message("verified %s: %u of %u instructions\n", name, spent, budget);
	return spent && spent <= budget;
}

static void check_harness(const struct harness *harness)
{
	bool nic = is_within_budget("nic", harness->nic);
	bool nic_tc = is_within_budget("nic_tc", harness->nic_tc);
	bool pod_out = is_within_budget("pod_out", harness->pod_out);
	bool pod_in = is_within_budget("pod_in", harness->pod_in);

	assert_true(nic && nic_tc && pod_out && pod_in);
}

static void verifier_stays_within_budget(void **state)
{
	check_harness(*state);
}

/* More CPUs than rows of counters: programs are then another bit longer. */
static void where_cpus_share_counters_too(void **state)
{
	struct hg_config config = harness_config();
	struct harness shared;

	(void)state;
	config.stats_own = config.stats_shared = 2;
	assert_int_equal(harness_open(&config, &shared), 0);
	check_harness(&shared);
	harness_close(&shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verifier_stays_within_budget),
		cmocka_unit_test(where_cpus_share_counters_too),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
