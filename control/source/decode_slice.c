// SPDX-License-Identifier: BSD-2-Clause
/*
 * EndpointSlice: addresses[0] of each endpoint with its conditions, and the ports that
 * have a number. Absent conditions: ready and serving are true, terminating is false.
 * FQDN and headless slices and those of no Service are known but not used.
 */
#include "decode.h"

#include <string.h>
#include "annotation.h"
#include "name.h"

#define ENDPOINTS_LONGEST 1000 /* limits of the API */
#define PORTS_LONGEST	  4096
#define ADDRS_LONGEST	  100
#define HINTS_LONGEST	  64

enum address_type { TYPE_V4, TYPE_V6, TYPE_FQDN };
static const char *const types[] = { "IPv4", "IPv6", "FQDN", NULL };

/* Names of hint objects: [{name: a}, {name: b}] as NULL-terminated list, NULL when none.
 */
static char **read_names(struct decode *decode, const struct field *hints,
			 const char *key)
{
	struct field list = field_list(decode, hints, key, HINTS_LONGEST);
	size_t count = field_count(&list);
	char **names = count ? decode_array(decode, count + 1, sizeof(*names)) : NULL;
	size_t found = 0;

	for (size_t i = 0; names && i < count; i++) {
		struct field item = field_item(&list, i);
		struct field name = field_get(&item, "name");
		if (!field_is_map_or_null(decode, &item))
			continue;
		/* without a name it is one that nobody has */
		const char *text = field_as_text(decode, &name);
		names[found] = text ? decode_strdup(decode, text) : NULL;
		found += names[found] != NULL;
	}
	return names;
}

static struct endpoint_hints *read_hints(struct decode *decode, const struct field *item)
{
	struct field map = field_map(decode, item, "hints");
	struct endpoint_hints *hints;

	if (!map.value)
		return NULL;
	hints = decode_array(decode, 1, sizeof(*hints));
	if (!hints)
		return NULL;
	hints->zones = read_names(decode, &map, "forZones");
	hints->nodes = read_names(decode, &map, "forNodes");
	return hints;
}

static void read_target(struct decode *decode, const struct field *item,
			const struct object *object, struct slice_endpoint *endpoint)
{
	struct field ref = field_map(decode, item, "targetRef");
	const char *kind = field_text(decode, &ref, "kind");
	const char *space = field_text(decode, &ref, "namespace");
	const char *name = field_text(decode, &ref, "name");

	if (!kind || !name || strcmp(kind, "Pod") != 0)
		return;
	if (!space)
		space = object->namespace;
	size_t size = strlen(space) + 1 + strlen(name) + 1;
	endpoint->target = decode_array(decode, size, 1);
	if (!endpoint->target)
		return;
	memcpy(endpoint->target, space, strlen(space));
	endpoint->target[strlen(space)] = '/';
	memcpy(endpoint->target + strlen(space) + 1, name, strlen(name));
}

/* False: there is no address, the endpoint is left out. */
static bool read_address(struct decode *decode, const struct field *item, bool is_v6,
			 struct hg_addr *ret_addr)
{
	struct field list = field_list(decode, item, "addresses", ADDRS_LONGEST);
	unsigned errors = decode->errors;

	if (!field_count(&list)) {
		if (decode->errors == errors)
			field_warn(decode, item,
				   "has no address and is left out: give addresses");
		return false;
	}
	struct field first = field_item(&list, 0);
	if (!decode_addr(decode, &first, ADDR_ENDPOINT, ret_addr))
		return false;
	if (addr_is_v4(ret_addr) != is_v6)
		return true;
	field_complain(decode, &first,
		       "is an %s address, but addressType is %s: make them agree",
		       types[!is_v6], types[is_v6]);
	return false;
}

static void read_endpoint(struct decode *decode, const struct field *item,
			  struct object *object)
{
	struct endpoint_slice *slice = &object->slice;
	struct slice_endpoint endpoint = { .weight = 1 };

