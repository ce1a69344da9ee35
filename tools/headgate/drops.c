/* SPDX-License-Identifier: BSD-2-Clause */
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

int drops_show(const struct line *line)
{
	CLEANUP(api_put)
	struct json_object *answer = api_call(line, "GET", "/v1/drops", NULL);

	if (!answer)
		return api_exit_code();
	if (api_print_json(line, answer))
		return EXIT_SUCCESS;
	return table_print(line, columns, api_member(answer, "drops"));
}
