// SPDX-License-Identifier: BSD-2-Clause
/*
 * Service: which frontends it has, its ports and its policies. What the API server would
 * fill in is filled in here. Differences from a cluster, since nobody allocates addresses
 * or reports a load balancer's: spec.loadBalancerIP is a frontend, and a Service without
 * clusterIP is served on its other addresses.
 */
#include "decode.h"

#include <errno.h>
#include <string.h>
#include "annotation.h"
#include "name.h"

#define ADDRS_LONGEST  1024
#define RANGES_LONGEST 4096
#define PORTS_LONGEST  4096

#define AFFINITY_DEFAULT_S 10800

enum service_type { TYPE_CLUSTER_IP, TYPE_NODE_PORT, TYPE_LOAD_BALANCER, TYPE_EXTERNAL };

static const char *const types[] = { "ClusterIP", "NodePort", "LoadBalancer",
				     "ExternalName", NULL };
static const char *const policies[] = { "Cluster", "Local", NULL };

/* The label hands a Service to the proxy of that name; ours answers to "headgate". */
static bool belongs_to_another_proxy(const struct object *object)
{
	const char *name =
	    decode_label(object, "service.kubernetes.io/service-proxy-name");
	return name && strcmp(name, "headgate") != 0;
}

static bool is_headless(const struct field *spec)
{
	struct field first = field_get(spec, "clusterIP");

	if (!first.value) {
		struct field list = field_get(spec, "clusterIPs");
		if (json_object_is_type(list.value, json_type_array))
			first = field_item(&list, 0);
	}
	return json_object_is_type(first.value, json_type_string) &&
	       strcmp(json_object_get_string(first.value), "None") == 0;
}

static void check_family(struct decode *decode, const struct field *families,
			 size_t index, const struct field *field,
			 const struct hg_addr *addr)
{
	static const char *const names[] = { "IPv4", "IPv6", NULL };

	if (!families->value)
		return;
	struct field item = field_item(families, index);
	const char *name = item.value ? field_as_text(decode, &item) : NULL;
	if (name && strcmp(name, names[!addr_is_v4(addr)]) != 0)
		field_complain(
		    decode, field,
		    "is %s, but spec.ipFamilies[%zu] says %.10s: make them agree",
		    names[!addr_is_v4(addr)], index, name);
	else if (!item.value)
		field_complain(decode, field,
			       "has no family in spec.ipFamilies: add %s to that list",
			       names[!addr_is_v4(addr)]);
}

/* "" means that none is given. */
static bool is_empty_text(const struct field *field)
{
	return json_object_is_type(field->value, json_type_string) &&
	       json_object_get_string_len(field->value) == 0;
}

static void read_cluster_ip(struct decode *decode, const struct field *spec,
			    const struct field *field, struct addr_list *ret_addrs)
{
	struct field families = field_list(decode, spec, "ipFamilies", 2);
	struct hg_addr addr;

	if (!decode_addr(decode, field, ADDR_VIRTUAL, &addr))
		return;
	if (ret_addrs->count && addr_is_v4(&ret_addrs->items[0]) == addr_is_v4(&addr))
		field_complain(
		    decode, field,
		    "is of the same family as the first: give one IPv4 and one "
		    "IPv6 address");
	check_family(decode, &families, ret_addrs->count, field, &addr);
	addr_list_add(decode, ret_addrs, &addr);
}

static void read_cluster_ips(struct decode *decode, const struct field *spec,
			     struct service *service)
{
	struct field single = field_get(spec, "clusterIP");
	struct field list = field_list(decode, spec, "clusterIPs", 2);
	struct hg_addr first;

	if (!field_count(&list)) {
		if (single.value && !is_empty_text(&single))
			read_cluster_ip(decode, spec, &single, &service->cluster_ips);
		return;
	}
	for (size_t i = 0; i < field_count(&list); i++) {
		struct field item = field_item(&list, i);
		read_cluster_ip(decode, spec, &item, &service->cluster_ips);
	}
	if (!single.value || is_empty_text(&single) || !service->cluster_ips.count ||
	    !decode_addr(decode, &single, ADDR_VIRTUAL, &first))
		return;
	if (addr_compare(&first, &service->cluster_ips.items[0]) != 0)
		field_complain(decode, &single,
			       "differs from spec.clusterIPs[0]: make them equal");
}

