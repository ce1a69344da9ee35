/* SPDX-License-Identifier: BSD-2-Clause */
/* One YAML document as a json-c tree, built event by event. */
#ifndef SOURCE_TREE_H
#define SOURCE_TREE_H

#include <json-c/json.h>
#include <yaml.h>
#include "../lib/complaint.h"
#include "anchor.h"

#define TREE_DEPTH	 128U	  /* deepest nesting of mappings and lists */
#define TREE_COLLECTIONS 262144U  /* mappings and lists in one document */
#define TREE_VALUES	 1048576U /* values in it, what aliases stand for each time */
#define TREE_FAULTS	 256U	  /* faults told of one document */

/* What becomes of the node that comes next. */
enum tree_next {
	TREE_PLACE, /* it has its place in the collection */
	TREE_DROP,  /* mapping: the value is left out */
	TREE_MERGE, /* mapping: it is the value of a merge key */
};

struct tree_frame {
	struct json_object *node;
	char *key; /* mapping: the key whose value comes next */
	enum tree_next next;
	bool dropped;		   /* not in the tree: this frame owns the node */
	bool is_key;		   /* stands where a key should */
	bool is_merge;		   /* is the value of a merge key */
	struct json_object *merge; /* mapping: what its merge key brings, owned */
	struct anchor *anchor;	   /* its own, NULL: none */
	unsigned first_value;	   /* values before it */
	unsigned height;	   /* levels within it */
};

struct tree {
	const char *file;
	struct json_object *root; /* NULL: empty document */
	/* What is not allowed in it, in the order of the text, the first TREE_FAULTS. The
	 * nodes around each one are marked: position_is_faulty(), position_faults(). */
	struct complaints faults;
	unsigned fault_count; /* told or not */
	struct anchors anchors;
	struct tree_frame frames[TREE_DEPTH]; /* open collections, outermost first */
	unsigned depth;
	unsigned collections;
	size_t values;
};

/*
 * Take the next event of a document. 0, -ENOMEM, or -EBADMSG with an error complaint when
 * a limit is exceeded: the text is then not to be read on.
 */
int tree_add(struct tree *tree, const yaml_event_t *event, struct complaints *complaints);
/* Forget the document; the tree may be used again. */
void tree_clear(struct tree *tree);

#endif
