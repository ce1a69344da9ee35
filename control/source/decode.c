// SPDX-License-Identifier: BSD-2-Clause
/*
 * Documents, Lists and what all kinds have in common. There is no API server between a
 * manifest and Headgate, so this is the admission: what the API server would refuse is
 * refused here, with the place in the file. Unknown fields are no error (objects carry
 * many that Headgate does not read), and kinds that it does not read are named once each
 * and ignored.
 *
 * An object with at least one error is refused: the sink is told which one it was, so that
 * its last good version can stay in force, or that it cannot be told.
 */
#include "decode.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "../lib/cleanup.h"
#include "name.h"
#include "position.h"

#define ITEMS_LONGEST TREE_COLLECTIONS

static const struct kind {
	enum object_kind kind;
	const char *group, *version;
	const char *old_group; /* that it had in versions of old; NULL: none */
	bool namespaced;
	bool (*is_name)(const char *text);
	const char *name_rule;
	void (*decode)(struct decode *decode, const struct field *root,
		       struct object *object);
	/* turns an invalid one into what is in force when it has no good version */
	void (*stand_in)(struct object *object, bool is_faulty);
} kinds[] = {
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

struct reading {
	const struct decode_sink *sink;
	const struct tree *tree;
	struct complaints *complaints;
	size_t faults_told;
};

/* What stands in a node: a kind that is read, a list of nodes, or neither. */
struct heading {
	const char *kind_text;
	const char *api;
	const struct kind *kind;
	bool is_list;		/* kind: of its items that do not name one */
	bool is_unread_version; /* of an object, not of a list */
};

static bool precedes(const struct place *place, struct json_object *node)
{
	unsigned line = position_line(node);

	return !line || place->line < line ||
	       (place->line == line && place->column < position_column(node));
}

/* What is not told from other objects of its file. */
static const struct about in_file = { .kind = ABOUT_FILE };

/* Faults of the tree in front of `next` (NULL: all) are of what is read. */
static void tell_faults(struct reading *reading, const struct about *read,
			struct json_object *next)
{
	const struct complaints *faults = &reading->tree->faults;
	struct about about = *read;

	for (; reading->faults_told < faults->count; reading->faults_told++) {
		const struct complaint *fault = &faults->items[reading->faults_told];
		if (next && !precedes(&fault->place, next))
			return;
		about.cause = fault->about.cause;
		complain(reading->complaints, fault->level, &fault->place, &about, "%s",
			 fault->sentence);
	}
}

static void free_object(struct object **place)
{
	object_free(*place);
}

/* Takes ownership. NULL: an object that cannot be told. */
static int refuse(const struct reading *reading, struct object *object)
{
	if (reading->sink->refused)
		return reading->sink->refused(reading->sink->context, object);
	object_free(object);
	return 0;
}

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

static void complain_of_version(struct decode *decode, const struct field *node,
				const struct kind *kind)
{
	struct field api = field_get(node, "apiVersion");

	field_complain(decode, &api, "is not a version that is read: use %s%s%s",
		       kind->group, *kind->group ? "/" : "", kind->version);
}

/* kind and apiVersion. False: complained, the node cannot be told. */
static bool read_heading(struct decode *decode, const struct field *node,
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
	if (!heading.kind_text || !heading.api)
		return false;
	heading.kind = find_kind(&heading, false);
	if (!heading.kind) {
		heading.kind = find_kind(&heading, true);
		heading.is_list =
		    heading.kind ||
		    (strcmp(heading.kind_text, "List") == 0 && !strchr(heading.api, '/'));
	}
	const char *respelled =
	    heading.kind || heading.is_list ? NULL : find_respelled(&heading);
	if (respelled) {
		field_complain(decode, &kind_field, "is not spelled right: write %s",
			       respelled);
		return false;
	}
	heading.is_unread_version = heading.kind && !has_version(&heading);
	if (heading.is_unread_version && heading.is_list) {
		complain_of_version(decode, node, heading.kind);
		return false;
	}
	*ret_heading = heading;
	return true;
}

static void check_name(struct decode *decode, const struct field *parent, const char *key,
		       const struct kind *kind)
{
	struct field field = field_get(parent, key);
	const char *text = field_text(decode, parent, key);
	bool is_namespace = strcmp(key, "namespace") == 0;
	char shown[FIELD_SHOW];

	if (text && !(is_namespace ? name_is_label : kind->is_name)(text))
		field_complain(decode, &field, "\"%s\" is not allowed: %s",
			       field_show(text, shown),
			       is_namespace ? NAME_LABEL_RULE : kind->name_rule);
	else if (!field.value && !is_namespace)
		field_complain(decode, &field, "is missing: give the object a name");
}

/* True when namespace and name can be relied on. */
static bool read_metadata(struct decode *decode, const struct field *root,
			  const struct kind *kind, struct object *object)
{
	struct field metadata = field_map(decode, root, "metadata");
	unsigned errors = decode->errors;

	check_name(decode, &metadata, "name", kind);
	if (kind->namespaced)
		check_name(decode, &metadata, "namespace", kind);
	bool known = decode->errors == errors && metadata.value;
	const char *name = known ? field_text(decode, &metadata, "name") : NULL;
	const char *space =
	    known && kind->namespaced ? field_text(decode, &metadata, "namespace") : NULL;
	object->name = decode_strdup(decode, name ? name : "");
	object->namespace = decode_strdup(decode, space		     ? space
						  : kind->namespaced ? "default"
								     : "");
	return known;
}

/* Of all others, what labels say is read by now. */
static bool is_selected_by_labels(enum object_kind kind)
{
	return kind == OBJECT_POD || kind == OBJECT_NAMESPACE;
}

static int read_object(struct reading *reading, const struct field *node,
		       const struct heading *heading, struct json_object *next)
{
	const struct kind *kind = heading->kind;
	struct decode decode = { .file = reading->tree->file,
				 .about = object_about_named(kind->kind, NULL, NULL,
							     CAUSE_OTHER),
				 .complaints = reading->complaints };
	struct object *object CLEANUP(free_object) = object_new(kind->kind);

	if (!object)
		return -ENOMEM;
	struct place place = field_place(&decode, node);
	place_copy(&place, &object->place);
	bool known = read_metadata(&decode, node, kind, object);
	if (known && !decode.out_of_memory) /* complaints from here on name it */
		decode.about = object_about(object, CAUSE_OTHER);
	tell_faults(reading, &decode.about, next);
	if (heading->is_unread_version)
		complain_of_version(&decode, node, kind);
	decode_labels(&decode, node, object);
	/* Of another version only what stands in for it is of use. */
	if (!decode.out_of_memory && (!heading->is_unread_version || kind->stand_in))
		kind->decode(&decode, node, object);
	if (!is_selected_by_labels(kind->kind))
		object_drop_labels(object);
	if (decode.out_of_memory || (place.file && !object->place.file))
		return -ENOMEM;
	bool is_faulty = position_is_faulty(node->value);
	if ((decode.errors || is_faulty) && !known)
		return refuse(reading, NULL);
	if (decode.errors || is_faulty) {
		if (kind->stand_in)
			kind->stand_in(object, is_faulty);
		return refuse(reading, TAKE_PTR(object));
	}
	return reading->sink->object(reading->sink->context, TAKE_PTR(object));
}

static int read_node(struct reading *reading, const struct field *node,
		     const struct kind *inherited, struct json_object *next);

static int read_items(struct reading *reading, struct decode *decode,
		      const struct field *list, const struct kind *inherited,
		      struct json_object *next)
{
	struct field items = field_list(decode, list, "items", ITEMS_LONGEST);
	size_t count = field_count(&items);
	int r = 0;

	if (decode->errors) {
		tell_faults(reading, &decode->about, next);
		return refuse(reading, NULL);
	}
	if (count)
		tell_faults(reading, &decode->about,
			    json_object_array_get_idx(items.value, 0));
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct field item = field_item(&items, i);
		struct json_object *after =
		    i + 1 < count ? json_object_array_get_idx(items.value, i + 1) : next;
		r = read_node(reading, &item, inherited, after);
	}
	return r;
}

