/* SPDX-License-Identifier: BSD-2-Clause */
/* The latest packets that policy refused, with the policies that isolate: for /v1/drops. */
#include <stdio.h>
#include <string.h>
#include <headgate/reasons.h>

#include "../lib/cleanup.h"
#include "answer.h"

/* "10.244.1.2 (shop/cart)" */
static void put_end(const struct explain_input *input, const struct hg_addr *addr,
		    const char *name, struct body *body, struct json_object *refusal)
{
	const struct object *pod = cluster_find_pod_by_addr(input->cluster, addr);
	char text[ADDR_TEXT];
	_cleanup_free_ char *both = NULL;

	addr_print(addr, text);
	if (pod && asprintf(&both, "%s (%s/%s)", text, pod->namespace, pod->name) < 0)
		both = NULL;
	body_text(body, refusal, name, both ? both : text);
}

static void put_refusal(const struct explain_input *input,
			const struct api_denial *refused, struct body *body,
			struct json_object *refusal)
{
	const struct datapath_refusal *packet = &refused->packet;

	body_number(body, refusal, "number", packet->number);
	body_number(body, refusal, "ageSeconds", packet->age_s);
	put_end(input, &packet->from, "from", body, refusal);
	put_end(input, &packet->to, "to", body, refusal);
	if (hg_policy_protocol(packet->protocol) != HG_POLICY_PROTOCOLS)
		body_number(body, refusal, "port", packet->port);
	body_text(body, refusal, "protocol", protocol_print(packet->protocol));
	body_bool(body, refusal, "audit", packet->reason == 0);
	body_text(body, refusal, "direction", refused->direction);
	body_text(body, refusal, "policies", refused->policies);
}

void answer_put_refusals(const struct api_state *api, struct body *body)
{
	struct api_denial refusals[HG_POLICY_EVENTS];
	struct json_object *array = body_array(body, body->root, "policy");
	struct explain_input explained;
	size_t count = api->refusals(api->context, refusals, HG_POLICY_EVENTS);

	api->policies(api->context, &explained);
	for (size_t i = 0; i < count; i++)
		put_refusal(&explained, &refusals[i], body,
			    body_object(body, array, NULL));
}
