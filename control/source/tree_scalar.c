// SPDX-License-Identifier: BSD-2-Clause
/* Scalars of a tree: keys and values. */
#include "tree_state.h"

#include <errno.h>
#include <string.h>
#include "position.h"
#include "scalar.h"

/* Text of this length, alone or as often as aliases repeat it, is one value more. */
#define TEXT_OF_A_VALUE 64

static size_t count_values(const yaml_event_t *event)
{
	return 1 + event->data.scalar.length / TEXT_OF_A_VALUE;
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
	if (strcmp(tag, YAML_FLOAT_TAG) == 0 && scalar.type == SCALAR_INT)
		return scalar;
	tree_fault(tree, &event->start_mark, "tag %.80s is not allowed here: remove it",
		   tag);
	return as_text;
}

/* Another value for a key: neither can be relied on. */
static void refuse_twice(struct tree *tree, const yaml_event_t *event,
			 struct json_object *first)
{
	struct tree_frame *frame = tree_top(tree);

	tree_fault(tree, &event->start_mark,
		   "key \"%.80s\" is given twice (first value at line %u): remove one",
		   (const char *)event->data.scalar.value,
		   position_line(first ? first : frame->node));
	position_mark_faulty(first);
	frame->next = TREE_DROP;
}

static int read_key(struct tree *tree, const yaml_event_t *event)
{
	struct tree_frame *frame = tree_top(tree);
	const char *text = (const char *)event->data.scalar.value;
	struct json_object *first = NULL;

	if (event->data.scalar.anchor)
		tree_fault(tree, &event->start_mark,
			   "anchor &%.40s is not allowed at a key: remove it",
			   (const char *)event->data.scalar.anchor);
	if (event->data.scalar.plain_implicit && strcmp(text, "<<") == 0) {
		if (frame->merge)
			refuse_twice(tree, event, frame->merge);
		else
			frame->next = TREE_MERGE;
		return 0;
	}
	if (resolve(tree, event).type != SCALAR_TEXT) {
		tree_fault(tree, &event->start_mark,
			   "key %.40s is not text: put it in quotes",
			   *text ? text : "(empty)");
		frame->next = TREE_DROP;
		return 0;
	}
	if (json_object_object_get_ex(frame->node, text, &first)) {
		refuse_twice(tree, event, first);
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

static int read_value(struct tree *tree, const yaml_event_t *event)
{
	const yaml_mark_t *mark = &event->start_mark;
	const char *anchor = (const char *)event->data.scalar.anchor;
	unsigned faults = tree->fault_count;
	struct scalar scalar = resolve(tree, event);
	struct json_object *node = NULL;

	if (scalar.type != SCALAR_NULL) {
		node = new_value(event, &scalar);
		if (!node)
			return -ENOMEM;
		position_set(node, mark->line + 1, mark->column + 1);
		if (tree->fault_count != faults)
			position_mark_faulty(node);
	}
	struct anchor *set = anchor ? anchors_set(&tree->anchors, anchor, node) : NULL;
	if (anchor && !set) {
		json_object_put(node);
		return -ENOMEM;
	}
	if (set)
		set->values = count_values(event);
	return tree_place(tree, mark, node);
}

int tree_read_scalar(struct tree *tree, const yaml_event_t *event,
		     struct complaints *complaints)
{
	int r =
	    tree_count_values(tree, &event->start_mark, count_values(event), complaints);

	if (r < 0)
		return r;
	if (strlen((const char *)event->data.scalar.value) != event->data.scalar.length)
		tree_fault(tree, &event->start_mark,
			   "text with a NUL character is not allowed: remove it");
	return tree_takes_key(tree) ? read_key(tree, event) : read_value(tree, event);
}
