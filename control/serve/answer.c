/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>

#include "answer.h"

static unsigned (*const answers[])(const struct serve_world *world,
				   const struct request *request, struct body *body) = {
	[ROUTE_STATUS] = answer_status,
	[ROUTE_SERVICES] = answer_services,
	[ROUTE_SERVICE] = answer_service,
	[ROUTE_BACKENDS] = answer_backends,
	[ROUTE_FLOWS] = answer_flows,
	[ROUTE_FLOW] = answer_flow,
	[ROUTE_DELETE_FLOWS] = answer_delete_flows,
	[ROUTE_DROPS] = answer_drops,
	[ROUTE_POLICIES] = answer_policies,
	[ROUTE_POLICY] = answer_policy,
	[ROUTE_POD] = answer_pod,
	[ROUTE_VERDICT] = answer_verdict,
};

unsigned answer_refuse(struct body *body, unsigned code, const char *format, ...)
{
	char sentence[512];
	va_list list;

	va_start(list, format);
	vsnprintf(sentence, sizeof(sentence), format, list);
	va_end(list);
	body_text(body, body->root, "error", sentence);
	return code;
}

void answer_error(struct body *ret_body, const char *sentence)
{
	body_begin(ret_body);
	body_text(ret_body, ret_body->root, "error", sentence);
}

unsigned answer_request(const struct serve_world *world, const struct request *request,
			struct body *ret_body)
{
	body_begin(ret_body);
	unsigned code = answers[request->route](world, request, ret_body);

	if (!ret_body->lost)
		return code;
	body_clear(ret_body);
	answer_error(ret_body,
		     "the answer needs more memory than there is: ask for less");
	return 500;
}
