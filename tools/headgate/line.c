/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: options anywhere, then group, verb and arguments. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "../../control/lib/paragraph.h"
#include "line_option.h"

#define HELP_COLUMN 34

static const struct line_option *option_of(int letter)
{
	for (size_t i = 0; i < LINE_OPTIONS; i++) {
		if (line_options[i].letter == letter)
			return &line_options[i];
	}
	return NULL;
}

static int read_format(const char *text, enum format *ret_format)
{
	static const char *const names[] = { [FORMAT_TABLE] = "table",
					     [FORMAT_WIDE] = "wide",
					     [FORMAT_JSON] = "json",
					     [FORMAT_CSV] = "csv" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		*ret_format = (enum format)i;
		return 0;
	}
	return usage("output '%s' is not a format: use table, wide, json or, with "
		     "--matrix, csv",
		     text);
}

static int take_option(int letter, char **argv, struct line *line, unsigned *used)
{
	const struct line_option *option = option_of(letter);

	if (!option)
		return usage("%s '%s': headgate --help lists the options",
			     letter == ':' ? "no value for" : "unknown option",
			     argv[optind - 1]);
	if (letter == 'o')
		return read_format(optarg, &line->format);
	if (letter == 'h')
		line_print_help(stdout);
	else if (!option->field)
		printf("headgate %s\n", HEADGATE_VERSION);
	if (!option->field)
		return -1;
	*(const char **)((char *)line + option->field) =
	    option->argument ? optarg : option->name;
	*used |= 1U << (option - line_options);
	return 0;
}

static int read_options(int argc, char **argv, struct line *line, unsigned *used)
{
	struct option table[LINE_OPTIONS + 1] = { 0 };
	int letter;

	for (size_t i = 0; i < LINE_OPTIONS; i++)
		table[i] = (struct option){ line_options[i].name,
					    line_options[i].argument ? required_argument
								     : no_argument,
					    NULL, line_options[i].letter };
	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":o:n:fh", table, NULL)) >= 0) {
		int r = take_option(letter, argv, line, used);

		if (r)
			return r;
	}
	return 0;
}

/* Does the command take the options and the number of arguments that were given? */
static int check(const struct command *command, const struct line *line, unsigned used)
{
	for (size_t i = 0; i < LINE_OPTIONS; i++) {
		unsigned takes = line_options[i].takes;

		if ((used & (1U << i)) && takes && !(command->takes & takes))
			return usage("'%s%s%s' takes no --%s", command->group,
				     *command->verb ? " " : "", command->verb,
				     line_options[i].name);
	}
	if (line->format == FORMAT_CSV && !line->matrix)
		return usage("only 'policy test --matrix' is written as csv: use table, "
			     "wide or json");
	if (line->count && !*command->arguments)
		return usage("unexpected argument '%s'", line->arguments[0]);
	if (!line->count && *command->arguments)
		return usage("'%s %s' needs %s", command->group, command->verb,
			     command->arguments);
	return 0;
}

int line_read(int argc, char **argv, const struct command **ret_command,
	      struct line *ret_line)
{
	struct line line = { .socket = getenv("HEADGATE_SOCKET") ?: SOCKET_DEFAULT };
	unsigned used = 0;
	int words = 0;
	int r = read_options(argc, argv, &line, &used);

	if (r)
		return r;
	const struct command *command =
	    command_find(argv + optind, argc - optind, &words);

	if (!command)
		return EXIT_USAGE;
	line.arguments = argv + optind + words;
	line.count = argc - optind - words;
	r = check(command, &line, used);
	if (r)
		return r;
	*ret_command = command;
	*ret_line = line;
	return 0;
}

void line_print_help(FILE *out)
{
	fputs("Usage: headgate [OPTION...] COMMAND [ARGUMENT...]\n"
	      "Look into headgated and its datapath. Words may be abbreviated. See "
	      "headgate(1).\n\nCommands:\n",
	      out);
	for (const struct command *row = commands; row < commands + command_count;
	     row++) {
		char left[64];

		snprintf(left, sizeof(left), "  %s%s%s%s%s", row->group,
			 *row->verb ? " " : "", row->verb, *row->arguments ? " " : "",
			 row->arguments);
		paragraph_print(out, left, row->help, HELP_COLUMN, PARAGRAPH_WIDTH);
	}
	fputs("\nOptions:\n", out);
	for (size_t i = 0; i < LINE_OPTIONS; i++) {
		const struct line_option *option = &line_options[i];
		char left[64];

		snprintf(left, sizeof(left), "  %s%c%s--%s %s",
			 option->letter < 256 ? "-" : "",
			 option->letter < 256 ? option->letter : ' ',
			 option->letter < 256 ? ", " : "   ", option->name,
			 option->argument ? option->argument : "");
		paragraph_print(out, left, option->help, HELP_COLUMN, PARAGRAPH_WIDTH);
	}
}
