/* SPDX-License-Identifier: BSD-2-Clause */
#include "path.h"

#include <stdio.h>
#include <string.h>
#include "../lib/cleanup.h"
#include "match.h"
#include "named.h"
#include "rule.h"
#include "words.h"

static const char *const outcomes[] = {
	[POLICY_NOT_ISOLATED] = "notIsolated",
	[POLICY_ALLOWED] = "allowed",
	[POLICY_DENIED] = "denied",
	[POLICY_SELF] = "self",
};

static void put_pod(struct body *body, struct json_object *item, const struct object *pod)
{
	if (pod)
		put_ref(body, item, "pod", pod->namespace, pod->name);
	else
		body_text(body, item, "pod", NULL);
}

/* The rule that decided, as the tables name it. */
static void put_deciding(const struct side *side, struct body *body,
			 struct json_object *item, const struct policy_rule *rule)
{
	const struct object *policy = cluster_find(
	    side->input->cluster, OBJECT_NETWORK_POLICY, rule->namespace, rule->name);
	const struct spec_rule deciding = { side->input, policy, rule->is_egress,
					    rule->index };
	const struct named_targets target = { .pods = &side->destination,
					      .count = side->destination != NULL };
	size_t count = 0;

	if (policy)
		count = rule->is_egress ? policy->policy.egress_count
					: policy->policy.ingress_count;
	if (rule->index >= count)
		return;
	struct json_object *put = body_object(body, item, "rule");

	rule_put(body, put, &deciding);
	named_put(rule_of(&deciding), &target, body, put);
}

struct isolating {
	const struct explain_input *input;
	struct body *body;
	struct json_object *array;
};

static int put_isolating(void *context, const struct policy_rule *rule)
{
	const struct isolating *isolating = context;
	const struct object *policy =
	    cluster_find(isolating->input->cluster, OBJECT_NETWORK_POLICY,
			 rule->namespace, rule->name);
	struct json_object *item = body_object(isolating->body, isolating->array, NULL);

	put_ref(isolating->body, item, "policy", rule->namespace, rule->name);
	enum standing standing = rule->audit ? STANDING_AUDIT : STANDING_ENFORCE;

	if (policy)
		standing = policy_standing(isolating->input, policy);
	body_text(isolating->body, item, "mode", policy_standing_name(standing));
	return 0;
}

/* An address that several pods claim is the first one's. */
static char *note_of_claim(const struct side *side)
{
	const struct path *path = side->path;
	const struct object *shown =
	    side->is_egress ? path->client_pod : path->backend_pod;
	char text[ADDR_TEXT], *note;

	if (!side->subject || !shown || shown == side->subject)
		return NULL;
	if (asprintf(&note, "%s/%s claims %s too and comes first: its policies decide",
		     side->subject->namespace, side->subject->name,
		     addr_print(side->is_egress ? &path->client : &path->backend, text)) <
	    0)
		return NULL;
	return note;
}

/* What the node itself sends is allowed by where it comes from, which an address alone
 * does not show. */
static char *note_of_node(const struct side *side)
{
	const struct object *subject = side->subject, *node;
	char text[ADDR_TEXT], *note;

	if (side->is_egress || !subject || side->path->client_pod ||
	    !subject->pod.node_name)
		return NULL;
	node =
	    cluster_find(side->input->cluster, OBJECT_NODE, "", subject->pod.node_name);
	for (size_t i = 0; node && i < node->node.addrs.count; i++) {
		if (addr_compare(&node->node.addrs.items[i], side->peer) != 0)
			continue;
		if (asprintf(
			&note,
			"%s is an address of node %s, where %s/%s runs: what the node "
			"itself sends is always allowed",
			addr_print(side->peer, text), node->name, subject->namespace,
			subject->name) < 0)
			return NULL;
		return note;
	}
	return NULL;
}

static void put_note(const struct side *side, struct body *body, struct json_object *item)
{
	_cleanup_free_ char *claim = note_of_claim(side);
	_cleanup_free_ char *node = note_of_node(side);

	if (claim || node)
		body_text(body, item, "note", claim ? claim : node);
}

/* A pod in the network of the node on which the backend runs. */
static bool is_from_node(const struct side *side)
{
	const struct object *client = side->path->client_pod;
	const char *node = side->subject->pod.node_name;

	return !side->is_egress && client && client->pod.host_network && node &&
	       client->pod.node_name && !strcmp(client->pod.node_name, node);
}

