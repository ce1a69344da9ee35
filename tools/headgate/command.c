/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of commands and how abbreviated words find their row. */
#include <stdbool.h>
#include <string.h>

#include "command.h"
#include "commands.h"

const struct command commands[] = {
#define COMMAND_ROW(group, verb, arguments, takes, run, help)                            \
	{ group, verb, arguments, takes, run, help },
	COMMANDS(COMMAND_ROW)
#undef COMMAND_ROW
};
const size_t command_count = sizeof(commands) / sizeof(*commands);

static const char *group_of(const struct command *command)
{
	return command->group;
}

static const char *verb_of(const struct command *command)
{
	return command->verb;
}

/*
 * The first row, at or after `from` and of `group` when given, whose name begins with
 * word. An exact name wins; two different names that fit: NULL, ambiguous.
 */
static const struct command *match(const char *word, const char *group,
				   const char *(*name_of)(const struct command *),
				   bool *ret_ambiguous)
{
	const struct command *found = NULL;

	*ret_ambiguous = false;
	for (const struct command *row = commands; row < commands + command_count;
	     row++) {
		const char *name = name_of(row);

		if (group && strcmp(row->group, group) != 0)
			continue;
		if (strcmp(name, word) == 0) {
			*ret_ambiguous = false;
			return row;
		}
		if (strncmp(name, word, strlen(word)) != 0)
			continue;
		if (found && strcmp(name_of(found), name) != 0)
			*ret_ambiguous = true;
		found = found ? found : row;
	}
	return *ret_ambiguous ? NULL : found;
}

static const struct command *complain(const char *kind, const char *word, bool ambiguous)
{
	usage("%s %s '%s': headgate --help lists them",
	      ambiguous ? "ambiguous" : "unknown", kind, word);
	return NULL;
}

const struct command *command_find(char **words, int count, int *ret_used)
{
	bool ambiguous;

	if (count < 1) {
		usage("which command? headgate --help lists them");
		return NULL;
	}
	const struct command *row = match(words[0], NULL, group_of, &ambiguous);

	if (!row)
		return complain("command", words[0], ambiguous);
	*ret_used = 1;
	if (!*row->verb || count == 1)
		return row;
	const struct command *exact = match(words[1], row->group, verb_of, &ambiguous);

	if (!exact)
		return complain("verb", words[1], ambiguous);
	*ret_used = 2;
	return exact;
}
