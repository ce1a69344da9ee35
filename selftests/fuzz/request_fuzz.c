/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * API requests: any method, path and arguments are read without harm, and what is accepted
 * is within its bounds. Input: "METHOD\nPATH\nNAME=VALUE\nNAME=VALUE…".
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../control/serve/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct request *request)
{
	struct datapath_flow flow = { .protocol = 6 };

	assert(strlen(request->namespace) < sizeof(request->namespace));
	assert(strlen(request->name) < sizeof(request->name));
	assert(request->limit >= 1 && request->limit <= REQUEST_FLOWS_MOST);
	if (request->route == ROUTE_SERVICE)
		assert(request->namespace[0] && request->name[0]);
	if (request->route == ROUTE_DELETE_FLOWS)
		assert(request->changes && !flow_filter_is_empty(&request->filter));
	else
		assert(!request->changes);
	(void)flow_filter_matches(&request->filter, &flow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct argument arguments[16];
	struct request_error error = { "" };
	struct request request;
	size_t count = 0;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	char *rest = text, *method = strsep(&rest, "\n"), *path = strsep(&rest, "\n");

	for (char *pair; count < 16 && (pair = strsep(&rest, "\n"));) {
		char *name = strsep(&pair, "=");

		arguments[count++] = (struct argument){ name, pair };
	}
	unsigned code =
	    request_parse(method, path ? path : "", arguments, count, &request, &error);

	if (code == 200)
		check(&request);
	else
		assert(error.sentence[0] &&
		       strlen(error.sentence) < sizeof(error.sentence));
	free(text);
	return 0;
}
