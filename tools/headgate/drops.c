/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "../../control/lib/cleanup.h"
#include "table.h"

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
	{ "AUDIT", "audit", cell_yes, 0 },
	{ "ISOLATED-BY", "policies", cell_text, 0 },
	{ NULL, NULL, NULL, 0 },
};

int drops_show(const struct line *line)
{
	CLEANUP(api_put)
	struct json_object *answer = api_call(line, "GET", "/v1/drops", NULL);

	if (!answer)
		return api_exit_code();
	if (api_print_json(line, answer))
		return EXIT_SUCCESS;
	int r = table_print(line, columns, api_member(answer, "drops"));

	if (r != EXIT_SUCCESS || !api_count(api_member(answer, "policy")))
		return r;
	puts("\nLatest packets refused by NetworkPolicies, newest first:");
	return table_print(line, refusals, api_member(answer, "policy"));
}
