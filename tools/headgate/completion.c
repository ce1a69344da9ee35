/* SPDX-License-Identifier: BSD-2-Clause */
/* A bash completion script made from the table of commands. */
#include <stdbool.h>
#include <string.h>

#include "commands.h"
#include "line_option.h"

static const struct row {
	const char *group, *verb;
} rows[] = {
#define COMPLETION_ROW(group, verb, arguments, takes, run, help) { group, verb },
	COMMANDS(COMPLETION_ROW)
#undef COMPLETION_ROW
};
#define ROWS (sizeof(rows) / sizeof(*rows))

static bool is_first_of_group(const struct row *row)
{
	return row == rows || strcmp(row[-1].group, row->group) != 0;
}

int completion_bash(const struct line *line)
{
	(void)line;
	puts("_headgate()\n{\n"
	     "\tlocal word=${COMP_WORDS[COMP_CWORD]} list=\n"
	     "\tcase ${COMP_CWORD}:${COMP_WORDS[1]} in\n"
	     "\t1:*) list='");
	for (const struct row *row = rows; row < rows + ROWS; row++) {
		if (is_first_of_group(row))
			printf("%s ", row->group);
	}
	puts("--help --version' ;;");
	for (const struct row *row = rows; row < rows + ROWS; row++) {
		if (!*row->verb)
			continue;
		if (is_first_of_group(row))
			printf("\t2:%s) list='", row->group);
		printf("%s ", row->verb);
		if (row + 1 == rows + ROWS || is_first_of_group(row + 1))
			puts("' ;;");
	}
	fputs("\t*) list='", stdout);
	line_print_options(stdout);
	puts("' ;;\n"
	     "\tesac\n"
	     "\tCOMPREPLY=($(compgen -W \"$list\" -- \"$word\"))\n"
	     "}\n"
	     "complete -F _headgate headgate");
	return EXIT_SUCCESS;
}