static void read_external_ips(struct decode *decode, const struct field *spec,
			      struct service *service)
{
	struct field list = field_list(decode, spec, "externalIPs", ADDRS_LONGEST);

	for (size_t i = 0; i < field_count(&list); i++) {
		struct field item = field_item(&list, i);
		struct hg_addr addr;
		if (decode_addr(decode, &item, ADDR_VIRTUAL, &addr))
			addr_list_add(decode, &service->external_ips, &addr);
	}
}

/* ipMode Proxy: the load balancer itself terminates, nothing is to be done here. */
static void read_ingress(struct decode *decode, const struct field *item,
			 struct service *service)
{
	static const char *const modes[] = { "VIP", "Proxy", NULL };
	struct hg_addr addr;

	if (!field_is_map_or_null(decode, item))
		return;
	struct field ip = field_get(item, "ip");
	unsigned mode = field_choice(decode, item, "ipMode", modes, 0);
	if (!ip.value || is_empty_text(&ip) || mode == 1 ||
	    !decode_addr(decode, &ip, ADDR_VIRTUAL, &addr))
		return;
	addr_list_add(decode, &service->load_balancer_ips, &addr);
}

static void read_load_balancer_ips(struct decode *decode, const struct field *root,
				   const struct field *spec, enum service_type type,
				   struct service *service)
{
	struct field status = field_map(decode, root, "status");
	struct field balancer = field_map(decode, &status, "loadBalancer");
	struct field list = field_list(decode, &balancer, "ingress", ADDRS_LONGEST);
	struct field wanted = field_get(spec, "loadBalancerIP");
	struct hg_addr addr;

	for (size_t i = 0; i < field_count(&list); i++) {
		struct field item = field_item(&list, i);
		read_ingress(decode, &item, service);
	}
	if (!wanted.value || is_empty_text(&wanted) ||
	    !decode_addr(decode, &wanted, ADDR_VIRTUAL, &addr))
		return;
	if (type == TYPE_LOAD_BALANCER)
		addr_list_add(decode, &service->load_balancer_ips, &addr);
	else
		field_warn(decode, &wanted,
			   "is not served, because spec.type is %s: write type: "
			   "LoadBalancer",
			   types[type]);
}

/* A number, or a name that only the EndpointSlices resolve. */
static void read_target_port(struct decode *decode, const struct field *item,
			     struct service_port *port)
{
	static const struct range range = { "a port", 0, 65535 };
	struct field field = field_get(item, "targetPort");
	int64_t number;
	char shown[FIELD_SHOW];

	if (!json_object_is_type(field.value, json_type_string)) {
		if (field_number(decode, item, "targetPort", &range, &number))
			port->target_port = number;
		return;
	}
	const char *name = json_object_get_string(field.value);
	if (strspn(name, "0123456789") == strlen(name))
		field_complain(decode, &field,
			       "\"%s\" is a number in quotes: remove the quotes",
			       field_show(name, shown));
	else if (!name_is_label(name) || strlen(name) > 15)
		field_complain(decode, &field,
			       "\"%s\" is not a port's name: use at most 15 lower-case "
			       "letters, digits and -",
			       field_show(name, shown));
}

static void read_port_name(struct decode *decode, const struct field *item, bool needed,
			   struct service_port *port)
{
	struct field field = field_get(item, "name");
	const char *name = field_text(decode, item, "name");
	char shown[FIELD_SHOW];

	if (needed && (!name || !*name))
		field_complain(decode, &field,
			       "is missing: with more than one port each needs a name");
	else if (name && *name && !name_is_label(name))
		field_complain(decode, &field, "\"%s\" is not a port's name: %s",
			       field_show(name, shown), NAME_LABEL_RULE);
	port->name = decode_strdup(decode, name ? name : "");
}

static void check_port_is_new(struct decode *decode, const struct field *item,
			      const struct service *service,
			      const struct service_port *port)
{
	for (size_t i = 0; i < service->port_count; i++) {
		const struct service_port *other = &service->ports[i];
		if (*port->name && strcmp(other->name, port->name) == 0)
			field_complain(decode, item,
				       "has the name \"%s\" of spec.ports[%zu]: give it "
				       "another",
				       port->name, i);
		if (port->port && other->port == port->port &&
		    other->protocol == port->protocol)
			field_complain(decode, item,
				       "is %s port %u like spec.ports[%zu]: remove one",
				       protocol_print(port->protocol), port->port, i);
	}
}

