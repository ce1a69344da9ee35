// SPDX-License-Identifier: BSD-2-Clause
/*
 * Labels of an object. A value of null is "", as the API server reads it. A Namespace has
 * one label that nobody needs to write: its name, which is how policies select it.
 */
#include "decode.h"

#include <string.h>

#define NAME_LABEL "kubernetes.io/metadata.name"

static int compare_labels(const void *a, const void *b)
{
	return strcmp(((const struct label *)a)->key, ((const struct label *)b)->key);
}

void decode_labels(struct decode *decode, const struct field *root, struct object *object)
{
	struct field metadata = field_get(root, "metadata");
	struct field labels = field_map(decode, &metadata, "labels");

	if (!labels.value)
		return;
	object->labels = decode_array(decode, json_object_object_length(labels.value),
				      sizeof(*object->labels));
	json_object_object_foreach(labels.value, key, value)
	{
		if (decode->out_of_memory)
			return;
		char *text =
		    value ? field_copy(decode, &labels, key) : decode_strdup(decode, "");
		if (!text)
			continue;
		struct label *label = &object->labels[object->label_count++];
		*label = (struct label){ decode_strdup(decode, key), text };
	}
	if (object->label_count && !decode->out_of_memory)
		qsort(object->labels, object->label_count, sizeof(*object->labels),
		      compare_labels);
}

const char *decode_label(const struct object *object, const char *key)
{
	for (size_t i = 0; i < object->label_count; i++)
		if (object->labels[i].key && strcmp(object->labels[i].key, key) == 0)
			return object->labels[i].value;
	return NULL;
}

static void add_label(struct decode *decode, struct object *object, const char *key,
		      const char *value)
{
	struct label *labels = reallocarray(object->labels, object->label_count + 1,
					    sizeof(*object->labels));

	if (!labels) {
		decode->out_of_memory = true;
		return;
	}
	object->labels = labels;
	labels[object->label_count++] =
	    (struct label){ decode_strdup(decode, key), decode_strdup(decode, value) };
	if (!decode->out_of_memory)
		qsort(labels, object->label_count, sizeof(*labels), compare_labels);
}

void decode_namespace(struct decode *decode, const struct field *root,
		      struct object *object)
{
	struct field metadata = field_get(root, "metadata");
	struct field labels = field_get(&metadata, "labels");
	struct field field = field_get(&labels, NAME_LABEL);
	const char *value = decode_label(object, NAME_LABEL);

	if (!value)
		add_label(decode, object, NAME_LABEL, object->name);
	else if (*object->name && strcmp(value, object->name) != 0)
		field_complain(decode, &field,
			       "is not the name of the Namespace: write %s or remove the "
			       "label",
			       object->name);
}
