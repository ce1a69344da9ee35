/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a rule that looks right does not hold: the mistakes that are made most. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../compile/endpoints.h"
#include "../compile/policy_selector.h"
#include "../lib/cleanup.h"
#include "match.h"
#include "path.h"
#include "words.h"

/* ---- ports ---- */
struct search {
	const struct path *path;
	const struct policy_spec_rule *rule;
	const struct cluster *cluster;
	const struct object *pod; /* the backend */
	char *hint;
};

static void search_endpoints(struct search *search, const struct object *service,
			     const struct service_port *port)
{
	const struct path *path = search->path;
	const struct endpoint_query query = { .cluster = search->cluster,
					      .namespace = service->namespace,
					      .service = service->name,
					      .port = port,
					      .is_v6 = !addr_is_v4(&path->backend) };
	CLEANUP(endpoints_clear) struct endpoint_list list = { 0 };

	if (endpoints_collect(&query, &list) < 0)
		return;
	for (size_t i = 0; i < list.count && !search->hint; i++) {
		uint16_t own = list.items[i].port;

		if (addr_compare(&list.items[i].from->addr, &path->backend) != 0 ||
		    own == port->port ||
		    !match_ports(search->rule, path->protocol,
				 path->port == own ? port->port : own, search->pod))
			continue;
		if (asprintf(&search->hint,
			     "port %u is the Service's (%s/%s), the pod listens on %u: "
			     "policies name the pod's port",
			     port->port, service->namespace, service->name, own) < 0)
			search->hint = NULL;
	}
}

/*
 * A Service whose port is not the pod's: either the rule names the Service's port where
 * the pod's is judged, or the question does where the rule names the pod's.
 */
static int search_service(void *context, const struct object *service)
{
	struct search *search = context;
	const struct path *path = search->path;

	if (path->service && path->service != service)
		return 0;
	for (size_t i = 0; i < service->service.port_count; i++) {
		const struct service_port *port = &service->service.ports[i];
		bool is_asked = path->service ? port->port == path->service_port
					      : port->port == path->port;

		if (is_asked && port->protocol == path->protocol)
			search_endpoints(search, service, port);
	}
	return search->hint ? 1 : 0;
}

static char *hint_protocol(const struct path *path, const struct policy_port *port)
{
	char *hint;

	if (port->name || port->protocol == path->protocol || port->first > path->port ||
	    port->last < path->port)
		return NULL;
	if (asprintf(&hint, "port %u is allowed for %s, this is %s", path->port,
		     words_protocol(port->protocol), words_protocol(path->protocol)) < 0)
		return NULL;
	return hint;
}

static char *hint_number(const struct object *pod, const struct container_port *own)
{
	char *hint;

	if (asprintf(&hint, "port %s/%s of %s/%s is %u", own->name,
		     words_protocol(own->protocol), pod->namespace, pod->name,
		     own->port) < 0)
		return NULL;
	return hint;
}

static char *hint_name(const struct side *side, const struct policy_port *port)
{
	const struct path *path = side->path;
	const struct object *pod = side->destination;
	char *hint, text[ADDR_TEXT];
	int r;

	if (!port->name || port->protocol != path->protocol)
		return NULL;
	for (size_t i = 0; pod && i < pod->pod.port_count; i++) {
		const struct container_port *own = &pod->pod.ports[i];

		if (own->protocol == port->protocol && !strcmp(own->name, port->name))
			return hint_number(pod, own);
	}
	if (pod)
		r = asprintf(&hint, "no container of %s/%s has a port %s/%s",
			     pod->namespace, pod->name, port->name,
			     words_protocol(port->protocol));
	else
		r = asprintf(&hint, "%s is no pod's: a port's name means nothing there",
			     addr_print(&path->backend, text));
	return r < 0 ? NULL : hint;
}

char *hint_port(const struct side *side, const struct policy_spec_rule *rule)
{
	struct search search = { side->path, rule, side->input->cluster,
				 side->destination, NULL };

	if (side->path->protocol == IPPROTO_ICMP ||
	    side->path->protocol == IPPROTO_ICMPV6)
		return strdup("only rules without ports let ICMP through");
	cluster_each(side->input->cluster, OBJECT_SERVICE, search_service, &search);
	for (size_t i = 0; i < rule->port_count && !search.hint; i++) {
		search.hint = hint_protocol(side->path, &rule->ports[i]);
		if (!search.hint)
			search.hint = hint_name(side, &rule->ports[i]);
	}
	return search.hint;
}

/* ---- peers ---- */
static char *hint_block(const struct ip_block *block, const struct hg_addr *addr)
{
	char text[ADDR_TEXT], cidr[ADDR_TEXT], *hint;

	if (!cidr_contains(&block->block, addr) ||
	    addr_is_v4(&block->block.addr) != addr_is_v4(addr))
		return NULL;
	for (size_t i = 0; i < block->except.count; i++) {
		if (!cidr_contains(&block->except.items[i], addr))
			continue;
		if (asprintf(&hint, "%s is in except %s", addr_print(addr, text),
			     cidr_print(&block->except.items[i], cidr)) < 0)
			return NULL;
		return hint;
	}
	return NULL;
}

