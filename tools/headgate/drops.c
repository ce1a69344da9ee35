/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdbool.h>
#include <stdio.h>

#include "../../control/lib/cleanup.h"
#include "table.h"

#define REFUSALS_SHOWN 20

static const struct column columns[] = {
	{ "NUMBER", "number", cell_text, COLUMN_RIGHT | COLUMN_WIDE },
	{ "REASON", "name", cell_text, 0 },
	{ "PACKETS", "packets", cell_text, COLUMN_RIGHT },
	{ "BYTES", "bytes", cell_bytes, COLUMN_RIGHT },
	{ "MEANING", "sentence", cell_text, 0 },
	{ NULL, NULL, NULL, 0 },
};

static const struct column refusals[] = {
	{ "AGE", "ageSeconds", cell_age, COLUMN_RIGHT },
	{ "FROM", "from", cell_text, 0 },
	{ "TO", "to", cell_text, 0 },
	{ "PORT", "port", cell_text, COLUMN_RIGHT },
	{ "PROTOCOL", "protocol", cell_text, 0 },
	{ "DIRECTION", "direction", cell_text, 0 },
	{ "AUDIT", "audit", cell_yes, 0 },
	{ "ISOLATED-BY", "policies", cell_text, 0 },
	{ NULL, NULL, NULL, 0 },
};

/* The newest: a screenful, or all. */
static int show_refusals(const struct line *line, struct json_object *all)
{
	CLEANUP(api_put) struct json_object *some = json_object_new_array();
	size_t count = api_count(all);
	bool is_cut = line->format != FORMAT_WIDE && count > REFUSALS_SHOWN;

	if (!count)
		return EXIT_SUCCESS;
	printf("\nLatest packets refused by NetworkPolicies, newest first%s:\n",
	       is_cut ? " (more with -o wide; --follow shows them as they come)" : "");
	if (!is_cut)
		return table_print(line, refusals, all);
	for (size_t i = 0; some && i < REFUSALS_SHOWN; i++) {
		if (json_object_array_add(some, json_object_get(api_item(all, i))) < 0)
			json_object_put(api_item(all, i));
	}
	return table_print(line, refusals, some);
}

int drops_show(const struct line *line)
{
	if (line->follow)
		return drops_follow(line);
	CLEANUP(api_put)
	struct json_object *answer = api_call(line, "GET", "/v1/drops", NULL);

	if (!answer)
		return api_exit_code();
	if (api_print_json(line, answer))
		return EXIT_SUCCESS;
	int r = table_print(line, columns, api_member(answer, "drops"));

	return r == EXIT_SUCCESS ? show_refusals(line, api_member(answer, "policy")) : r;
}
