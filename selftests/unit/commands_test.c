/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of headgate: the manual page holds what the table holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../tools/headgate/commands.h"

#define PAGE "tools/man/headgate.1.scd"

static const struct {
	const char *group, *verb, *arguments, *help;
} rows[] = {
#define COMMAND_NAMES(group, verb, arguments, takes, run, help)                          \
	{ group, verb, arguments, help },
	COMMANDS(COMMAND_NAMES)
};
#define ROWS (sizeof(rows) / sizeof(*rows))

static char *page;

static int read_page(void **state)
{
	FILE *file = fopen(PAGE, "re");

	(void)state;
	page = calloc(1, 1 << 20);
	if (!page || !file) {
		fprintf(stderr, PAGE " cannot be read: run from the top of the tree\n");
		return -1;
	}
	size_t length = fread(page, 1, (1 << 20) - 1, file);

	fclose(file);
	return length ? 0 : -1;
}

static int free_page(void **state)
{
	(void)state;
	free(page);
	return 0;
}

static void commands_are_all_in_the_man_page(void **state)
{
	char needle[128];

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		snprintf(needle, sizeof(needle), "\n*headgate %s%s%s*", rows[i].group,
			 *rows[i].verb ? " " : "", rows[i].verb);
		if (!strstr(page, needle))
			fail_msg(PAGE " does not describe%s", needle);
	}
}

static void commands_the_man_page_knows_no_others(void **state)
{
	size_t described = 0;

	(void)state;
	for (const char *at = page; (at = strstr(at, "\n*headgate ")); at++)
		described++;
	assert_int_equal(described, ROWS);
}

static void commands_groups_lie_together(void **state)
{
	(void)state;
	for (size_t i = 2; i < ROWS; i++) {
		for (size_t k = 0; k + 1 < i; k++) {
			if (strcmp(rows[k].group, rows[i].group) == 0)
				assert_string_equal(rows[i - 1].group, rows[i].group);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_all_in_the_man_page),
		cmocka_unit_test(commands_the_man_page_knows_no_others),
		cmocka_unit_test(commands_groups_lie_together),
	};

	return cmocka_run_group_tests(tests, read_page, free_page);
}
