// SPDX-License-Identifier: BSD-2-Clause
/*
 * libyaml events → json-c tree. JSON is YAML's subset and takes the same way.
 *
 * Two kinds of trouble:
 *  - a limit is exceeded: the reading ends with one complaint. A text of 100 kB of "["
 *    would otherwise keep libyaml busy for seconds;
 *  - a fault within the document (alias, anchor, merge key, duplicate or non-string key,
 *    foreign tag): the node is left out, the collections around it are marked faulty, the
 *    reading goes on. So one bad item of a List leaves the others readable and the
 *    object's name can still be told.
 *
 * Ownership: a collection belongs to its parent from its start on; only one that is left
 * out ("dropped") belongs to its frame.
 */
#include "tree.h"

#include <errno.h>
#include <string.h>
#include "../lib/cleanup.h"
#include "position.h"
#include "scalar.h"

static struct place place_of(const struct tree *tree, const yaml_mark_t *mark)
{
	return (struct place){ .file = (char *)tree->file,
			       .line = mark->line + 1,
			       .column = mark->column + 1 };
}

static struct tree_frame *top(struct tree *tree)
{
	return tree->depth ? &tree->frames[tree->depth - 1] : NULL;
}

/* The document has something that is not allowed, but can be read on. */
static void mark_fault(struct tree *tree)
{
	for (unsigned i = 0; i < tree->depth; i++)
		position_mark_faulty(tree->frames[i].node);
}

#define fault(tree, mark, ...)                                                           \
	do {                                                                             \
		struct place place_ = place_of(tree, mark);                              \
		complain(&(tree)->faults, COMPLAINT_ERROR, &place_,                      \
			 ABOUT_ITS_FILE(CAUSE_INVALID), __VA_ARGS__);                    \
		mark_fault(tree);                                                        \
	} while (0)

/* The text cannot be read on. */
#define refuse(tree, complaints, mark, ...)                                              \
	({                                                                               \
		struct place place_ = place_of(tree, mark);                              \
		complain(complaints, COMPLAINT_ERROR, &place_,                           \
			 ABOUT_ITS_FILE(CAUSE_SYNTAX), __VA_ARGS__);                     \
		-EBADMSG;                                                                \
	})

/* The next node is a key. */
static bool takes_key(struct tree *tree)
{
	struct tree_frame *frame = top(tree);
	return frame && json_object_is_type(frame->node, json_type_object) &&
	       !frame->key && !frame->drop_next;
}

/*
 * Put a node (NULL: null) in its place. Takes ownership; *ret_dropped says that the node
 * has no place in the tree and is the caller's again.
 */
static int attach(struct tree *tree, struct json_object *node, bool *ret_dropped)
{
	struct tree_frame *frame = top(tree);

	*ret_dropped = false;
	if (!frame) {
		tree->root = node;
		return 0;
	}
	if (frame->drop_next) {
		frame->drop_next = false;
		*ret_dropped = true;
		return 0;
	}
	int r;
	if (json_object_is_type(frame->node, json_type_array)) {
		r = json_object_array_add(frame->node, node);
	} else {
		_cleanup_free_ char *key = TAKE_PTR(frame->key);
		r = json_object_object_add(frame->node, key, node);
	}
	if (r < 0) {
		json_object_put(node);
		return -ENOMEM;
	}
	return 0;
}

static void refuse_anchor(struct tree *tree, const yaml_char_t *anchor,
			  const yaml_mark_t *mark)
{
	if (anchor)
		fault(tree, mark,
		      "anchor &%.40s is not allowed: write the value out where it is "
		      "needed",
		      (const char *)anchor);
}

static void expect_tag(struct tree *tree, const yaml_event_t *event,
		       const yaml_char_t *tag, const char *wanted)
{
	if (!tag || strcmp((const char *)tag, wanted) == 0 ||
	    strcmp((const char *)tag, "!") == 0)
		return;
	fault(tree, &event->start_mark, "tag %.80s is not allowed here: remove it",
	      (const char *)tag);
}

static int start_collection(struct tree *tree, const yaml_event_t *event,
			    struct json_object *node)
{
	if (!node)
		return -ENOMEM;
	position_set(node, event->start_mark.line + 1, event->start_mark.column + 1);
	bool is_key = takes_key(tree);
	bool dropped = is_key;
	if (is_key) {
		fault(tree, &event->start_mark,
		      "a mapping or list is not allowed as a key: use text");
	} else {
		int r = attach(tree, node, &dropped);
		if (r < 0)
			return r;
	}
	tree->frames[tree->depth++] =
	    (struct tree_frame){ .node = node, .dropped = dropped, .is_key = is_key };
	return 0;
}

static int read_start(struct tree *tree, const yaml_event_t *event,
		      struct complaints *complaints)
{
	bool is_map = event->type == YAML_MAPPING_START_EVENT;

	if (tree->depth == TREE_DEPTH)
		return refuse(tree, complaints, &event->start_mark,
			      "nested more than %u levels deep: flatten it", TREE_DEPTH);
	if (++tree->collections > TREE_COLLECTIONS)
		return refuse(tree, complaints, &event->start_mark,
			      "more than %u mappings and lists in one document: split it",
			      TREE_COLLECTIONS);
	/* Small arrays: the default of 32 slots costs 256 bytes per "[]". */
	int r = start_collection(tree, event,
				 is_map ? json_object_new_object()
					: json_object_new_array_ext(4));
	if (r < 0)
		return r;
	const yaml_char_t *anchor =
	    is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	refuse_anchor(tree, anchor, &event->start_mark);
	if (is_map)
		expect_tag(tree, event, event->data.mapping_start.tag, YAML_MAP_TAG);
	else
		expect_tag(tree, event, event->data.sequence_start.tag, YAML_SEQ_TAG);
	return 0;
}

