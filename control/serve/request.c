/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"

#define SEGMENTS	5
#define SEGMENT_LONGEST 253

/* A path cut at its slashes: "/v1/services/shop/cart" → "v1", "services", "shop", "cart".
 */
struct path {
	size_t count;
	char segments[SEGMENTS][SEGMENT_LONGEST + 1];
};

static unsigned refuse(struct request_error *error, unsigned code, const char *format,
		       ...) __attribute__((format(printf, 3, 4)));

static unsigned refuse(struct request_error *error, unsigned code, const char *format,
		       ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(error->sentence, sizeof(error->sentence), format, list);
	va_end(list);
	return code;
}

static bool cut_path(const char *text, struct path *ret_path)
{
	ret_path->count = 0;
	while (*text == '/') {
		size_t length = strcspn(++text, "/");

		if (!length && !*text)
			break; /* a slash at the end */
		if (!length || length > SEGMENT_LONGEST || ret_path->count == SEGMENTS)
			return false;
		memcpy(ret_path->segments[ret_path->count], text, length);
		ret_path->segments[ret_path->count++][length] = '\0';
		text += length;
	}
	return !*text;
}

static unsigned read_service_path(const struct path *path, struct request *request,
				  struct request_error *error)
{
	const char *namespace = path->segments[2], *name = path->segments[3];

	if (strlen(namespace) >= sizeof(request->namespace))
		return refuse(error, 400, "a namespace has at most 63 characters");
	memcpy(request->namespace, namespace, strlen(namespace) + 1);
	memcpy(request->name, name, strlen(name) + 1);
	return 200;
}

static unsigned read_flow_path(const struct path *path, struct request *request,
			       struct request_error *error)
{
	struct flow_filter *filter = &request->filter;

	if (flow_protocol_parse(path->segments[2], &filter->protocol) < 0)
		return refuse(error, 400,
			      "'%.40s' is not a protocol: use tcp, udp or sctp",
			      path->segments[2]);
	if (flow_end_parse(path->segments[3], &filter->client) < 0 ||
	    flow_end_parse(path->segments[4], &filter->vip) < 0)
		return refuse(error, 400,
			      "a flow is named as PROTOCOL/CLIENT:PORT/VIP:PORT, as in "
			      "tcp/192.0.2.7:51234/10.96.0.10:80");
	if (!filter->client.port || !filter->vip.port)
		return refuse(error, 400,
			      "a flow is named with both ports, as in "
			      "tcp/192.0.2.7:51234/10.96.0.10:80");
	request->limit = 1;
	return 200;
}

enum {
	TAKES_FILTER = 1 << 0,
	TAKES_LIMIT = 1 << 1,
	NEEDS_FILTER = 1 << 2,
	CHANGES = 1 << 3,
};

struct route_row {
	const char *method;
	const char *pattern[SEGMENTS]; /* "*": any segment */
	enum route route;
	unsigned takes;
	unsigned (*read_path)(const struct path *path, struct request *request,
			      struct request_error *error);
};

/* clang-format off */
static const struct route_row routes[] = {
	{ "GET", { "v1", "status" }, ROUTE_STATUS, 0, NULL },
	{ "GET", { "v1", "services" }, ROUTE_SERVICES, 0, NULL },
	{ "GET", { "v1", "services", "*", "*" }, ROUTE_SERVICE, 0, read_service_path },
	{ "GET", { "v1", "backends" }, ROUTE_BACKENDS, 0, NULL },
	{ "GET", { "v1", "flows" }, ROUTE_FLOWS, TAKES_FILTER | TAKES_LIMIT, NULL },
	{ "GET", { "v1", "flows", "*", "*", "*" }, ROUTE_FLOW, 0, read_flow_path },
	{ "DELETE", { "v1", "flows" }, ROUTE_DELETE_FLOWS,
	  TAKES_FILTER | NEEDS_FILTER | CHANGES, NULL },
	{ "GET", { "v1", "drops" }, ROUTE_DROPS, 0, NULL },
};
/* clang-format on */

