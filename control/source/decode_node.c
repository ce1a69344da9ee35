// SPDX-License-Identifier: BSD-2-Clause
/* Node: its addresses (internal ones first), its pods' address blocks, its zone. */
#include "decode.h"

#include <string.h>

#define ADDRS_LONGEST 256

static void read_addresses(struct decode *decode, const struct field *list,
			   const char *wanted, struct node *node)
{
	for (size_t i = 0; i < field_count(list); i++) {
		struct field item = field_item(list, i);
		struct field type = field_get(&item, "type");
		struct field address = field_get(&item, "address");
		struct hg_addr addr;
		if (!json_object_is_type(type.value, json_type_string) ||
		    strcmp(json_object_get_string(type.value), wanted) != 0)
			continue;
		if (!address.value)
			field_complain(decode, &address, "is missing: write the address");
		else if (decode_addr(decode, &address, ADDR_HOST, &addr))
			addr_list_add(decode, &node->addrs, &addr);
	}
}

/* The others, among them host names, are not addresses that packets carry. */
static void check_addresses(struct decode *decode, const struct field *list)
{
	for (size_t i = 0; i < field_count(list); i++) {
		struct field item = field_item(list, i);
		struct field type = field_get(&item, "type");
		if (!field_is_map_or_null(decode, &item))
			continue;
		if (!type.value)
			field_complain(decode, &type,
				       "is missing: write InternalIP or ExternalIP");
		else
			field_as_text(decode, &type);
	}
}

static void read_pod_cidrs(struct decode *decode, const struct field *spec,
			   struct node *node)
{
	struct field list = field_list(decode, spec, "podCIDRs", ADDRS_LONGEST);
	const char *single = field_text(decode, spec, "podCIDR");
	struct field field = field_get(spec, "podCIDR");
	struct cidr cidr;

	if (list.value || !single || !*single) {
		decode_cidrs(decode, &list, &node->pod_cidrs);
		return;
	}
	if (cidr_parse(single, &cidr) < 0) {
		field_complain(decode, &field,
			       "is not an address block: write one like 192.0.2.0/24");
		return;
	}
	node->pod_cidrs.items = decode_array(decode, 1, sizeof(cidr));
	if (node->pod_cidrs.items)
		node->pod_cidrs.items[node->pod_cidrs.count++] = cidr;
}

void decode_node(struct decode *decode, const struct field *root, struct object *object)
{
	struct node *node = &object->node;
	struct field spec = field_map(decode, root, "spec");
	struct field status = field_map(decode, root, "status");
	struct field list = field_list(decode, &status, "addresses", ADDRS_LONGEST);
	const char *zone = decode_label(object, "topology.kubernetes.io/zone");

	if (zone)
		node->zone = decode_strdup(decode, zone);
	check_addresses(decode, &list);
	read_addresses(decode, &list, "InternalIP", node);
	read_addresses(decode, &list, "ExternalIP", node);
	read_pod_cidrs(decode, &spec, node);
}
