/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A request of the API, read and bounded: method, path and arguments → what is asked for.
 * Pure; the HTTP itself is libmicrohttpd's. The routes are one table.
 */
#ifndef SERVE_REQUEST_H
#define SERVE_REQUEST_H

#include "flow_filter.h"

#define REQUEST_FLOWS_DEFAULT 1000U
#define REQUEST_FLOWS_MOST    10000U

enum route {
	ROUTE_STATUS,
	ROUTE_SERVICES,
	ROUTE_SERVICE,
	ROUTE_BACKENDS,
	ROUTE_FLOWS,
	ROUTE_FLOW,
	ROUTE_DELETE_FLOWS,
	ROUTE_DROPS,
	ROUTE_POLICIES,
	ROUTE_POLICY,
	ROUTE_POD,
	ROUTE_VERDICT,
};

struct request {
	enum route route;
	bool changes;		       /* not for everybody who may read */
	char namespace[64], name[254]; /* policies: "": of all namespaces */
	/* Of a verdict: "namespace/name" of a pod or Service, or an address; "80/tcp" */
	char from[320], to[320], port[32];
	struct flow_filter filter;
	unsigned limit; /* flows in the answer */
};

struct argument {
	const char *name, *value;
};

struct request_error {
	char sentence[240];
};

/*
 * 200, or 400, 404, 405 with a sentence. path and arguments are decoded already; the path
 * of one flow is /v1/flows/PROTOCOL/CLIENT:PORT/VIP:PORT.
 */
unsigned request_parse(const char *method, const char *path,
		       const struct argument *arguments, size_t count,
		       struct request *ret_request, struct request_error *ret_error);

#endif
