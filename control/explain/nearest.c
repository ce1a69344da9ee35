/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules that nearly allow: the peer is theirs but not the port, or the port but not the
 * peer, or the policy is in audit mode, where it allows nothing. They are what somebody meant who wonders why a packet is dropped.
 */
#include <string.h>

#include "../lib/cleanup.h"
#include "match.h"
#include "path.h"

#define NEAREST_MOST 8U

struct search {
	const struct side *side;
	struct body *body;
	struct json_object *array;
};

/* NULL: not near at all. A rule that fits in every respect allows nothing in audit mode,
 * nor where the pod has more rules than there is room for. */
static const char *missed(const struct search *search, const struct object *policy,
			  const struct policy_spec_rule *rule)
{
	const struct side *side = search->side;
	const struct path *path = side->path;
	bool peer =
	    match_peers(side->world->cluster, policy->namespace, rule, side->peer);
	bool port = match_ports(rule, path->protocol, path->port, side->destination);

	if (peer && port)
		return policy->policy.audit ? "mode" : "room";
	if (peer)
		return "port";
	return port ? "peer" : NULL;
}

static void look_at(const struct search *search, const struct object *policy,
		    size_t index)
{
	const struct side *side = search->side;
	const struct policy_spec_rule *rules =
	    side->is_egress ? policy->policy.egress : policy->policy.ingress;
	const char *misses = missed(search, policy, &rules[index]);
	_cleanup_free_ char *hint = NULL;

	if (!misses || json_object_array_length(search->array) == NEAREST_MOST)
		return;
	if (strcmp(misses, "port") == 0)
		hint = hint_port(side, &rules[index]);
	else if (strcmp(misses, "peer") == 0)
		hint = hint_peer(side, policy->namespace, &rules[index]);
	struct json_object *item = body_object(search->body, search->array, NULL);

	rule_put(search->body, item, policy, side->is_egress, index);
	body_text(search->body, item, "misses", misses);
	body_text(search->body, item, "hint", hint);
}

static int look_into(void *context, const struct object *policy)
{
	const struct search *search = context;
	bool is_egress = search->side->is_egress;
	size_t count =
	    is_egress ? policy->policy.egress_count : policy->policy.ingress_count;

	if (!match_subject(policy, search->side->subject) || policy->policy.refused)
		return 0;
	for (size_t i = 0; i < count; i++)
		look_at(search, policy, i);
	return 0;
}

void nearest_put(const struct side *side, struct body *body, struct json_object *array)
{
	struct search search = { side, body, array };

	if (array)
		cluster_each(side->world->cluster, OBJECT_NETWORK_POLICY, look_into,
			     &search);
}
