// SPDX-License-Identifier: BSD-2-Clause
/*
 * Documents, Lists and what all kinds have in common. There is no API server between a
 * manifest and Headgate, so this is the admission: what the API server would refuse is
 * refused here, with the place in the file. Unknown fields are no error (objects carry
 * many that Headgate does not read). Objects of kinds that it does not read are counted
 * and ignored, whatever is in them.
 *
 * An object with at least one error is refused: the sink is told which one it was, so that
 * its last good version can stay in force, or that it cannot be told.
 */
#include "decode.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "../lib/cleanup.h"
#include "heading.h"
#include "name.h"
#include "position.h"

#define ITEMS_LONGEST TREE_COLLECTIONS
#define UNKNOWN_MOST  1000U /* objects of a text that cannot be told */

struct reading {
	const struct decode_sink *sink;
	const struct tree *tree;
	struct complaints *complaints;
	struct unread *unread;
	size_t faults_told; /* or left out with what is ignored */
	unsigned unknown;   /* objects that cannot be told */
};

static bool precedes(const struct place *place, struct json_object *node)
{
	unsigned line = position_line(node);

	return !line || place->line < line ||
	       (place->line == line && place->column < position_column(node));
}

/* What is not told from other objects of its file. */
static const struct about in_file = { .kind = ABOUT_FILE };

/* The tree's next faults, so many of them, are of what is read. */
static void tell_faults(struct reading *reading, const struct about *read, size_t count)
{
	const struct complaints *faults = &reading->tree->faults;
	struct about about = *read;

	for (; count && reading->faults_told < faults->count; count--) {
		const struct complaint *fault = &faults->items[reading->faults_told++];
		about.cause = fault->about.cause;
		complain(reading->complaints, fault->level, &fault->place, &about, "%s",
			 fault->sentence);
	}
}

/* All faults of a node. */
static void tell_faults_of(struct reading *reading, struct decode *decode,
			   const struct field *node)
{
	unsigned count = position_faults(node->value);

	tell_faults(reading, &decode->about, count);
	if (position_is_faulty(node->value) && !count)
		field_complain(decode, node,
			       "has something that is not allowed, behind the first %u "
			       "such faults of the document, which are told: correct "
			       "those first",
			       TREE_FAULTS);
}

/* The faults in front of a node; how many. */
static size_t tell_faults_before(struct reading *reading, const struct about *read,
				 struct json_object *node)
{
	const struct complaints *faults = &reading->tree->faults;
	size_t count = 0;

	while (reading->faults_told + count < faults->count &&
	       precedes(&faults->items[reading->faults_told + count].place, node))
		count++;
	tell_faults(reading, read, count);
	return count;
}

static void free_object(struct object **place)
{
	object_free(*place);
}

/* Takes ownership. */
static int refuse(const struct reading *reading, struct object *object)
{
	if (reading->sink->refused)
		return reading->sink->refused(reading->sink->context, object);
	object_free(object);
	return 0;
}

/* An object, or what should be one, cannot be told. */
static int refuse_unknown(struct reading *reading, struct decode *decode,
			  const struct field *node)
{
	if (++reading->unknown <= UNKNOWN_MOST)
		return refuse(reading, NULL);
	/* The text is given up as a whole, whatever kinds those were of. */
	const struct place place = field_place(decode, node);
	complain(
	    reading->complaints, COMPLAINT_ERROR, &place, ABOUT_ITS_FILE(CAUSE_SYNTAX),
	    "is one of more than %u objects that cannot be told: is this a manifest?",
	    UNKNOWN_MOST);
	return -EBADMSG;
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
		       const struct heading *heading)
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
	tell_faults_of(reading, &decode, node);
	if (heading->is_unread_version)
		heading_complain_of_version(&decode, node, kind);
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
		return refuse_unknown(reading, &decode, node);
	if (decode.errors || is_faulty) {
		if (kind->stand_in)
			kind->stand_in(object, is_faulty);
		return refuse(reading, TAKE_PTR(object));
	}
	return reading->sink->object(reading->sink->context, TAKE_PTR(object));
}

static int read_node(struct reading *reading, const struct field *node,
		     const struct kind *inherited);

/*
 * Faults of the list itself may have hidden any object: it counts as one that cannot be
 * told, and its complaints are about the file, whatever its items are.
 */
static int read_items(struct reading *reading, struct decode *decode,
		      const struct field *list, const struct kind *inherited)
{
	struct field items = field_list(decode, list, "items", ITEMS_LONGEST);
	size_t last = reading->faults_told + position_faults(list->value);
	size_t faults = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < field_count(&items); i++) {
		struct field item = field_item(&items, i);
		if (item.value)
			faults += tell_faults_before(reading, &decode->about, item.value);
		r = read_node(reading, &item, inherited);
	}
	if (r < 0)
		return r;
	if (reading->faults_told < last) {
		faults += last - reading->faults_told;
		tell_faults(reading, &decode->about, last - reading->faults_told);
	}
	return decode->errors || faults ? refuse_unknown(reading, decode, list) : 0;
}

static int ignore(struct reading *reading, struct decode *decode,
		  const struct field *node, const struct heading *heading)
{
	struct field field = field_get(node, "kind");
	char kind[FIELD_SHOW], api[FIELD_SHOW];
	const struct unread_kind unread = {
		.kind = (char *)field_show(heading->kind_text, kind),
		.api = (char *)field_show(heading->api, api),
		.first = field_place(decode, &field),
		.count = 1,
	};

	reading->faults_told += position_faults(node->value);
	return unread_count(reading->unread, &unread);
}

static int read_node(struct reading *reading, const struct field *node,
		     const struct kind *inherited)
{
	struct decode decode = { .file = reading->tree->file,
				 .about = in_file,
				 .complaints = reading->complaints };
	struct heading heading;

	if (!heading_read(&decode, node, inherited, &heading)) {
		tell_faults_of(reading, &decode, node);
		return decode.out_of_memory ? -ENOMEM
					    : refuse_unknown(reading, &decode, node);
	}
	/* what an item is must not depend on its way into a list */
	struct field self = { .value = node->value };
	if (heading.is_list) {
		decode.about.word = "List";
		return read_items(reading, &decode, &self, heading.kind);
	}
	if (heading.kind)
		return read_object(reading, &self, &heading);
	return ignore(reading, &decode, &self, &heading);
}

static int read_document(void *context, const struct tree *tree)
{
	struct reading *reading = context;
	struct field root = { .value = tree->root };

	reading->tree = tree;
	reading->faults_told = 0;
	int r = tree->root ? read_node(reading, &root, NULL) : 0;
	if (r == 0) /* outside of any mapping or list */
		tell_faults(reading, &in_file, tree->faults.count);
	return r;
}

int decode_stream(const struct yaml_text *text, const struct decode_sink *sink,
		  struct complaints *complaints)
{
	struct unread unread CLEANUP(unread_clear) = { 0 };
	struct reading reading = { .sink = sink,
				   .complaints = complaints,
				   .unread = sink->unread ? sink->unread : &unread };
	int r = yaml_read(text, read_document, &reading, complaints);

	unread_complain(&unread, complaints);
	return r == 0 && complaints->out_of_memory ? -ENOMEM : r;
}
