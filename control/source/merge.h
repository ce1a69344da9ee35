/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * YAML's merge key: "<<: *base" gives a mapping the keys of another one that it does not
 * have itself. Of a list of mappings, the earlier ones win.
 */
#ifndef SOURCE_MERGE_H
#define SOURCE_MERGE_H

#include <json-c/json.h>
#include <stdbool.h>

/* A mapping, or a list of mappings. */
bool merge_is_fit(struct json_object *value);
/* A key that both have, NULL when there is none. */
const char *merge_shared_key(struct json_object *map, struct json_object *value);
/* Add the keys that the map does not have; their values are shared. 0 or -ENOMEM. */
int merge_into(struct json_object *map, struct json_object *value);

#endif
