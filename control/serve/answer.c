/* SPDX-License-Identifier: BSD-2-Clause */
#include "answer.h"

static unsigned (*const answers[])(const struct api_state *api,
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

unsigned answer_request(const struct api_state *api, const struct request *request,
			struct body *ret_body)
{
	body_begin(ret_body);
	unsigned code = answers[request->route](api, request, ret_body);

	if (!ret_body->lost)
		return code;
	body_clear(ret_body);
	answer_error(ret_body,
		     "the answer needs more memory than there is: ask for less");
	return 500;
}
