/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies one by one: whom they select, their rules with the pods that are meant. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "match.h"
#include "named.h"
#include "path.h"
#include "pods.h"
#include "rule.h"
#include "rule_counters.h"
#include "version.h"
#include "words.h"

struct listing {
	const struct explain_input *input;
	struct counters counters;
	struct pods pods;
	struct body *body;
	struct json_object *array;
	const char *namespace;	   /* NULL: all */
	bool in_full;		   /* with names and rules */
	const struct object *only; /* of whose ports names are resolved; NULL: all */
	const struct policy_spec_rule *rule;
	const struct object *policy;
};

static void open_listing(const struct explain_input *input, struct body *body,
			 struct listing *listing)
{
	listing->input = input;
	listing->body = body;
	if (rule_counters_gather(input, &listing->counters) < 0 ||
	    pods_gather(input->cluster, &listing->pods) < 0)
		body->lost = true;
}

static void clear_listing(struct listing *listing)
{
	rule_counters_clear(&listing->counters);
	pods_clear(&listing->pods);
}

/* ---- one policy in short ---- */
static void put_subjects(const struct listing *listing, struct json_object *item)
{
	_cleanup_free_ char *selector = words_selector(&listing->policy->policy.subjects);
	struct json_object *names = NULL;
	size_t count, selected = 0;
	const struct object *const *pods =
	    pods_of(&listing->pods, listing->policy->namespace, &count);

	body_text(listing->body, item, "podSelector", selector);
	listing->body->lost |= !selector;
	if (listing->in_full)
		names = body_array(listing->body, item, "podNames");
	for (size_t i = 0; i < count; i++) {
		if (!match_subject(listing->policy, pods[i]))
			continue;
		selected++;
		if (names)
			body_text(listing->body, names, NULL, pods[i]->name);
	}
	body_number(listing->body, item, "pods", selected);
}

static void put_types(const struct listing *listing, struct json_object *item)
{
	struct json_object *types = body_array(listing->body, item, "types");

	if (listing->policy->policy.has_ingress)
		body_text(listing->body, types, NULL, "Ingress");
	if (listing->policy->policy.has_egress)
		body_text(listing->body, types, NULL, "Egress");
}

static void put_problems(const struct listing *listing, struct json_object *item)
{
	struct json_object *problems = body_array(listing->body, item, "problems");
	const struct about about = object_about(listing->policy, CAUSE_OTHER);
	const struct complaints *const *lists = listing->input->lists;

	for (size_t l = 0; l < 3 && lists[l]; l++) {
		for (size_t i = 0; i < lists[l]->count; i++) {
			const struct complaint *complaint = &lists[l]->items[i];
			_cleanup_free_ char *text = NULL;

			if (!about_same(&complaint->about, &about))
				continue;
			text = complaint_print(complaint);
			body_text(listing->body, problems, NULL, text);
		}
	}
}

static struct json_object *put_policy(const struct listing *listing,
				      struct json_object *item)
{
	const struct object *object = listing->policy;
	struct body *body = listing->body;

	body_text(body, item, "namespace", object->namespace);
	body_text(body, item, "name", object->name);
	body_text(body, item, "mode",
		  policy_standing_name(policy_standing(listing->input, object)));
	version_put(listing->input, object, body, item);
	put_subjects(listing, item);
	put_types(listing, item);
	body_number(body, item, "ruleCount",
		    object->policy.ingress_count + object->policy.egress_count);
	rule_counters_put_policy(&listing->counters, object, body, item);
	put_problems(listing, item);
	return item;
}

static int list_policy(void *context, const struct object *policy)
{
	struct listing *listing = context;

	if (listing->namespace && strcmp(listing->namespace, policy->namespace) != 0)
		return 0;
	listing->policy = policy;
	put_policy(listing, body_object(listing->body, listing->array, NULL));
	return 0;
}

void explain_policies(const struct explain_input *input, const char *namespace,
		      struct body *body)
{
	CLEANUP(clear_listing) struct listing listing = { .namespace = namespace };

	open_listing(input, body, &listing);
	listing.array = body_array(body, body->root, "policies");
	cluster_each(input->cluster, OBJECT_NETWORK_POLICY, list_policy, &listing);
}

/* ---- with its rules ---- */
static bool is_meant(const struct listing *listing, const struct policy_peer *peer,
		     const struct object *pod)
{
	for (size_t i = 0; match_is_pod(pod) && i < pod->pod.ips.count; i++) {
		if (match_peer(listing->input->cluster, listing->policy->namespace, peer,
			       &pod->pod.ips.items[i], pod))
			return true;
	}
	return false;
}

static void put_meant(const struct listing *listing, const struct policy_peer *peer,
		      struct json_object *names)
{
	for (size_t i = 0; i < listing->pods.count; i++) {
		const struct object *pod = listing->pods.items[i];
		_cleanup_free_ char *name = NULL;

		if (!is_meant(listing, peer, pod))
			continue;
		if (asprintf(&name, "%s/%s", pod->namespace, pod->name) < 0) {
			name = NULL;
			listing->body->lost = true;
		}
		body_text(listing->body, names, NULL, name);
	}
}

static void put_peers(const struct listing *listing, const struct policy_spec_rule *rule,
		      struct json_object *item)
{
	struct json_object *peers = body_array(listing->body, item, "peers");

	for (size_t i = 0; i < rule->peer_count; i++) {
		struct json_object *peer = body_object(listing->body, peers, NULL);
		_cleanup_free_ char *words =
		    words_peer(&rule->peers[i], listing->policy->namespace);

		body_text(listing->body, peer, "words", words);
		listing->body->lost |= !words;
		put_meant(listing, &rule->peers[i],
			  body_array(listing->body, peer, "pods"));
	}
}

