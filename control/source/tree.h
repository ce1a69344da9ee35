/* SPDX-License-Identifier: BSD-2-Clause */
/* One YAML document as a json-c tree, built event by event. */
#ifndef SOURCE_TREE_H
#define SOURCE_TREE_H

#include <json-c/json.h>
#include <yaml.h>
#include "../lib/complaint.h"

#define TREE_DEPTH	 64U	 /* deepest nesting of mappings and lists */
#define TREE_COLLECTIONS 262144U /* mappings and lists in one document */
#define TREE_FAULTS	 256U	 /* faults told of one document */

struct tree_frame {
	struct json_object *node;
	char *key;	/* mapping: the key whose value comes next */
	bool drop_next; /* mapping: the value that comes next is left out */
	bool dropped;	/* not in the tree: this frame owns the node */
	bool is_key;	/* stands where a key should */
};

struct tree {
	const char *file;
	struct json_object *root; /* NULL: empty document */
	/* What is not allowed in it, in the order of the text. The nodes around each one
	 * are marked: position_is_faulty(). */
	struct complaints faults;
	struct tree_frame frames[TREE_DEPTH]; /* open collections, outermost first */
	unsigned depth;
	unsigned collections;
};

/*
 * Take the next event of a document. 0, -ENOMEM, or -EBADMSG with an error complaint when
 * a limit is exceeded: the text is then not to be read on.
 */
int tree_add(struct tree *tree, const yaml_event_t *event, struct complaints *complaints);
/* Forget the document; the tree may be used again. */
void tree_clear(struct tree *tree);

#endif
