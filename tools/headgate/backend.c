/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "../../control/lib/cleanup.h"
#include "table.h"

static const struct column columns[] = {
	{ "NAMESPACE", "backend.namespace", cell_text, 0 },
	{ "SERVICE", "backend.service", cell_text, 0 },
	{ "PROTOCOL", "backend.protocol", cell_text, 0 },
	{ "PORT", "backend.servicePort", cell_text, COLUMN_RIGHT },
	{ "BACKEND", "backend", cell_end, 0 },
	{ "WEIGHT", "backend.weight", cell_text, COLUMN_RIGHT },
	{ "STATE", "backend.state", cell_text, COLUMN_STATE },
	{ "HEALTH", "backend.health", cell_text, COLUMN_STATE },
	{ "REACHABLE", "backend.reachable", cell_yes, 0 },
	{ "ACTIVE", "backend.counters.activeConnections", cell_text, COLUMN_RIGHT },
	{ "CONNS", "backend.counters.connections", cell_text, COLUMN_RIGHT },
	{ "INPKTS", "backend.counters.inPackets", cell_text, COLUMN_RIGHT | COLUMN_WIDE },
	{ "OUTPKTS", "backend.counters.outPackets", cell_text,
	  COLUMN_RIGHT | COLUMN_WIDE },
	{ "INBYTES", "backend.counters.inBytes", cell_bytes, COLUMN_RIGHT | COLUMN_WIDE },
	{ "OUTBYTES", "backend.counters.outBytes", cell_bytes,
	  COLUMN_RIGHT | COLUMN_WIDE },
	{ "NODE", "backend.node", cell_text, COLUMN_WIDE },
	{ "POD", "backend.pod", cell_text, COLUMN_WIDE },
	{ "CHECK", "backend.check.result", cell_text, COLUMN_WIDE },
	{ NULL, NULL, NULL, 0 },
};

int backend_list(const struct line *line)
{
	CLEANUP(api_put)
	struct json_object *answer = api_call(line, "GET", "/v1/backends", NULL);
	CLEANUP(api_put) struct json_object *rows = json_object_new_array();

	if (!answer || !rows)
		return api_exit_code();
	if (api_print_json(line, answer))
		return EXIT_SUCCESS;
	struct json_object *backends = api_member(answer, "backends");

	for (size_t i = 0; i < api_count(backends); i++) {
		struct json_object *backend = api_item(backends, i);

		if (line->namespace &&
		    strcmp(line->namespace, api_text(backend, "namespace")) != 0)
			continue;
		struct json_object *row = row_new(rows);

		row_add(row, "backend", backend);
	}
	return table_print(line, columns, rows);
}