static void read_port(struct decode *decode, const struct field *item, bool named,
		      struct service *service)
{
	static const struct range node_range = { "a port", 0, 65535 };
	struct service_port port = { 0 };
	int64_t number;

	if (!field_is_map_or_null(decode, item))
		return;
	struct field field = field_get(item, "port");
	read_port_name(decode, item, named, &port);
	if (!port.name)
		return;
	port.protocol = field_protocol(decode, item);
	if (field_number(decode, item, "port", &range_port, &number))
		port.port = number;
	else if (!field.value)
		field_complain(decode, &field, "is missing: write port: 80");
	if (field_number(decode, item, "nodePort", &node_range, &number))
		port.node_port = number;
	read_target_port(decode, item, &port);
	check_port_is_new(decode, item, service, &port);
	service->ports[service->port_count++] = port;
}

static void read_ports(struct decode *decode, const struct field *spec,
		       struct service *service)
{
	struct field list = field_list(decode, spec, "ports", PORTS_LONGEST);
	size_t count = field_count(&list);
	struct field field = field_get(spec, "ports");

	service->ports = decode_array(decode, count, sizeof(*service->ports));
	for (size_t i = 0; service->ports && i < count; i++) {
		struct field item = field_item(&list, i);
		read_port(decode, &item, count > 1, service);
	}
	if (!field.value || (list.value && count == 0))
		field_complain(decode, &field, "is empty: give at least one port");
}

static void read_affinity(struct decode *decode, const struct field *spec,
			  struct service *service)
{
	static const char *const affinities[] = { "None", "ClientIP", NULL };
	static const struct range range = { "a time in seconds", 1, 86400 };
	struct field config = field_map(decode, spec, "sessionAffinityConfig");
	struct field client = field_map(decode, &config, "clientIP");
	int64_t seconds = AFFINITY_DEFAULT_S;

	field_number(decode, &client, "timeoutSeconds", &range, &seconds);
	service->affinity = field_choice(decode, spec, "sessionAffinity", affinities, 0);
	service->affinity_timeout_s = service->affinity ? seconds : 0;
}

static void read_policies(struct decode *decode, const struct field *spec,
			  enum service_type type, struct service *service)
{
	bool external =
	    field_choice(decode, spec, "externalTrafficPolicy", policies, 0) == 1;
	bool reachable = type == TYPE_NODE_PORT || type == TYPE_LOAD_BALANCER ||
			 service->external_ips.count;

	service->internal_local =
	    field_choice(decode, spec, "internalTrafficPolicy", policies, 0) == 1;
	service->external_local = external && reachable;
}

static void read_annotations(struct decode *decode, const struct field *root,
			     struct service *service)
{
	struct field metadata = field_get(root, "metadata");
	struct field annotations = field_map(decode, &metadata, "annotations");

	annotation_read_service(decode, &annotations, &service->options);
}

void decode_service(struct decode *decode, const struct field *root,
		    struct object *object)
{
	struct service *service = &object->service;
	struct field spec = field_map(decode, root, "spec");
	enum service_type type =
	    field_choice(decode, &spec, "type", types, TYPE_CLUSTER_IP);

	read_annotations(decode, root, service);
	if (type == TYPE_EXTERNAL || is_headless(&spec)) {
		service->skip = true;
		return;
	}
	if (!spec.value && !decode->errors)
		field_complain(decode, &spec, "is missing: give addresses and ports");
	if (!spec.value)
		return;
	struct field ranges =
	    field_list(decode, &spec, "loadBalancerSourceRanges", RANGES_LONGEST);
	read_cluster_ips(decode, &spec, service);
	read_external_ips(decode, &spec, service);
	read_load_balancer_ips(decode, root, &spec, type, service);
	read_ports(decode, &spec, service);
	read_affinity(decode, &spec, service);
	read_policies(decode, &spec, type, service);
	decode_cidrs(decode, &ranges, &service->source_ranges);
	service->skip = belongs_to_another_proxy(object);
	if (!service->cluster_ips.count && !service->external_ips.count &&
	    !service->load_balancer_ips.count && !service->skip && !decode->errors) {
		field_warn(
		    decode, &spec,
		    "has no address to serve: give clusterIP, externalIPs or, with "
		    "type: LoadBalancer, loadBalancerIP");
		service->skip = true;
	}
}
