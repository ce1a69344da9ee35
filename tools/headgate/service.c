/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdbool.h>
#include <string.h>

#include "../../control/lib/cleanup.h"
#include "table.h"

static bool is_of(const struct line *line, struct json_object *object)
{
	return !line->namespace ||
	       strcmp(line->namespace, api_text(object, "namespace")) == 0;
}

static const struct column list_columns[] = {
	{ "NAMESPACE", "service.namespace", cell_text, 0 },
	{ "NAME", "service.name", cell_text, 0 },
	{ "PROTOCOL", "port.protocol", cell_text, 0 },
	{ "FRONTEND", "frontend", cell_end, 0 },
	{ "KIND", "frontend.kind", cell_text, 0 },
	{ "BACKENDS", "ready", cell_text, COLUMN_RIGHT },
	{ "ACTIVE", "frontend.counters.activeConnections", cell_text, COLUMN_RIGHT },
	{ "CONNS", "frontend.counters.connections", cell_text, COLUMN_RIGHT },
	{ "INPKTS", "frontend.counters.inPackets", cell_text,
	  COLUMN_RIGHT | COLUMN_WIDE },
	{ "OUTPKTS", "frontend.counters.outPackets", cell_text,
	  COLUMN_RIGHT | COLUMN_WIDE },
	{ "INBYTES", "frontend.counters.inBytes", cell_bytes,
	  COLUMN_RIGHT | COLUMN_WIDE },
	{ "OUTBYTES", "frontend.counters.outBytes", cell_bytes,
	  COLUMN_RIGHT | COLUMN_WIDE },
	{ "ALGORITHM", "port.algorithm", cell_text, COLUMN_WIDE },
	{ "FORWARD", "port.forwarding", cell_text, COLUMN_WIDE },
	{ "CHECK", "service.check", cell_text, COLUMN_WIDE },
	{ NULL, NULL, NULL, 0 },
};

/* Backends that left and only drain belong to the Service no more. */
static size_t count_backends(struct json_object *port)
{
	struct json_object *backends = api_member(port, "backends");
	size_t count = 0;

	for (size_t i = 0; i < api_count(backends); i++)
		count +=
		    strcmp(api_text(api_item(backends, i), "state"), "draining") != 0;
	return count;
}

/* One row for each frontend of a port. */
static void list_port(struct json_object *rows, struct json_object *service,
		      struct json_object *port)
{
	struct json_object *frontends = api_member(port, "frontends");
	char ready[48];

	snprintf(ready, sizeof(ready), "%u/%zu",
		 (unsigned)api_number(port, "activeBackends"), count_backends(port));
	for (size_t i = 0; i < api_count(frontends); i++) {
		struct json_object *row = row_new(rows);

		row_add(row, "service", service);
		row_add(row, "port", port);
		row_add(row, "frontend", api_item(frontends, i));
		row_add_text(row, "ready", ready);
	}
}

int service_list(const struct line *line)
{
	CLEANUP(api_put)
	struct json_object *answer = api_call(line, "GET", "/v1/services", NULL);
	CLEANUP(api_put) struct json_object *rows = json_object_new_array();

	if (!answer || !rows)
		return api_exit_code();
	if (api_print_json(line, answer))
		return EXIT_SUCCESS;
	struct json_object *services = api_member(answer, "services");

	for (size_t i = 0; i < api_count(services); i++) {
		struct json_object *service = api_item(services, i);
		struct json_object *ports = api_member(service, "ports");

		for (size_t k = 0; is_of(line, service) && k < api_count(ports); k++)
			list_port(rows, service, api_item(ports, k));
	}
	return table_print(line, list_columns, rows);
}

