/* SPDX-License-Identifier: BSD-2-Clause */
#include "match.h"

#include <string.h>
#include "../compile/policy_selector.h"

bool match_is_pod(const struct object *pod)
{
	return pod && !pod->pod.host_network && !pod->pod.terminated &&
	       pod->pod.ips.count;
}

bool match_subject(const struct object *policy, const struct object *pod)
{
	return !pod->pod.host_network && !pod->pod.terminated &&
	       strcmp(policy->namespace, pod->namespace) == 0 &&
	       policy_selector_matches(&policy->policy.subjects, pod);
}

bool match_block(const struct ip_block *block, const struct hg_addr *addr)
{
	if (!cidr_contains(&block->block, addr) ||
	    addr_is_v4(&block->block.addr) != addr_is_v4(addr))
		return false;
	for (size_t i = 0; i < block->except.count; i++) {
		if (cidr_contains(&block->except.items[i], addr))
			return false;
	}
	return true;
}

bool match_peer(const struct cluster *cluster, const char *namespace,
		const struct policy_peer *peer, const struct hg_addr *addr,
		const struct object *pod)
{
	if (!peer->has_pods && !peer->has_namespaces)
		return match_block(&peer->block, addr);
	if (!pod)
		return false;
	if (peer->has_pods && !policy_selector_matches(&peer->pods, pod))
		return false;
	if (!peer->has_namespaces)
		return strcmp(namespace, pod->namespace) == 0;
	return policy_selector_matches_namespace(
	    &peer->namespaces, pod->namespace,
	    cluster_find(cluster, OBJECT_NAMESPACE, "", pod->namespace));
}

bool match_peers(const struct cluster *cluster, const char *namespace,
		 const struct policy_spec_rule *rule, const struct hg_addr *addr)
{
	const struct object *pod = cluster_find_pod_by_addr(cluster, addr);

	for (size_t i = 0; i < rule->peer_count; i++) {
		if (match_peer(cluster, namespace, &rule->peers[i], addr, pod))
			return true;
	}
	return !rule->peer_count;
}

bool match_named(const struct object *pod, const struct policy_port *port,
		 uint16_t number)
{
	for (size_t i = 0; pod && i < pod->pod.port_count; i++) {
		const struct container_port *own = &pod->pod.ports[i];

		if (own->protocol == port->protocol && (!number || own->port == number) &&
		    strcmp(own->name, port->name) == 0)
			return true;
	}
	return false;
}

bool match_ports(const struct policy_spec_rule *rule, uint8_t protocol, uint16_t number,
		 const struct object *destination)
{
	for (size_t i = 0; i < rule->port_count; i++) {
		const struct policy_port *port = &rule->ports[i];

		if (port->protocol != protocol)
			continue;
		if (port->name ? match_named(destination, port, number)
			       : port->first <= number && number <= port->last)
			return true;
	}
	return !rule->port_count;
}
