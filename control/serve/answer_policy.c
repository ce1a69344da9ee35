/* SPDX-License-Identifier: BSD-2-Clause */
/* NetworkPolicies, what they say of a pod, and what would become of a connection. */
#include <errno.h>

#include "answer.h"

static struct explain_input explain_input_of(const struct api_state *api)
{
	struct explain_input result;

	api->policies(api->context, &result);
	return result;
}

static unsigned answer_lost(struct body *body)
{
	body->lost = true;
	return 500;
}

unsigned answer_policies(const struct api_state *api, const struct request *request,
			 struct body *body)
{
	const struct explain_input policies = explain_input_of(api);

	explain_policies(&policies, request->namespace[0] ? request->namespace : NULL,
			 body);
	return 200;
}

unsigned answer_policy(const struct api_state *api, const struct request *request,
		       struct body *body)
{
	const struct explain_input policies = explain_input_of(api);
	int r = explain_policy(&policies, request->namespace, request->name, body);

	if (r == -ENOENT)
		return answer_refuse(body, 404,
				     "there is no NetworkPolicy %s/%s: see 'headgate "
				     "policy list'",
				     request->namespace, request->name);
	return r < 0 ? answer_lost(body) : 200;
}

unsigned answer_pod(const struct api_state *api, const struct request *request,
		    struct body *body)
{
	const struct explain_input policies = explain_input_of(api);
	int r = explain_pod(&policies, request->namespace, request->name, body);

	if (r == -ENOENT)
		return answer_refuse(body, 404, "there is no Pod %s/%s in the manifests",
				     request->namespace, request->name);
	return r < 0 ? answer_lost(body) : 200;
}

unsigned answer_verdict(const struct api_state *api, const struct request *request,
			struct body *body)
{
	const struct explain_input policies = explain_input_of(api);
	const struct explain_question question = { request->from, request->to,
						   request->port };
	int r = explain_test(&policies, &question, body);

	if (r == -EINVAL) /* the body says why */
		return 400;
	return r < 0 ? answer_lost(body) : 200;
}