static bool path_fits(const struct path *path, const struct route_row *row)
{
	size_t i = 0;

	for (; i < SEGMENTS && row->pattern[i]; i++) {
		if (i >= path->count)
			return false;
		if (strcmp(row->pattern[i], "*") != 0 &&
		    strcmp(row->pattern[i], path->segments[i]) != 0)
			return false;
	}
	return i == path->count;
}

static unsigned find_route(const char *method, const struct path *path,
			   const struct route_row **ret_row, struct request_error *error)
{
	bool known = false;

	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		if (!path_fits(path, &routes[i]))
			continue;
		known = true;
		if (strcmp(method, routes[i].method) != 0)
			continue;
		*ret_row = &routes[i];
		return 200;
	}
	if (known)
		return refuse(error, 405, "%.16s is not possible here", method);
	return refuse(
	    error, 404,
	    "no such path: there are /v1/status, /v1/services, "
	    "/v1/services/NAMESPACE/NAME, /v1/backends, /v1/flows and /v1/drops");
}

static unsigned read_limit(const char *value, struct request *request,
			   struct request_error *error)
{
	char *end = NULL;
	unsigned long limit = 0;

	if (*value >= '0' && *value <= '9')
		limit = strtoul(value, &end, 10);
	if (!end || *end || limit < 1 || limit > REQUEST_FLOWS_MOST)
		return refuse(error, 400, "limit '%.40s' is not a number from 1 to %u",
			      value, REQUEST_FLOWS_MOST);
	request->limit = (unsigned)limit;
	return 200;
}

static int read_client(const char *value, struct flow_filter *filter)
{
	return flow_end_parse(value, &filter->client);
}

static int read_vip(const char *value, struct flow_filter *filter)
{
	return flow_end_parse(value, &filter->vip);
}

static int read_backend(const char *value, struct flow_filter *filter)
{
	return flow_end_parse(value, &filter->backend);
}

static int read_protocol(const char *value, struct flow_filter *filter)
{
	return flow_protocol_parse(value, &filter->protocol);
}

static const struct filter_row {
	const char *name;
	int (*read)(const char *value, struct flow_filter *filter);
	const char *form;
} filters[] = {
	{ "client", read_client, "an address, address:port or CIDR" },
	{ "vip", read_vip, "an address, address:port or CIDR" },
	{ "backend", read_backend, "an address, address:port or CIDR" },
	{ "protocol", read_protocol, "tcp, udp or sctp" },
	{ "service", flow_service_parse, "NAMESPACE/NAME" },
};

static unsigned read_argument(const struct argument *argument, unsigned takes,
			      struct request *request, struct request_error *error)
{
	const char *value = argument->value ? argument->value : "";

	if ((takes & TAKES_LIMIT) && strcmp(argument->name, "limit") == 0)
		return read_limit(value, request, error);
	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
		if (!(takes & TAKES_FILTER) ||
		    strcmp(argument->name, filters[i].name) != 0)
			continue;
		if (filters[i].read(value, &request->filter) < 0)
			return refuse(error, 400, "%s '%.60s' is not %s", filters[i].name,
				      value, filters[i].form);
		return 200;
	}
	return refuse(error, 400, "'%.40s' is not an argument of this path",
		      argument->name);
}

unsigned request_parse(const char *method, const char *path_text,
		       const struct argument *arguments, size_t count,
		       struct request *ret_request, struct request_error *ret_error)
{
	struct request request = { .limit = REQUEST_FLOWS_DEFAULT };
	const struct route_row *row = NULL;
	struct path path;

	if (!cut_path(path_text, &path))
		path.count = 0; /* fits no route */
	unsigned code = find_route(method, &path, &row, ret_error);

	if (code != 200)
		return code;
	request.route = row->route;
	request.changes = row->takes & CHANGES;
	code = row->read_path ? row->read_path(&path, &request, ret_error) : 200;
	for (size_t i = 0; code == 200 && i < count; i++)
		code = read_argument(&arguments[i], row->takes, &request, ret_error);
	if (code != 200)
		return code;
	if ((row->takes & NEEDS_FILTER) && flow_filter_is_empty(&request.filter))
		return refuse(
		    ret_error, 400,
		    "which flows? Give client, vip, backend, protocol or service");
	*ret_request = request;
	return 200;
}