static void put_ports(const struct listing *listing, const struct policy_spec_rule *rule,
		      struct json_object *item)
{
	struct json_object *ports = body_array(listing->body, item, "ports");

	for (size_t i = 0; i < rule->port_count; i++) {
		_cleanup_free_ char *words = words_port(&rule->ports[i]);

		body_text(listing->body, ports, NULL, words);
	}
}

static bool is_subject(void *context, const struct object *pod)
{
	const struct listing *listing = context;

	return (!listing->only || listing->only == pod) &&
	       match_subject(listing->policy, pod);
}

static bool is_peer(void *context, const struct object *pod)
{
	const struct listing *listing = context;
	const struct policy_spec_rule *rule = listing->rule;

	for (size_t i = 0; i < rule->peer_count; i++) {
		if (is_meant(listing, &rule->peers[i], pod))
			return true;
	}
	return !rule->peer_count && match_is_pod(pod);
}

/* Whose ports they are: the destination's. */
static void put_named(struct listing *listing, bool is_egress,
		      const struct policy_spec_rule *rule, struct json_object *item)
{
	struct named_targets targets = { .pods = listing->pods.items,
					 .count = listing->pods.count,
					 .is_target = is_egress ? is_peer : is_subject,
					 .context = listing };

	listing->rule = rule;
	if (!is_egress)
		targets.pods =
		    pods_of(&listing->pods, listing->policy->namespace, &targets.count);
	named_put(rule, &targets, listing->body, item);
}

static void put_rules(struct listing *listing, bool is_egress)
{
	const struct object *object = listing->policy;
	const struct policy_spec_rule *rules =
	    is_egress ? object->policy.egress : object->policy.ingress;
	size_t count =
	    is_egress ? object->policy.egress_count : object->policy.ingress_count;

	for (size_t i = 0; i < count; i++) {
		const struct spec_rule rule = { listing->input, object, is_egress, i };
		struct json_object *item =
		    body_object(listing->body, listing->array, NULL);

		rule_put(listing->body, item, &rule);
		put_peers(listing, &rules[i], item);
		put_ports(listing, &rules[i], item);
		put_named(listing, is_egress, &rules[i], item);
		rule_counters_put_rule(&listing->counters, object, is_egress, i,
				       listing->body, item);
	}
}

int explain_policy(const struct explain_input *input, const char *namespace,
		   const char *name, struct body *body)
{
	CLEANUP(clear_listing) struct listing listing = { .in_full = true };

	listing.policy =
	    cluster_find(input->cluster, OBJECT_NETWORK_POLICY, namespace, name);
	if (!listing.policy)
		return -ENOENT;
	open_listing(input, body, &listing);
	struct json_object *item = body_object(body, body->root, "policy");

	put_policy(&listing, item);
	listing.array = body_array(body, item, "rules");
	put_rules(&listing, false);
	put_rules(&listing, true);
	return 0;
}

/* ---- all that hold for one pod ---- */
struct pod_view {
	const struct object *pod;
	struct listing listing;
	struct json_object *names;
	bool is_egress, isolated, audited;
};

static void clear_view(struct pod_view *view)
{
	clear_listing(&view->listing);
}

static int add_applying(void *context, const struct object *policy)
{
	struct pod_view *view = context;
	struct body *body = view->listing.body;
	enum standing standing = policy_standing(view->listing.input, policy);
	_cleanup_free_ char *name = NULL;

	if (!(view->is_egress ? policy->policy.has_egress : policy->policy.has_ingress) ||
	    !match_subject(policy, view->pod))
		return 0;
	view->audited |= standing == STANDING_AUDIT;
	view->isolated |= standing == STANDING_ENFORCE || standing == STANDING_REFUSED;
	if (asprintf(&name, "%s/%s", policy->namespace, policy->name) < 0) {
		name = NULL;
		return -ENOMEM;
	}
	struct json_object *item = body_object(body, view->names, NULL);

	body_text(body, item, "policy", name);
	body_text(body, item, "mode", policy_standing_name(standing));
	view->listing.policy = policy;
	put_rules(&view->listing, view->is_egress);
	return 0;
}

static void put_direction(struct pod_view *view, struct json_object *parent,
			  const char *name)
{
	struct body *body = view->listing.body;
	struct json_object *item = body_object(body, parent, name);

	view->isolated = view->audited = false;
	view->names = body_array(body, item, "policies");
	view->listing.array = body_array(body, item, "rules");
	if (cluster_each(view->listing.input->cluster, OBJECT_NETWORK_POLICY,
			 add_applying, view) < 0)
		body->lost = true;
	body_bool(body, item, "isolated", view->isolated);
	body_bool(body, item, "audited", view->audited);
}

int explain_pod(const struct explain_input *input, const char *namespace,
		const char *name, struct body *body)
{
	CLEANUP(clear_view) struct pod_view view = { 0 };

	view.pod = cluster_find(input->cluster, OBJECT_POD, namespace, name);
	if (!view.pod)
		return -ENOENT;
	open_listing(input, body, &view.listing);
	view.listing.only = view.pod;
	struct json_object *item = body_object(body, body->root, "pod");
	struct json_object *addrs;

	body_text(body, item, "namespace", namespace);
	body_text(body, item, "name", name);
	body_text(body, item, "node", view.pod->pod.node_name);
	body_bool(body, item, "hostNetwork", view.pod->pod.host_network);
	body_bool(body, item, "terminated", view.pod->pod.terminated);
	addrs = body_array(body, item, "addresses");
	for (size_t i = 0; i < view.pod->pod.ips.count; i++)
		body_addr(body, addrs, NULL, &view.pod->pod.ips.items[i]);
	put_direction(&view, item, "ingress");
	view.is_egress = true;
	put_direction(&view, item, "egress");
	return 0;
}
