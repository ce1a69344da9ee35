/* SPDX-License-Identifier: BSD-2-Clause */
/* The latest packets that policy refused, with the policies that isolate: for /v1/drops. */
#include <stdio.h>
#include <string.h>
#include <headgate/reasons.h>

#include "../lib/cleanup.h"
#include "answer.h"

/* Names of the isolating policies, in one line. */
struct names {
	FILE *text;
	bool any, is_egress;
};

static int put_name(void *context, const struct policy_rule *rule)
{
	struct names *names = context;

	fprintf(names->text, "%s%s/%s", names->any ? ", " : "", rule->namespace,
		rule->name);
	names->any = true;
	names->is_egress = rule->is_egress;
	return 0;
}

/* Of audited packets and odd protocols only the policies tell, while they are in force. */
static const char *direction_of(uint32_t reason, const struct names *names)
{
	if (reason == HG_REASON_policy_egress)
		return "egress";
	if (reason == HG_REASON_policy_ingress)
		return "ingress";
	if (!names->any)
		return "";
	return names->is_egress ? "egress" : "ingress";
}

static void put_isolating(const struct explain_world *world,
			  const struct datapath_refusal *from, struct body *body,
			  struct json_object *refusal)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	struct names names = { .text = open_memstream(&line, &size) };

	if (!names.text)
		return;
	if (world->policy)
		policy_each_isolating(world->policy,
				      policy_set_of_counter(world->policy, from->counter),
				      put_name, &names);
	if (fclose(names.text) != 0)
		return;
	body_text(body, refusal, "direction", direction_of(from->reason, &names));
	body_text(body, refusal, "policies", line);
}

/* "10.244.1.2 (shop/cart)" */
static void put_end(const struct explain_world *world, const struct hg_addr *addr,
		    const char *name, struct body *body, struct json_object *refusal)
{
	const struct object *pod = cluster_find_pod_by_addr(world->cluster, addr);
	char text[ADDR_TEXT];
	_cleanup_free_ char *both = NULL;

	addr_print(addr, text);
	if (pod && asprintf(&both, "%s (%s/%s)", text, pod->namespace, pod->name) < 0)
		both = NULL;
	body_text(body, refusal, name, both ? both : text);
}

static void put_refusal(const struct explain_world *world,
			const struct datapath_refusal *from, struct body *body,
			struct json_object *refusal)
{
	body_number(body, refusal, "number", from->number);
	body_number(body, refusal, "ageSeconds", from->age_s);
	put_end(world, &from->from, "from", body, refusal);
	put_end(world, &from->to, "to", body, refusal);
	body_number(body, refusal, "port", from->port);
	body_text(body, refusal, "protocol", protocol_print(from->protocol));
	body_bool(body, refusal, "audit", from->reason == 0);
	put_isolating(world, from, body, refusal);
}

void answer_put_refusals(const struct serve_world *world, struct body *body)
{
	struct datapath_refusal refusals[HG_POLICY_EVENTS];
	struct json_object *array = body_array(body, body->root, "policy");
	struct explain_world explained;
	size_t count = world->refusals(world->context, refusals, HG_POLICY_EVENTS);

	world->policies(world->context, &explained);
	for (size_t i = 0; i < count; i++)
		put_refusal(&explained, &refusals[i], body,
			    body_object(body, array, NULL));
}
