// SPDX-License-Identifier: BSD-2-Clause
/* Where the next node of a tree belongs, and what is said of one that does not. */
#include "tree_state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include "../lib/cleanup.h"
#include "merge.h"
#include "position.h"

static struct place place_of(const struct tree *tree, const yaml_mark_t *mark)
{
	return (struct place){ .file = (char *)tree->file,
			       .line = mark->line + 1,
			       .column = mark->column + 1 };
}

static void tell(struct complaints *complaints, const struct place *place,
		 enum cause cause, const char *format, va_list arguments)
{
	_cleanup_free_ char *sentence = NULL;

	if (vasprintf(&sentence, format, arguments) < 0) {
		sentence = NULL;
		complaints->out_of_memory = true;
		return;
	}
	complain(complaints, COMPLAINT_ERROR, place, ABOUT_ITS_FILE(cause), "%s",
		 sentence);
}

void tree_fault(struct tree *tree, const yaml_mark_t *mark, const char *format, ...)
{
	const struct place place = place_of(tree, mark);
	size_t told = tree->faults.count;
	va_list arguments;

	va_start(arguments, format);
	if (told < TREE_FAULTS)
		tell(&tree->faults, &place, CAUSE_INVALID, format, arguments);
	va_end(arguments);
	tree->fault_count++;
	for (unsigned i = 0; i < tree->depth; i++) {
		position_mark_faulty(tree->frames[i].node);
		if (tree->faults.count != told)
			position_count_fault(tree->frames[i].node);
	}
}

int tree_refuse(const struct tree *tree, struct complaints *complaints,
		const yaml_mark_t *mark, const char *format, ...)
{
	const struct place place = place_of(tree, mark);
	va_list arguments;

	va_start(arguments, format);
	tell(complaints, &place, CAUSE_SYNTAX, format, arguments);
	va_end(arguments);
	return -EBADMSG;
}

struct tree_frame *tree_top(struct tree *tree)
{
	return tree->depth ? &tree->frames[tree->depth - 1] : NULL;
}

bool tree_takes_key(struct tree *tree)
{
	struct tree_frame *frame = tree_top(tree);
	return frame && json_object_is_type(frame->node, json_type_object) &&
	       !frame->key && frame->next == TREE_PLACE;
}

int tree_count_values(struct tree *tree, const yaml_mark_t *mark, size_t count,
		      struct complaints *complaints)
{
	tree->values += count;
	if (tree->values <= TREE_VALUES)
		return 0;
	return tree_refuse(
	    tree, complaints, mark,
	    "more than %u values in one document (what an alias stands for "
	    "counts each time): split it",
	    TREE_VALUES);
}

void tree_raise_height(struct tree *tree, unsigned height)
{
	struct tree_frame *frame = tree_top(tree);

	if (frame && frame->height < height)
		frame->height = height;
}

/*
 * It takes effect when the mapping is complete. A key in front of it that both have is
 * refused: YAML says that the own one wins, kubectl's reader lets the merged one win.
 */
void tree_take_merge(struct tree *tree, const yaml_mark_t *mark,
		     struct json_object *value)
{
	struct tree_frame *frame = tree_top(tree);
	struct json_object *own = NULL;

	frame->next = TREE_PLACE;
	if (!merge_is_fit(value)) {
		tree_fault(
		    tree, mark,
		    "merge key << needs a mapping or a list of mappings: give it one");
		return;
	}
	const char *key = merge_shared_key(frame->node, value);
	if (!key) {
		frame->merge = json_object_get(value);
		return;
	}
	tree_fault(tree, mark,
		   "key \"%.80s\" comes from << too, and readers do not agree on which "
		   "one holds: write << in front of it",
		   key);
	json_object_object_get_ex(frame->node, key, &own);
	position_mark_faulty(own);
}

int tree_attach(struct tree *tree, const yaml_mark_t *mark, struct json_object *node,
		bool *ret_dropped)
{
	struct tree_frame *frame = tree_top(tree);

	*ret_dropped = false;
	if (!frame) {
		tree->root = node;
		return 0;
	}
	if (frame->next != TREE_PLACE) {
		if (frame->next == TREE_MERGE)
			tree_take_merge(tree, mark, node);
		frame->next = TREE_PLACE;
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

int tree_place(struct tree *tree, const yaml_mark_t *mark, struct json_object *node)
{
	bool dropped;
	int r = tree_attach(tree, mark, node, &dropped);

	if (r == 0 && dropped)
		json_object_put(node);
	return r;
}
