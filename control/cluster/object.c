/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kinds and ownership of objects. One table holds what differs by kind; an object owns
 * every string and array that it points to.
 */
#include "object.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static void free_check(struct check_spec *check)
{
	free(check->path);
	free(check->host);
	free(check->send);
	free(check->expect);
}

static void free_service(struct object *object)
{
	struct service *service = &object->service;

	for (size_t i = 0; i < service->port_count; i++)
		free(service->ports[i].name);
	free(service->ports);
	free(service->cluster_ips.items);
	free(service->external_ips.items);
	free(service->load_balancer_ips.items);
	free(service->source_ranges.items);
	free_check(&service->options.check);
}

static void free_list(char **names)
{
	for (char **name = names; name && *name; name++)
		free(*name);
	free(names);
}

static void free_hints(struct endpoint_hints *hints)
{
	if (!hints)
		return;
	free_list(hints->zones);
	free_list(hints->nodes);
	free(hints);
}

static void free_slice(struct object *object)
{
	struct endpoint_slice *slice = &object->slice;

	for (size_t i = 0; i < slice->port_count; i++)
		free(slice->ports[i].name);
	for (size_t i = 0; i < slice->endpoint_count; i++) {
		free(slice->endpoints[i].node_name);
		free(slice->endpoints[i].target);
		free_hints(slice->endpoints[i].hints);
	}
	free(slice->ports);
	free(slice->endpoints);
	free(slice->service);
}

static void free_pod(struct object *object)
{
	for (size_t i = 0; i < object->pod.port_count; i++)
		free(object->pod.ports[i].name);
	free(object->pod.ports);
	free(object->pod.ips.items);
	free(object->pod.node_name);
}

static void free_namespace(struct object *object)
{
	(void)object;
}

static void free_node(struct object *object)
{
	free(object->node.addrs.items);
	free(object->node.pod_cidrs.items);
	free(object->node.zone);
}

void label_selector_clear(struct label_selector *selector)
{
	for (size_t i = 0; i < selector->count; i++) {
		free(selector->requirements[i].key);
		free_list(selector->requirements[i].values);
	}
	free(selector->requirements);
	*selector = (struct label_selector){ 0 };
}

static void clear_rule(struct policy_spec_rule *rule)
{
	for (size_t i = 0; i < rule->peer_count; i++) {
		label_selector_clear(&rule->peers[i].pods);
		label_selector_clear(&rule->peers[i].namespaces);
		free(rule->peers[i].block.except.items);
	}
	for (size_t i = 0; i < rule->port_count; i++)
		free(rule->ports[i].name);
	free(rule->peers);
	free(rule->ports);
}

void policy_rules_free(struct policy_spec_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		clear_rule(&rules[i]);
	free(rules);
}

static void free_policy(struct object *object)
{
	label_selector_clear(&object->policy.subjects);
	policy_rules_free(object->policy.ingress, object->policy.ingress_count);
	policy_rules_free(object->policy.egress, object->policy.egress_count);
}

static const struct {
	const char *name;
	size_t size;			     /* of the kind's own fields */
	void (*free)(struct object *object); /* what they own */
} KINDS[OBJECT_KINDS] = {
	[OBJECT_SERVICE] = { "Service", sizeof(struct service), free_service },
	[OBJECT_ENDPOINT_SLICE] = { "EndpointSlice", sizeof(struct endpoint_slice),
				    free_slice },
	[OBJECT_POD] = { "Pod", sizeof(struct pod), free_pod },
	[OBJECT_NAMESPACE] = { "Namespace", 0, free_namespace },
	[OBJECT_NODE] = { "Node", sizeof(struct node), free_node },
	[OBJECT_NETWORK_POLICY] = { "NetworkPolicy", sizeof(struct network_policy),
				    free_policy },
};

/* An EndpointSlice's fields are a fifth of a Service's. */
struct object *object_new(enum object_kind kind)
{
	struct object *object =
	    calloc(1, offsetof(struct object, service) + KINDS[kind].size);

	if (object)
		object->kind = kind;
	return object;
}

const char *object_kind_name(enum object_kind kind)
{
	return KINDS[kind].name;
}

void object_drop_labels(struct object *object)
{
	for (size_t i = 0; i < object->label_count; i++) {
		free(object->labels[i].key);
		free(object->labels[i].value);
	}
	free(object->labels);
	object->labels = NULL;
	object->label_count = 0;
}

void object_free(struct object *object)
{
	if (!object)
		return;
	KINDS[object->kind].free(object);
	object_drop_labels(object);
	free(object->namespace);
	free(object->name);
	place_clear(&object->place);
	free(object);
}

struct about object_about_named(enum object_kind kind, const char *namespace,
				const char *name, enum cause cause)
{
	return (struct about){ .kind = ABOUT_OBJECT + kind,
			       .cause = cause,
			       .word = object_kind_name(kind),
			       .namespace = namespace,
			       .name = name };
}

struct about object_about(const struct object *object, enum cause cause)
{
	return object_about_named(object->kind, object->namespace, object->name, cause);
}

bool object_about_is(const struct about *about, enum object_kind kind)
{
	return about->kind == ABOUT_OBJECT + (unsigned)kind;
}