/* As 'ipvsadm -Ln --stats': a line for the virtual address, one for each backend. */
static const struct column show_columns[] = {
	{ "PROT", "protocol", cell_text, 0 },
	{ "ADDRESS:PORT", "end", cell_text, 0 },
	{ "SCHED/FORWARD", "forwarding", cell_text, 0 },
	{ "WEIGHT", "weight", cell_text, COLUMN_RIGHT },
	{ "STATE", "state", cell_text, COLUMN_STATE },
	{ "HEALTH", "health", cell_text, COLUMN_STATE },
	{ "ACTIVE", "counters.activeConnections", cell_text, COLUMN_RIGHT },
	{ "CONNS", "counters.connections", cell_text, COLUMN_RIGHT },
	{ "INPKTS", "counters.inPackets", cell_text, COLUMN_RIGHT },
	{ "OUTPKTS", "counters.outPackets", cell_text, COLUMN_RIGHT },
	{ "INBYTES", "counters.inBytes", cell_bytes, COLUMN_RIGHT },
	{ "OUTBYTES", "counters.outBytes", cell_bytes, COLUMN_RIGHT },
	{ "POD", "pod", cell_text, COLUMN_WIDE },
	{ "CHECK", "check.result", cell_text, COLUMN_WIDE },
	{ NULL, NULL, NULL, 0 },
};

/* The counters of a backend at one virtual address; NULL when it has none there. */
static struct json_object *counters_at(struct json_object *backend, const char *address)
{
	struct json_object *frontends = api_member(backend, "frontends");

	for (size_t i = 0; i < api_count(frontends); i++) {
		struct json_object *frontend = api_item(frontends, i);

		if (strcmp(api_text(frontend, "address"), address) == 0)
			return api_member(frontend, "counters");
	}
	return NULL;
}

static void show_backend(struct json_object *rows, struct json_object *port,
			 struct json_object *frontend, struct json_object *backend)
{
	static const char *const copied[] = { "weight", "state", "health", "pod",
					      "check" };
	struct json_object *row = row_new(rows);
	_cleanup_free_ char *end = api_end(backend);

	row_add_text(row, "protocol", "  ->");
	row_add_text(row, "end", end ? end : "-");
	row_add(row, "forwarding", api_member(port, "forwarding"));
	for (size_t i = 0; i < sizeof(copied) / sizeof(*copied); i++)
		row_add(row, copied[i], api_member(backend, copied[i]));
	row_add(row, "counters", counters_at(backend, api_text(frontend, "address")));
}

static void show_frontend(struct json_object *rows, struct json_object *port,
			  struct json_object *frontend)
{
	struct json_object *backends = api_member(port, "backends");
	struct json_object *row = row_new(rows);
	_cleanup_free_ char *end = api_end(frontend);

	row_add(row, "protocol", api_member(port, "protocol"));
	row_add_text(row, "end", end ? end : "-");
	row_add(row, "forwarding", api_member(port, "algorithm"));
	row_add(row, "counters", api_member(frontend, "counters"));
	for (size_t i = 0; i < api_count(backends); i++)
		show_backend(rows, port, frontend, api_item(backends, i));
}

static void show_port(struct json_object *rows, struct json_object *port)
{
	struct json_object *frontends = api_member(port, "frontends");

	for (size_t i = 0; i < api_count(frontends); i++)
		show_frontend(rows, port, api_item(frontends, i));
}

/* "/v1/services/shop/cart" of "shop/cart"; NULL when it is not of this form. */
static char *path_of(const char *name)
{
	const char *slash = strchr(name, '/');
	char *path = NULL;

	if (!slash || slash == name || !slash[1] || strchr(slash + 1, '/'))
		return NULL;
	_cleanup_free_ char *before = strndup(name, (size_t)(slash - name));
	_cleanup_free_ char *namespace = before ? api_escape(before) : NULL;
	_cleanup_free_ char *service = api_escape(slash + 1);

	if (!namespace || !service ||
	    asprintf(&path, "/v1/services/%s/%s", namespace, service) < 0)
		return NULL;
	return path;
}

int service_show(const struct line *line)
{
	_cleanup_free_ char *path = path_of(line->arguments[0]);

	if (!path || line->count != 1)
		return usage("'service show' takes one Service as NAMESPACE/NAME");
	CLEANUP(api_put) struct json_object *answer = api_call(line, "GET", path, NULL);
	CLEANUP(api_put) struct json_object *rows = json_object_new_array();

	if (!answer || !rows)
		return api_exit_code();
	if (api_print_json(line, answer))
		return EXIT_SUCCESS;
	struct json_object *ports = member_of(answer, "service.ports");

	for (size_t i = 0; i < api_count(ports); i++)
		show_port(rows, api_item(ports, i));
	return table_print(line, show_columns, rows);
}
