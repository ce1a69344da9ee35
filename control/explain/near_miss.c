/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules that nearly allow: the peer is theirs but not the port, or the port but not the
 * peer, or the policy is in audit mode, where it allows nothing. They are what somebody meant who
 * wonders why a packet is dropped.
 */
#include "../lib/cleanup.h"
#include "match.h"
#include "path.h"
#include "rule.h"

#define NEAR_MISSES_MOST 8U

struct search {
	const struct side *side;
	struct body *body;
	struct json_object *array;
};

/* A rule that fits in every respect allows nothing in audit mode, nor where the pod has more
 * rules than there is room for. */
enum miss { MISS_ALL, MISS_PORT, MISS_PEER, MISS_MODE, MISS_ROOM };

static enum miss missed(const struct search *search, const struct object *policy,
			const struct policy_spec_rule *rule)
{
	const struct side *side = search->side;
	const struct path *path = side->path;
	bool peer =
	    match_peers(side->input->cluster, policy->namespace, rule, side->peer);
	bool port = match_ports(rule, path->protocol, path->port, side->destination);

	if (peer && port)
		return policy_standing(side->input, policy) == STANDING_AUDIT ? MISS_MODE
									      : MISS_ROOM;
	if (peer)
		return MISS_PORT;
	return port ? MISS_PEER : MISS_ALL;
}

static void look_at(const struct search *search, const struct object *policy,
		    size_t index)
{
	const struct side *side = search->side;
	const struct policy_spec_rule *rules =
	    side->is_egress ? policy->policy.egress : policy->policy.ingress;
	const struct spec_rule rule = { side->input, policy, side->is_egress, index };
	static const char *const names[] = { [MISS_PORT] = "port",
					     [MISS_PEER] = "peer",
					     [MISS_MODE] = "mode",
					     [MISS_ROOM] = "room" };
	enum miss miss = missed(search, policy, &rules[index]);
	_cleanup_free_ char *hint = NULL;

	if (miss == MISS_ALL ||
	    json_object_array_length(search->array) == NEAR_MISSES_MOST)
		return;
	if (miss == MISS_PORT)
		hint = hint_port(side, &rules[index]);
	else if (miss == MISS_PEER)
		hint = hint_peer(side, policy->namespace, &rules[index]);
	struct json_object *item = body_object(search->body, search->array, NULL);

	rule_put(search->body, item, &rule);
	body_text(search->body, item, "misses", names[miss]);
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

void near_misses_put(const struct side *side, struct body *body,
		     struct json_object *array)
{
	struct search search = { side, body, array };

	if (array)
		cluster_each(side->input->cluster, OBJECT_NETWORK_POLICY, look_into,
			     &search);
}