static char *hint_not_a_pod(const struct side *side)
{
	const struct object *pod =
	    side->is_egress ? side->path->backend_pod : side->path->client_pod;
	char *hint, text[ADDR_TEXT];
	int r;

	if (pod)
		r = asprintf(&hint,
			     "%s/%s is in its node's network: selectors do not mean it, "
			     "an ipBlock may",
			     pod->namespace, pod->name);
	else
		r = asprintf(&hint,
			     "%s is no pod's: selectors do not mean it, an ipBlock may",
			     addr_print(side->peer, text));
	return r < 0 ? NULL : hint;
}

static char *hint_namespace(const struct policy_peer *peer, const struct object *pod,
			    const struct object *namespace)
{
	_cleanup_free_ char *selector = words_selector(&peer->namespaces);
	char *hint;
	int r;

	if (namespace)
		r = asprintf(&hint, "the labels of namespace %s do not match %s",
			     pod->namespace, selector ? selector : "");
	else
		r = asprintf(&hint,
			     "there is no Namespace object %s, so that it has no label "
			     "but its name: %s does not match",
			     pod->namespace, selector ? selector : "");
	return r < 0 ? NULL : hint;
}

/* Of a peer of selectors that does not mean this pod. */
static char *hint_pod(const struct side *side, const char *policy_namespace,
		      const struct policy_peer *peer, const struct object *pod)
{
	const struct object *namespace =
	    cluster_find(side->input->cluster, OBJECT_NAMESPACE, "", pod->namespace);
	bool is_labelled = !peer->has_pods || policy_selector_matches(&peer->pods, pod);
	_cleanup_free_ char *selector = words_selector(&peer->pods);
	char *hint;
	int r;

	if (peer->has_namespaces && !policy_selector_matches_namespace(
					&peer->namespaces, pod->namespace, namespace))
		return hint_namespace(peer, pod, namespace);
	if (peer->has_namespaces || strcmp(policy_namespace, pod->namespace) == 0)
		r = asprintf(&hint, "the labels of %s/%s do not match %s", pod->namespace,
			     pod->name, selector ? selector : "");
	else if (is_labelled)
		r = asprintf(&hint,
			     "a podSelector alone means pods of %s: %s/%s needs a "
			     "namespaceSelector beside it",
			     policy_namespace, pod->namespace, pod->name);
	else
		r = asprintf(&hint, "%s/%s is not in %s", pod->namespace, pod->name,
			     policy_namespace);
	return r < 0 ? NULL : hint;
}

/* Is something of the peer right: the block, the namespace, or the labels? */
static bool is_half_right(const struct side *side, const char *policy_namespace,
			  const struct policy_peer *peer, const struct object *pod)
{
	if (!peer->has_pods && !peer->has_namespaces)
		return cidr_contains(&peer->block.block, side->peer);
	if (!pod)
		return false;
	if (peer->has_pods && policy_selector_matches(&peer->pods, pod))
		return true;
	if (!peer->has_namespaces)
		return strcmp(policy_namespace, pod->namespace) == 0;
	return policy_selector_matches_namespace(
	    &peer->namespaces, pod->namespace,
	    cluster_find(side->input->cluster, OBJECT_NAMESPACE, "", pod->namespace));
}

/* Of blocks none of which holds the address; NULL: the rule has no block. */
static char *hint_blocks(const struct policy_spec_rule *rule, const struct hg_addr *addr)
{
	const struct policy_peer *other = NULL;
	char text[ADDR_TEXT], *hint = NULL;
	bool of_family = false;
	int r = 0;

	for (size_t i = 0; i < rule->peer_count; i++) {
		const struct policy_peer *peer = &rule->peers[i];

		if (peer->has_pods || peer->has_namespaces)
			continue;
		if (addr_is_v4(&peer->block.block.addr) == addr_is_v4(addr))
			of_family = true;
		else
			other = other ?: peer;
	}
	if (of_family)
		r = asprintf(&hint, "%s is in none of its blocks",
			     addr_print(addr, text));
	else if (other)
		r = asprintf(&hint, "%s holds no %s address",
			     cidr_print(&other->block.block, text),
			     addr_is_v4(addr) ? "IPv4" : "IPv6");
	return r < 0 ? NULL : hint;
}

/* Of the peer that is nearest. Among several that are all wrong none is. */
char *hint_peer(const struct side *side, const char *namespace,
		const struct policy_spec_rule *rule)
{
	const struct object *pod =
	    cluster_find_pod_by_addr(side->input->cluster, side->peer);
	const struct policy_peer *peer = rule->peers;

	while (peer < rule->peers + rule->peer_count &&
	       !is_half_right(side, namespace, peer, pod))
		peer++;
	if (peer == rule->peers + rule->peer_count) {
		if (rule->peer_count > 1)
			return hint_blocks(rule, side->peer);
		peer = rule->peers;
	}
	if (!peer->has_pods && !peer->has_namespaces)
		return hint_block(&peer->block, side->peer)
			   ?: hint_blocks(rule, side->peer);
	return pod ? hint_pod(side, namespace, peer, pod) : hint_not_a_pod(side);
}
