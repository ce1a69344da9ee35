/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the tree's making share; for tree*.c only. */
#ifndef SOURCE_TREE_STATE_H
#define SOURCE_TREE_STATE_H

#include "tree.h"

/* The document has something that is not allowed, but can be read on. */
void tree_fault(struct tree *tree, const yaml_mark_t *mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The text cannot be read on: -EBADMSG. */
int tree_refuse(const struct tree *tree, struct complaints *complaints,
		const yaml_mark_t *mark, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The innermost open collection, NULL outside of all. */
struct tree_frame *tree_top(struct tree *tree);
/* The next node is a key. */
bool tree_takes_key(struct tree *tree);
/* So many values more; 0 or -EBADMSG. */
int tree_count_values(struct tree *tree, const yaml_mark_t *mark, size_t count,
		      struct complaints *complaints);
/* Something of so many levels stands in the innermost collection. */
void tree_raise_height(struct tree *tree, unsigned height);

/*
 * Put a node (NULL: null) in its place. Takes ownership; *ret_dropped says that the node
 * has no place in the tree and is the caller's again.
 */
int tree_attach(struct tree *tree, const yaml_mark_t *mark, struct json_object *node,
		bool *ret_dropped);
/* The same for a node that is complete: it is freed when it has no place. */
int tree_place(struct tree *tree, const yaml_mark_t *mark, struct json_object *node);
/* The complete value of the merge key of the innermost collection. */
void tree_take_merge(struct tree *tree, const yaml_mark_t *mark,
		     struct json_object *value);

int tree_read_scalar(struct tree *tree, const yaml_event_t *event,
		     struct complaints *complaints);

#endif