static void read_end(struct tree *tree)
{
	struct tree_frame *frame = &tree->frames[--tree->depth];
	struct tree_frame *parent = top(tree);

	if (frame->is_key)
		parent->drop_next = true;
	if (frame->dropped)
		json_object_put(frame->node);
	frame->node = NULL;
}

/* The resolved value of a scalar; tags decide over the look of the text. */
static struct scalar resolve(struct tree *tree, const yaml_event_t *event)
{
	static const struct {
		const char *tag;
		enum scalar_type type;
	} tags[] = {
		{ YAML_NULL_TAG, SCALAR_NULL },
		{ YAML_BOOL_TAG, SCALAR_BOOL },
		{ YAML_INT_TAG, SCALAR_INT },
		{ YAML_FLOAT_TAG, SCALAR_FLOAT },
	};
	const char *text = (const char *)event->data.scalar.value;
	const char *tag = (const char *)event->data.scalar.tag;
	const struct scalar as_text = { SCALAR_TEXT, { 0 } };

	if (!tag)
		return event->data.scalar.plain_implicit ? scalar_resolve(text) : as_text;
	if (strcmp(tag, YAML_STR_TAG) == 0 || strcmp(tag, "!") == 0)
		return as_text;
	struct scalar scalar = scalar_resolve(text);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (strcmp(tag, tags[i].tag) == 0 && scalar.type == tags[i].type)
			return scalar;
	fault(tree, &event->start_mark, "tag %.80s is not allowed here: remove it", tag);
	return as_text;
}

static int read_key(struct tree *tree, const yaml_event_t *event)
{
	struct tree_frame *frame = &tree->frames[tree->depth - 1];
	const char *text = (const char *)event->data.scalar.value;

	if (event->data.scalar.plain_implicit && strcmp(text, "<<") == 0) {
		fault(tree, &event->start_mark,
		      "merge key << is not allowed: write the keys out");
		frame->drop_next = true;
		return 0;
	}
	if (resolve(tree, event).type != SCALAR_TEXT) {
		fault(tree, &event->start_mark, "key %.40s is not text: put it in quotes",
		      *text ? text : "(empty)");
		frame->drop_next = true;
		return 0;
	}
	struct json_object *first = NULL;
	if (json_object_object_get_ex(frame->node, text, &first)) {
		unsigned line = position_line(first ? first : frame->node);
		fault(tree, &event->start_mark,
		      "key \"%.80s\" is given twice (first value at line %u): remove one",
		      text, line);
		frame->drop_next = true;
		return 0;
	}
	frame->key = strdup(text);
	return frame->key ? 0 : -ENOMEM;
}

static struct json_object *new_value(const yaml_event_t *event,
				     const struct scalar *scalar)
{
	switch (scalar->type) {
	case SCALAR_BOOL:
		return json_object_new_boolean(scalar->truth);
	case SCALAR_INT:
		return json_object_new_int64(scalar->number);
	case SCALAR_FLOAT:
		return json_object_new_double(scalar->real);
	default:
		return json_object_new_string_len((const char *)event->data.scalar.value,
						  event->data.scalar.length);
	}
}

static int read_scalar(struct tree *tree, const yaml_event_t *event)
{
	const yaml_mark_t *mark = &event->start_mark;

	refuse_anchor(tree, event->data.scalar.anchor, mark);
	if (strlen((const char *)event->data.scalar.value) != event->data.scalar.length)
		fault(tree, mark, "text with a NUL character is not allowed: remove it");
	if (takes_key(tree))
		return read_key(tree, event);

	struct scalar scalar = resolve(tree, event);
	struct json_object *node = NULL;
	if (scalar.type != SCALAR_NULL) {
		node = new_value(event, &scalar);
		if (!node)
			return -ENOMEM;
		position_set(node, mark->line + 1, mark->column + 1);
	}
	bool dropped;
	int r = attach(tree, node, &dropped);
	if (r < 0)
		return r;
	if (dropped)
		json_object_put(node);
	return 0;
}

static int read_alias(struct tree *tree, const yaml_event_t *event)
{
	bool as_key = takes_key(tree);
	bool dropped;

	fault(tree, &event->start_mark,
	      "alias *%.40s is not allowed: write the value out here",
	      (const char *)event->data.alias.anchor);
	if (as_key) {
		top(tree)->drop_next = true;
		return 0;
	}
	return attach(tree, NULL, &dropped);
}

void tree_clear(struct tree *tree)
{
	while (tree->depth) {
		struct tree_frame *frame = &tree->frames[--tree->depth];
		free(frame->key);
		if (frame->dropped)
			json_object_put(frame->node);
	}
	json_object_put(TAKE_PTR(tree->root));
	complaints_clear(&tree->faults);
	tree->collections = 0;
}

int tree_add(struct tree *tree, const yaml_event_t *event, struct complaints *complaints)
{
	if (tree->faults.count >= TREE_FAULTS)
		return refuse(tree, complaints, &event->start_mark,
			      "more than %u faults in one document: is this a manifest?",
			      TREE_FAULTS);
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(tree, event);
	case YAML_ALIAS_EVENT:
		return read_alias(tree, event);
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return read_start(tree, event, complaints);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		read_end(tree);
		return 0;
	default:
		return 0;
	}
}
