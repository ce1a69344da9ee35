/* SPDX-License-Identifier: BSD-2-Clause */
/* A request of the API from one line of text. Include after cmocka.h. */
#ifndef UNIT_API_REQUEST_H
#define UNIT_API_REQUEST_H

#include <assert.h>
#include <string.h>

#include "../../control/serve/request.h"

/* "GET /v1/flows?vip=1.2.3.4": cut as libmicrohttpd would. */
static inline unsigned read_request(const char *text, struct request *ret_request,
				    struct request_error *error)
{
	static char copy[4096];
	struct argument arguments[8];
	size_t count = 0;

	assert(strlen(text) < sizeof(copy));
	memcpy(copy, text, strlen(text) + 1);
	char *rest = copy, *method = strsep(&rest, " "), *path = strsep(&rest, "?");

	for (char *pair; (pair = strsep(&rest, "&"));) {
		char *name = strsep(&pair, "=");

		arguments[count++] = (struct argument){ name, pair };
	}
	return request_parse(method, path, arguments, count, ret_request, error);
}

#endif