/* NULL: the tables are to be asked. */
static const char *outcome_without_asking(const struct side *side)
{
	if (!side->subject)
		return "notAPod";
	if (is_from_node(side))
		return "node";
	return side->input->policy ? NULL : outcomes[POLICY_NOT_ISOLATED];
}

static struct policy_verdict judge(const struct side *side)
{
	struct policy_question question = { .from = side->path->client,
					    .to = side->path->backend,
					    .protocol = side->path->protocol,
					    .port = side->path->port };
	struct policy_verdict verdict = { .outcome = POLICY_NOT_ISOLATED };

	if (side->is_egress)
		policy_judge_egress(side->input->policy, &question, &verdict);
	else
		policy_judge_ingress(side->input->policy, &question, &verdict);
	return verdict;
}

static int is_selecting(void *context, const struct object *policy)
{
	const struct side *side = context;

	return (side->is_egress ? policy->policy.has_egress
				: policy->policy.has_ingress) &&
	       match_subject(policy, side->subject);
}

/* A pod that policies isolate though the tables here do not say so is another node's. */
static bool is_elsewhere(const struct side *side)
{
	struct side context = *side;

	return side->input->mode != POLICY_OFF &&
	       cluster_each(side->input->cluster, OBJECT_NETWORK_POLICY, is_selecting,
			    &context);
}

/* Says whether this direction allows; *audited is raised when audit would not. */
static bool put_side(const struct side *side, struct body *body, struct json_object *item,
		     bool *audited)
{
	const char *outcome = outcome_without_asking(side);
	struct policy_verdict verdict = { .outcome = POLICY_NOT_ISOLATED };

	if (!outcome) {
		verdict = judge(side);
		outcome = outcomes[verdict.outcome];
		if (verdict.outcome == POLICY_NOT_ISOLATED && !verdict.set &&
		    is_elsewhere(side))
			outcome = "elsewhere";
	}
	put_pod(body, item, side->subject);
	body_text(body, item, "outcome", outcome);
	body_bool(body, item, "auditDenied", verdict.audit_denied);
	*audited |= verdict.audit_denied;
	put_note(side, body, item);
	if (verdict.outcome == POLICY_ALLOWED)
		put_deciding(side, body, item, &verdict.rule);
	if (!verdict.set)
		return true;
	struct isolating isolating = { side->input, body,
				       body_array(body, item, "isolatedBy") };

	policy_each_isolating(side->input->policy, verdict.set, put_isolating,
			      &isolating);
	if (verdict.outcome == POLICY_DENIED || verdict.audit_denied)
		near_misses_put(side, body, body_array(body, item, "nearest"));
	return verdict.outcome != POLICY_DENIED;
}

static void put_end(struct body *body, struct json_object *item, const char *name,
		    const struct hg_addr *addr, uint16_t port)
{
	struct json_object *end = body_object(body, item, name);

	body_addr(body, end, "address", addr);
	if (port)
		body_number(body, end, "port", port);
}

static void put_ends(const struct path *path, struct body *body, struct json_object *item)
{
	put_end(body, item, "client", &path->client, 0);
	put_pod(body, json_object_object_get(item, "client"), path->client_pod);
	if (path->service) {
		put_ref(body, item, "service", path->service->namespace,
			path->service->name);
		put_end(body, item, "vip", &path->vip, path->service_port);
	}
	put_end(body, item, "backend", &path->backend, path->port);
	put_pod(body, json_object_object_get(item, "backend"), path->backend_pod);
}

bool path_explain(const struct explain_input *input, const struct path *path,
		  struct body *body, struct json_object *paths)
{
	struct json_object *item = body_object(body, paths, NULL);
	struct side side = {
		.input = input,
		.path = path,
		.destination = cluster_find_pod_by_addr(input->cluster, &path->backend),
	};
	bool audited = false, allowed;

	body_bool(body, item, "allowed", false); /* until the end */
	put_ends(path, body, item);
	side.is_egress = true;
	side.subject = cluster_find_pod_by_addr(input->cluster, &path->client);
	side.peer = &path->backend;
	allowed = put_side(&side, body, body_object(body, item, "egress"), &audited);
	side.is_egress = false;
	side.subject = side.destination;
	side.peer = &path->client;
	allowed &= put_side(&side, body, body_object(body, item, "ingress"), &audited);
	body_bool(body, item, "allowed", allowed);
	body_bool(body, item, "audited", audited);
	return allowed;
}
