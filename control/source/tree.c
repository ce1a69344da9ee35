// SPDX-License-Identifier: BSD-2-Clause
/*
 * libyaml events → json-c tree. JSON is YAML's subset and takes the same way.
 *
 * Two kinds of trouble:
 *  - a limit is exceeded: the reading ends with one complaint. A text of 100 kB of "["
 *    would otherwise keep libyaml busy for seconds;
 *  - a fault within the document (duplicate or non-string key, foreign tag, alias of
 *    nothing): the node is left out, the collections around it are marked faulty, the
 *    reading goes on. So one bad item of a List leaves the others readable, the object's
 *    name can still be told, and an object of a kind that is not read does no harm.
 *
 * An alias shares the node of its anchor. So that few lines cannot stand for endless work,
 * what it stands for counts each time, and is as deep as if it were written out.
 *
 * Ownership: a collection belongs to its parent from its start on; only one that has no
 * place in the tree belongs to its frame.
 */
#include "tree_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/cleanup.h"
#include "merge.h"
#include "position.h"

static void expect_tag(struct tree *tree, const yaml_event_t *event,
		       const yaml_char_t *tag, const char *wanted)
{
	if (!tag || strcmp((const char *)tag, wanted) == 0 ||
	    strcmp((const char *)tag, "!") == 0)
		return;
	tree_fault(tree, &event->start_mark, "tag %.80s is not allowed here: remove it",
		   (const char *)tag);
}

/* Put a collection that begins in its place, or say in its frame why it has none. */
static int place_collection(struct tree *tree, const yaml_event_t *event,
			    struct json_object *node, struct tree_frame *frame)
{
	struct tree_frame *parent = tree_top(tree);

	frame->is_key = tree_takes_key(tree);
	if (frame->is_key) {
		tree_fault(tree, &event->start_mark,
			   "a mapping or list is not allowed as a key: use text");
		frame->dropped = true;
		return 0;
	}
	if (parent && parent->next == TREE_MERGE) {
		frame->is_merge = frame->dropped = true;
		return 0;
	}
	return tree_attach(tree, &event->start_mark, node, &frame->dropped);
}

static int start_collection(struct tree *tree, const yaml_event_t *event,
			    struct json_object *node, const yaml_char_t *anchor)
{
	struct tree_frame frame = { .node = node, .first_value = tree->values };

	if (!node)
		return -ENOMEM;
	position_set(node, event->start_mark.line + 1, event->start_mark.column + 1);
	int r = place_collection(tree, event, node, &frame);
	if (r < 0)
		return r;
	if (anchor && !frame.is_key) {
		frame.anchor = anchors_set(&tree->anchors, (const char *)anchor, node);
		if (frame.anchor)
			frame.anchor->is_open = true;
	}
	tree->frames[tree->depth++] = frame;
	return anchor && !frame.is_key && !frame.anchor ? -ENOMEM : 0;
}

static int read_start(struct tree *tree, const yaml_event_t *event,
		      struct complaints *complaints)
{
	bool is_map = event->type == YAML_MAPPING_START_EVENT;

	if (tree->depth == TREE_DEPTH)
		return tree_refuse(tree, complaints, &event->start_mark,
				   "nested more than %u levels deep: flatten it",
				   TREE_DEPTH);
	if (++tree->collections > TREE_COLLECTIONS)
		return tree_refuse(
		    tree, complaints, &event->start_mark,
		    "more than %u mappings and lists in one document: split it",
		    TREE_COLLECTIONS);
	/* Small arrays: the default of 32 slots costs 256 bytes per "[]". */
	int r = start_collection(
	    tree, event, is_map ? json_object_new_object() : json_object_new_array_ext(4),
	    is_map ? event->data.mapping_start.anchor
		   : event->data.sequence_start.anchor);
	if (r < 0)
		return r;
	if (is_map)
		expect_tag(tree, event, event->data.mapping_start.tag, YAML_MAP_TAG);
	else
		expect_tag(tree, event, event->data.sequence_start.tag, YAML_SEQ_TAG);
	return tree_count_values(tree, &event->start_mark, 1, complaints);
}

static int read_end(struct tree *tree)
{
	struct tree_frame frame = tree->frames[--tree->depth];
	struct tree_frame *parent = tree_top(tree);
	int r = frame.merge ? merge_into(frame.node, frame.merge) : 0;

	json_object_put(frame.merge);
	/* unless the name stands for another value by now */
	if (frame.anchor && frame.anchor->node == frame.node) {
		frame.anchor->is_open = false;
		frame.anchor->height = frame.height + 1;
		frame.anchor->values = tree->values - frame.first_value;
	}
	tree_raise_height(tree, frame.height + 1);
	if (frame.is_key)
		parent->next = TREE_DROP;
	if (frame.is_merge) {
		const yaml_mark_t mark = { .line = position_line(frame.node) - 1,
					   .column = position_column(frame.node) - 1 };
		tree_take_merge(tree, &mark, frame.node);
	}
	if (frame.dropped)
		json_object_put(frame.node);
	return r;
}

/* Why an alias stands for nothing; NULL: it does not. */
static const char *find_alias_problem(struct tree *tree, const struct anchor *anchor)
{
	if (tree_takes_key(tree))
		return "is not allowed as a key: write the key out";
	if (!anchor)
		return "has no anchor before it: write the value out here";
	if (anchor->is_open)
		return "stands within its own anchor: write the value out here";
	if (position_is_faulty(anchor->node))
		return "stands for a value with a fault: correct that one";
	return NULL;
}

static int read_alias(struct tree *tree, const yaml_event_t *event,
		      struct complaints *complaints)
{
	const char *name = (const char *)event->data.alias.anchor;
	const struct anchor *anchor = anchors_find(&tree->anchors, name);
	const char *problem = find_alias_problem(tree, anchor);

	if (problem) {
		tree_fault(tree, &event->start_mark, "alias *%.40s %s", name, problem);
		if (!tree_takes_key(tree))
			return tree_place(tree, &event->start_mark, NULL);
		tree_top(tree)->next = TREE_DROP;
		return 0;
	}
	if (tree->depth + anchor->height > TREE_DEPTH)
		return tree_refuse(tree, complaints, &event->start_mark,
				   "nested more than %u levels deep: flatten it",
				   TREE_DEPTH);
	tree_raise_height(tree, anchor->height);
	int r = tree_count_values(tree, &event->start_mark, anchor->values, complaints);
	if (r < 0)
		return r;
	return tree_place(tree, &event->start_mark, json_object_get(anchor->node));
}

void tree_clear(struct tree *tree)
{
	while (tree->depth) {
		struct tree_frame *frame = &tree->frames[--tree->depth];
		free(frame->key);
		json_object_put(frame->merge);
		if (frame->dropped)
			json_object_put(frame->node);
	}
	json_object_put(TAKE_PTR(tree->root));
	anchors_clear(&tree->anchors);
	complaints_clear(&tree->faults);
	tree->collections = tree->values = tree->fault_count = 0;
}

int tree_add(struct tree *tree, const yaml_event_t *event, struct complaints *complaints)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return tree_read_scalar(tree, event, complaints);
	case YAML_ALIAS_EVENT:
		return read_alias(tree, event, complaints);
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return read_start(tree, event, complaints);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return read_end(tree);
	default:
		return 0;
	}
}