	if (!field_is_map_or_null(decode, item) ||
	    !read_address(decode, item, slice->is_v6, &endpoint.addr))
		return;
	struct field conditions = field_map(decode, item, "conditions");
	endpoint.ready = field_truth(decode, &conditions, "ready", true);
	endpoint.serving = field_truth(decode, &conditions, "serving", true);
	endpoint.terminating = field_truth(decode, &conditions, "terminating", false);
	endpoint.node_name = field_copy(decode, item, "nodeName");
	endpoint.hints = read_hints(decode, item);
	read_target(decode, item, object, &endpoint);
	slice->endpoints[slice->endpoint_count++] = endpoint;
}

static void read_endpoints(struct decode *decode, const struct field *root,
			   struct object *object)
{
	struct field list = field_list(decode, root, "endpoints", ENDPOINTS_LONGEST);
	size_t count = field_count(&list);

	object->slice.endpoints =
	    decode_array(decode, count, sizeof(*object->slice.endpoints));
	for (size_t i = 0; object->slice.endpoints && i < count; i++) {
		struct field item = field_item(&list, i);
		read_endpoint(decode, &item, object);
	}
}

static void check_port_is_new(struct decode *decode, const struct field *item,
			      const struct endpoint_slice *slice, const char *name)
{
	for (size_t i = 0; i < slice->port_count; i++)
		if (strcmp(slice->ports[i].name, name) == 0)
			field_complain(
			    decode, item,
			    "has the name \"%.63s\" of an earlier port: give it "
			    "another",
			    name);
}

static void read_port(struct decode *decode, const struct field *item,
		      struct endpoint_slice *slice)
{
	static const struct range range = { "a port", 0, 65535 };
	struct slice_port port = { 0 };
	int64_t number = 0;
	char shown[FIELD_SHOW];

	if (!field_is_map_or_null(decode, item))
		return;
	struct field name_field = field_get(item, "name");
	struct field port_field = field_get(item, "port");
	const char *name = field_text(decode, item, "name");
	unsigned errors = decode->errors;
	port.protocol = field_protocol(decode, item);
	field_number(decode, item, "port", &range, &number);
	if (name && *name && !name_is_label(name))
		field_complain(decode, &name_field, "\"%s\" is not a port's name: %s",
			       field_show(name, shown), NAME_LABEL_RULE);
	if (number == 0) {
		if (decode->errors == errors)
			field_warn(decode, &port_field,
				   "is missing, so the port is left out: write port: 80");
		return;
	}
	check_port_is_new(decode, item, slice, name ? name : "");
	port.port = number;
	port.name = decode_strdup(decode, name ? name : "");
	if (port.name)
		slice->ports[slice->port_count++] = port;
}

static void read_ports(struct decode *decode, const struct field *root,
		       struct endpoint_slice *slice)
{
	struct field list = field_list(decode, root, "ports", PORTS_LONGEST);
	size_t count = field_count(&list);

	slice->ports = decode_array(decode, count, sizeof(*slice->ports));
	for (size_t i = 0; slice->ports && i < count; i++) {
		struct field item = field_item(&list, i);
		read_port(decode, &item, slice);
	}
}

void decode_slice(struct decode *decode, const struct field *root, struct object *object)
{
	struct endpoint_slice *slice = &object->slice;
	struct field metadata = field_get(root, "metadata");
	struct field annotations = field_map(decode, &metadata, "annotations");
	struct field type_field = field_get(root, "addressType");
	enum address_type type =
	    field_choice(decode, root, "addressType", types, TYPE_V4);
	const char *service = decode_label(object, "kubernetes.io/service-name");

	if (!type_field.value)
		field_complain(decode, &type_field, "is missing: write IPv4 or IPv6");
	slice->is_v6 = type == TYPE_V6;
	slice->skip =
	    type == TYPE_FQDN || decode_label(object, "service.kubernetes.io/headless");
	if (service && *service)
		slice->service = decode_strdup(decode, service);
	else if (!slice->skip)
		field_warn(decode, &metadata,
			   "has no label kubernetes.io/service-name, so the slice is not "
			   "used: add it with the name of the Service");
	if (type != TYPE_FQDN)
		read_endpoints(decode, root, object);
	read_ports(decode, root, slice);
	annotation_read_slice(decode, &annotations, slice);
}
