// SPDX-License-Identifier: BSD-2-Clause
#include "heading.h"

#include <stdio.h>
#include <string.h>
#include "name.h"
#include "position.h"

static const struct kind kinds[] = {
	{ OBJECT_SERVICE, "", "v1", NULL, true, name_is_label, NAME_LABEL_RULE,
	  decode_service, NULL },
	{ OBJECT_ENDPOINT_SLICE, "discovery.k8s.io", "v1", NULL, true, name_is_subdomain,
	  NAME_SUBDOMAIN_RULE, decode_slice, NULL },
	{ OBJECT_POD, "", "v1", NULL, true, name_is_subdomain, NAME_SUBDOMAIN_RULE,
	  decode_pod, NULL },
	{ OBJECT_NAMESPACE, "", "v1", NULL, false, name_is_label, NAME_LABEL_RULE,
	  decode_namespace, NULL },
	{ OBJECT_NODE, "", "v1", NULL, false, name_is_subdomain, NAME_SUBDOMAIN_RULE,
	  decode_node, NULL },
	{ OBJECT_NETWORK_POLICY, "networking.k8s.io", "v1", "extensions", true,
	  name_is_subdomain, NAME_SUBDOMAIN_RULE, decode_policy, decode_policy_stand_in },
};

static bool is_of_group(const char *api, const char *group)
{
	size_t length = strlen(group);

	if (length == 0)
		return !strchr(api, '/');
	return strncmp(api, group, length) == 0 && api[length] == '/';
}

static bool has_group(const char *api, const struct kind *kind)
{
	return is_of_group(api, kind->group) ||
	       (kind->old_group && is_of_group(api, kind->old_group));
}

/* "Service" or, of_list, "ServiceList" in the right API group. */
static const struct kind *find_kind(const struct heading *heading, bool of_list)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *name = object_kind_name(kinds[i].kind);
		size_t length = strlen(name);
		if (strncmp(heading->kind_text, name, length) == 0 &&
		    strcmp(heading->kind_text + length, of_list ? "List" : "") == 0 &&
		    has_group(heading->api, &kinds[i]))
			return &kinds[i];
	}
	return NULL;
}

/* "service" in the right API group: a slip of the shift key. */
static const char *find_respelled(const struct heading *heading)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *name = object_kind_name(kinds[i].kind);
		if (strcasecmp(heading->kind_text, name) == 0 &&
		    has_group(heading->api, &kinds[i]))
			return name;
	}
	return NULL;
}

static bool has_version(const struct heading *heading)
{
	const char *slash = strrchr(heading->api, '/');
	return is_of_group(heading->api, heading->kind->group) &&
	       strcmp(slash ? slash + 1 : heading->api, heading->kind->version) == 0;
}

void heading_complain_of_version(struct decode *decode, const struct field *node,
				 const struct kind *kind)
{
	struct field api = field_get(node, "apiVersion");

	field_complain(decode, &api, "is not a version that is read: use %s%s%s",
		       kind->group, *kind->group ? "/" : "", kind->version);
}

/* False: complained. */
static bool find_meaning(struct decode *decode, const struct field *node,
			 struct heading *heading)
{
	struct field kind_field = field_get(node, "kind");

	heading->kind = find_kind(heading, false);
	if (!heading->kind) {
		heading->kind = find_kind(heading, true);
		heading->is_list =
		    heading->kind || (strcmp(heading->kind_text, "List") == 0 &&
				      !strchr(heading->api, '/'));
	}
	const char *respelled =
	    heading->kind || heading->is_list ? NULL : find_respelled(heading);
	if (respelled) {
		field_complain(decode, &kind_field, "is not spelled right: write %s",
			       respelled);
		return false;
	}
	heading->is_unread_version = heading->kind && !has_version(heading);
	if (!heading->is_unread_version || !heading->is_list)
		return true;
	heading_complain_of_version(decode, node, heading->kind);
	return false;
}

bool heading_read(struct decode *decode, const struct field *node,
		  const struct kind *inherited, struct heading *ret_heading)
{
	struct field kind_field = field_get(node, "kind");
	struct field api_field = field_get(node, "apiVersion");
	struct heading heading = { .kind = inherited };

	if (!field_is_map(decode, node))
		return false;
	if (inherited && !kind_field.value) {
		*ret_heading = heading;
		return true;
	}
	heading.kind_text = field_text(decode, node, "kind");
	heading.api = field_text(decode, node, "apiVersion");
	if (!kind_field.value)
		field_complain(decode, &kind_field, "is missing: write kind: Service");
	if (!api_field.value)
		field_complain(decode, &api_field, "is missing: write apiVersion: v1");
	if (!heading.kind_text || !heading.api || position_is_faulty(kind_field.value) ||
	    position_is_faulty(api_field.value) || !find_meaning(decode, node, &heading))
		return false;
	*ret_heading = heading;
	return true;
}
