/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
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

static unsigned read_name_path(const struct path *path, struct request *request,
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
	TAKES_NAMESPACE = 1 << 4,
	TAKES_QUESTION = 1 << 5, /* and needs it */
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
	{ "GET", { "v1", "services", "*", "*" }, ROUTE_SERVICE, 0, read_name_path },
	{ "GET", { "v1", "backends" }, ROUTE_BACKENDS, 0, NULL },
	{ "GET", { "v1", "flows" }, ROUTE_FLOWS, TAKES_FILTER | TAKES_LIMIT, NULL },
	{ "GET", { "v1", "flows", "*", "*", "*" }, ROUTE_FLOW, 0, read_flow_path },
	{ "DELETE", { "v1", "flows" }, ROUTE_DELETE_FLOWS,
	  TAKES_FILTER | NEEDS_FILTER | CHANGES, NULL },
	{ "GET", { "v1", "drops" }, ROUTE_DROPS, 0, NULL },
	{ "GET", { "v1", "policies" }, ROUTE_POLICIES, TAKES_NAMESPACE, NULL },
	{ "GET", { "v1", "policies", "*", "*" }, ROUTE_POLICY, 0, read_name_path },
	{ "GET", { "v1", "pods", "*", "*" }, ROUTE_POD, 0, read_name_path },
	{ "GET", { "v1", "verdict" }, ROUTE_VERDICT, TAKES_QUESTION, NULL },
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
	    "/v1/services/NAMESPACE/NAME, /v1/backends, /v1/flows, /v1/drops, "
	    "/v1/policies, /v1/policies/NAMESPACE/NAME, /v1/pods/NAMESPACE/NAME and "
	    "/v1/verdict");
}

static int read_limit(const char *value, struct request *request)
{
	char *end = NULL;
	unsigned long limit = 0;

	if (*value >= '0' && *value <= '9')
		limit = strtoul(value, &end, 10);
	if (!end || *end || limit < 1 || limit > REQUEST_FLOWS_MOST)
		return -EINVAL;
	request->limit = (unsigned)limit;
	return 0;
}

static int read_client(const char *value, struct request *request)
{
	return flow_end_parse(value, &request->filter.client);
}

static int read_vip(const char *value, struct request *request)
{
	return flow_end_parse(value, &request->filter.vip);
}

static int read_backend(const char *value, struct request *request)
{
	return flow_end_parse(value, &request->filter.backend);
}

static int read_protocol(const char *value, struct request *request)
{
	return flow_protocol_parse(value, &request->filter.protocol);
}

static int read_service(const char *value, struct request *request)
{
	return flow_service_parse(value, &request->filter);
}

static int copy_text(char *to, size_t size, const char *value)
{
	size_t length = strlen(value);

	if (!length || length >= size)
		return -EINVAL;
	memcpy(to, value, length + 1);
	return 0;
}

static int read_namespace(const char *value, struct request *request)
{
	return copy_text(request->namespace, sizeof(request->namespace), value);
}

static int read_from(const char *value, struct request *request)
{
	return copy_text(request->from, sizeof(request->from), value);
}

static int read_to(const char *value, struct request *request)
{
	return copy_text(request->to, sizeof(request->to), value);
}

static int read_port(const char *value, struct request *request)
{
	return copy_text(request->port, sizeof(request->port), value);
}

#define AN_END	"an address, address:port or CIDR"
#define A_PARTY "NAMESPACE/NAME of a pod or Service, or an address"

_Static_assert(REQUEST_FLOWS_MOST == 10000U, "as is said below");
static const struct argument_row {
	unsigned taken_by;
	const char *name;
	int (*read)(const char *value, struct request *request);
	const char *form;
} argument_rows[] = {
	{ TAKES_LIMIT, "limit", read_limit, "a number from 1 to 10000" },
	{ TAKES_FILTER, "client", read_client, AN_END },
	{ TAKES_FILTER, "vip", read_vip, AN_END },
	{ TAKES_FILTER, "backend", read_backend, AN_END },
	{ TAKES_FILTER, "protocol", read_protocol, "tcp, udp or sctp" },
	{ TAKES_FILTER, "service", read_service, "NAMESPACE/NAME" },
	{ TAKES_NAMESPACE, "namespace", read_namespace, "a namespace's name" },
	{ TAKES_QUESTION, "from", read_from, A_PARTY },
	{ TAKES_QUESTION, "to", read_to, A_PARTY },
	{ TAKES_QUESTION, "port", read_port, "a port like 80/tcp, or icmp" },
};

static unsigned read_argument(const struct argument *argument, unsigned takes,
			      struct request *request, struct request_error *error)
{
	const char *value = argument->value ? argument->value : "";

	for (size_t i = 0; i < sizeof(argument_rows) / sizeof(*argument_rows); i++) {
		const struct argument_row *row = &argument_rows[i];

		if (!(takes & row->taken_by) || strcmp(argument->name, row->name) != 0)
			continue;
		if (row->read(value, request) < 0)
			return refuse(error, 400, "%s '%.60s' is not %s", row->name,
				      value, row->form);
		return 200;
	}
	return refuse(error, 400, "'%.40s' is not an argument of this path",
		      argument->name);
}

/* What the path cannot do without. */
static unsigned check_needs(const struct request *request, unsigned takes,
			    struct request_error *error)
{
	if ((takes & NEEDS_FILTER) && flow_filter_is_empty(&request->filter))
		return refuse(
		    error, 400,
		    "which flows? Give client, vip, backend, protocol or service");
	if ((takes & TAKES_QUESTION) &&
	    (!request->from[0] || !request->to[0] || !request->port[0]))
		return refuse(error, 400,
			      "a verdict on what? Give from, to and port, as in "
			      "?from=shop/web&to=shop/cart&port=80/tcp");
	return 200;
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
	if (code == 200)
		code = check_needs(&request, row->takes, ret_error);
	if (code == 200)
		*ret_request = request;
	return code;
}