static int read_node(struct reading *reading, const struct field *node,
		     const struct kind *inherited, struct json_object *next)
{
	struct decode decode = { .file = reading->tree->file,
				 .about = in_file,
				 .complaints = reading->complaints };
	struct heading heading;
	char shown[2][FIELD_SHOW];

	if (!read_heading(&decode, node, inherited, &heading)) {
		tell_faults(reading, &in_file, next);
		return decode.out_of_memory ? -ENOMEM : refuse(reading, NULL);
	}
	/* what an item is must not depend on its way into a list */
	struct field self = { .value = node->value };
	if (heading.is_list) {
		decode.about.word = "List";
		return read_items(reading, &decode, &self, heading.kind, next);
	}
	if (heading.kind)
		return read_object(reading, &self, &heading, next);
	struct field kind = field_get(&self, "kind");
	field_warn(&decode, &kind,
		   "%s (%s) is not read by Headgate and is ignored: "
		   "remove it if that is not meant",
		   field_show(heading.kind_text, shown[0]),
		   field_show(heading.api, shown[1]));
	tell_faults(reading, &in_file, next);
	return decode.out_of_memory ? -ENOMEM : 0;
}

static int read_document(void *context, const struct tree *tree)
{
	struct reading reading = *(struct reading *)context;
	struct field root = { .value = tree->root };

	reading.tree = tree;
	int r = tree->root ? read_node(&reading, &root, NULL, NULL) : 0;
	if (r == 0)
		tell_faults(&reading, &in_file, NULL);
	return r;
}

int decode_stream(const struct yaml_text *text, const struct decode_sink *sink,
		  struct complaints *complaints)
{
	struct reading reading = { .sink = sink, .complaints = complaints };
	int r = yaml_read(text, read_document, &reading, complaints);
	return r == 0 && complaints->out_of_memory ? -ENOMEM : r;
}
