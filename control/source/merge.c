// SPDX-License-Identifier: BSD-2-Clause
#include "merge.h"

#include <errno.h>
#include <stddef.h>

static bool is_map(struct json_object *value)
{
	return json_object_is_type(value, json_type_object);
}

static size_t count_maps(struct json_object *value)
{
	return is_map(value) ? 1 : json_object_array_length(value);
}

static struct json_object *get_map(struct json_object *value, size_t index)
{
	return is_map(value) ? value : json_object_array_get_idx(value, index);
}

bool merge_is_fit(struct json_object *value)
{
	if (is_map(value))
		return true;
	if (!json_object_is_type(value, json_type_array))
		return false;
	for (size_t i = 0; i < count_maps(value); i++)
		if (!is_map(get_map(value, i)))
			return false;
	return true;
}

static bool has_key(struct json_object *map, const char *key)
{
	return json_object_object_get_ex(map, key, NULL);
}

const char *merge_shared_key(struct json_object *map, struct json_object *value)
{
	for (size_t i = 0; i < count_maps(value); i++) {
		json_object_object_foreach(get_map(value, i), key, item)
		{
			(void)item;
			if (has_key(map, key))
				return key;
		}
	}
	return NULL;
}

int merge_into(struct json_object *map, struct json_object *value)
{
	for (size_t i = 0; i < count_maps(value); i++) {
		json_object_object_foreach(get_map(value, i), key, item)
		{
			if (has_key(map, key))
				continue;
			if (json_object_object_add(map, key, json_object_get(item)) < 0) {
				json_object_put(item);
				return -ENOMEM;
			}
		}
	}
	return 0;
}
