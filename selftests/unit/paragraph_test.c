/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../control/lib/paragraph.h"
#include "../../control/config/options.h"

static char *print(const char *label, const char *text, unsigned indent, unsigned width)
{
	char *printed = NULL;
	size_t size;
	FILE *out = open_memstream(&printed, &size);

	assert_non_null(out);
	paragraph_print(out, label, text, indent, width);
	fclose(out);
	return printed;
}

static void expect(const char *label, const char *text, unsigned width,
		   const char *expected)
{
	char *printed = print(label, text, 6, width);

	assert_string_equal(printed, expected);
	free(printed);
}

static void paragraph_breaks_between_words(void **state)
{
	(void)state;
	expect("--a", "one two three", 14, "--a   one two\n      three\n");
	expect("--a", "one two three", 0, "--a   one two three\n");
	expect("--long", "one", 14, "--long\n      one\n");
	expect("", "unbreakable-word x", 12, "      unbreakable-word\n      x\n");
	expect("ä", "öö öö öö", 11, "ä     öö öö\n      öö\n");
}

static void help_fits_a_terminal(void **state)
{
	char *printed = NULL;
	size_t size;
	FILE *out = open_memstream(&printed, &size);

	(void)state;
	assert_non_null(out);
	options_print_help(out);
	fclose(out);
	for (const char *line = printed; *line; line += strcspn(line, "\n") + 1)
		assert_in_range(strcspn(line, "\n"), 0, PARAGRAPH_WIDTH);
	free(printed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paragraph_breaks_between_words),
		cmocka_unit_test(help_fits_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
