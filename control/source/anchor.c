// SPDX-License-Identifier: BSD-2-Clause
#include "anchor.h"

#include <stdlib.h>
#include <string.h>
#include "../lib/cleanup.h"

#define FIRST_SIZE 16 /* grows by itself */

static void free_entry(struct lh_entry *entry)
{
	struct anchor *anchor = (struct anchor *)lh_entry_v(entry);

	json_object_put(anchor->node);
	free(anchor);
}

static struct anchor *find(const struct anchors *anchors, const char *name)
{
	void *found = NULL;

	if (anchors->table)
		lh_table_lookup_ex(anchors->table, name, &found);
	return found;
}

static struct anchor *add(struct anchors *anchors, const char *name)
{
	size_t size = strlen(name) + 1;
	_cleanup_free_ struct anchor *anchor = calloc(1, sizeof(*anchor) + size);

	if (!anchors->table)
		anchors->table = lh_kchar_table_new(FIRST_SIZE, free_entry);
	if (!anchor || !anchors->table)
		return NULL;
	memcpy(anchor->name, name, size);
	if (lh_table_insert(anchors->table, anchor->name, anchor) < 0)
		return NULL;
	return TAKE_PTR(anchor);
}

struct anchor *anchors_set(struct anchors *anchors, const char *name,
			   struct json_object *node)
{
	struct anchor *anchor = find(anchors, name);

	if (!anchor)
		anchor = add(anchors, name);
	if (!anchor)
		return NULL;
	json_object_put(anchor->node);
	anchor->node = json_object_get(node);
	anchor->values = 1;
	anchor->height = 0;
	anchor->is_open = false;
	return anchor;
}

const struct anchor *anchors_find(const struct anchors *anchors, const char *name)
{
	return find(anchors, name);
}

void anchors_clear(struct anchors *anchors)
{
	if (anchors->table)
		lh_table_free(anchors->table);
	anchors->table = NULL;
}
