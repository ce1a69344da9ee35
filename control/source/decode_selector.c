// SPDX-License-Identifier: BSD-2-Clause
/*
 * Label selectors: matchLabels and matchExpressions become one list of requirements, in an
 * order of their own, so that selectors that say the same in another order are equal.
 */
#include "decode.h"

#include <string.h>
#include "name.h"

#define REQUIREMENTS_LONGEST 1024
#define VALUES_LONGEST	     4096

static const char *const operators[] = { [LABEL_IN] = "In",
					 [LABEL_NOT_IN] = "NotIn",
					 [LABEL_EXISTS] = "Exists",
					 [LABEL_DOES_NOT_EXIST] = "DoesNotExist",
					 NULL };

static void check_key(struct decode *decode, const struct field *field, const char *key)
{
	char shown[FIELD_SHOW];

	if (!name_is_label_key(key))
		field_complain(decode, field, "\"%s\" is not the key of a label: %s",
			       field_show(key, shown), NAME_LABEL_KEY_RULE);
}

static void check_value(struct decode *decode, const struct field *field,
			const char *value)
{
	char shown[FIELD_SHOW];

	if (!name_is_label_value(value))
		field_complain(decode, field, "\"%s\" is not the value of a label: %s",
			       field_show(value, shown), NAME_LABEL_VALUE_RULE);
}

/* The next place in the list, of which there are enough. */
static struct label_requirement *add(struct decode *decode,
				     struct label_selector *selector, const char *key,
				     enum label_operator op)
{
	struct label_requirement *requirement =
	    &selector->requirements[selector->count++];

	requirement->key = decode_strdup(decode, key);
	requirement->op = op;
	return requirement;
}

static void read_match_labels(struct decode *decode, const struct field *labels,
			      struct label_selector *selector)
{
	json_object_object_foreach(labels->value, key, item)
	{
		struct field field = { .value = item, .parent = labels, .key = key };
		const char *value = item ? field_as_text(decode, &field) : "";
		if (!value)
			continue;
		check_key(decode, &field, key);
		check_value(decode, &field, value);
		struct label_requirement *requirement =
		    add(decode, selector, key, LABEL_IN);
		requirement->values = decode_array(decode, 2, sizeof(char *));
		if (requirement->values)
			requirement->values[0] = decode_strdup(decode, value);
	}
}

static int compare_values(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **read_values(struct decode *decode, const struct field *list)
{
	size_t count = field_count(list);
	char **values = count ? decode_array(decode, count + 1, sizeof(*values)) : NULL;
	size_t found = 0;

	for (size_t i = 0; values && i < count; i++) {
		struct field item = field_item(list, i);
		const char *value = field_as_text(decode, &item);
		if (!value)
			continue;
		check_value(decode, &item, value);
		values[found] = decode_strdup(decode, value);
		found += values[found] != NULL;
	}
	if (values)
		qsort(values, found, sizeof(*values), compare_values);
	return values;
}

static void check_count(struct decode *decode, const struct field *values,
			enum label_operator op)
{
	bool needed = op == LABEL_IN || op == LABEL_NOT_IN;
	bool given = field_count(values);

	if (needed && !given)
		field_complain(decode, values, "%s: %s needs at least one value",
			       values->value ? "is empty" : "is missing", operators[op]);
	else if (!needed && given)
		field_complain(decode, values, "has no place beside %s: remove it",
			       operators[op]);
}

static void read_expression(struct decode *decode, const struct field *item,
			    struct label_selector *selector)
{
	static const char *const fields[] = { "key", "operator", "values", NULL };

	if (!field_is_map_or_null(decode, item))
		return;
	struct field key_field = field_get(item, "key");
	struct field operator_field = field_get(item, "operator");
	const char *key = field_text(decode, item, "key");
	unsigned errors = decode->errors;
	unsigned op = field_choice(decode, item, "operator", operators, LABEL_IN);
	struct field list = field_list(decode, item, "values", VALUES_LONGEST);

	field_warn_unknown(decode, item, fields);
	if (!key_field.value)
		field_complain(decode, &key_field, "is missing: name a label");
	if (!operator_field.value)
		field_complain(decode, &operator_field,
			       "is missing: write In, NotIn, Exists or DoesNotExist");
	if (decode->errors == errors)
		check_count(decode, &list, op);
	if (!key)
		return;
	check_key(decode, &key_field, key);
	add(decode, selector, key, op)->values = read_values(decode, &list);
}

static int compare_requirements(const void *a, const void *b)
{
	const struct label_requirement *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	return order ? order : (int)x->op - (int)y->op;
}

void decode_selector(struct decode *decode, const struct field *field,
		     struct label_selector *selector)
{
	static const char *const fields[] = { "matchLabels", "matchExpressions", NULL };
	struct field labels = field_map(decode, field, "matchLabels");
	struct field expressions =
	    field_list(decode, field, "matchExpressions", REQUIREMENTS_LONGEST);
	size_t count = field_count(&expressions);

	field_warn_unknown(decode, field, fields);
	if (labels.value)
		count += json_object_object_length(labels.value);
	selector->requirements =
	    decode_array(decode, count, sizeof(*selector->requirements));
	if (!selector->requirements)
		return;
	if (labels.value)
		read_match_labels(decode, &labels, selector);
	for (size_t i = 0; i < field_count(&expressions); i++) {
		struct field item = field_item(&expressions, i);
		read_expression(decode, &item, selector);
	}
	if (!decode->out_of_memory)
		qsort(selector->requirements, selector->count,
		      sizeof(*selector->requirements), compare_requirements);
}
