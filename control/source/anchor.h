/* SPDX-License-Identifier: BSD-2-Clause */
/* Anchors of a YAML document: the values that its aliases stand for. */
#ifndef SOURCE_ANCHOR_H
#define SOURCE_ANCHOR_H

#include <json-c/json.h>
#include <stdbool.h>

struct anchor {
	struct json_object *node; /* NULL: null */
	unsigned values; /* in it, itself and what its aliases stand for included */
	unsigned height; /* levels of mappings and lists, 0 of a scalar */
	bool is_open;	 /* its collection has not ended: it cannot contain itself */
	char name[];
};

struct anchors {
	struct lh_table *table; /* NULL: none yet */
};

/*
 * The value of this name from here on; an earlier one is forgotten. Takes a reference of
 * its own. NULL: out of memory. The result is valid until anchors_clear().
 */
struct anchor *anchors_set(struct anchors *anchors, const char *name,
			   struct json_object *node);
/* NULL: there is none. */
const struct anchor *anchors_find(const struct anchors *anchors, const char *name);
void anchors_clear(struct anchors *anchors);

#endif
