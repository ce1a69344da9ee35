// SPDX-License-Identifier: BSD-2-Clause
/*
 * Fields as a chain of parents on the caller's stack: a path is only put together when
 * there is something to complain about. Running out of memory is remembered in struct
 * decode and looked at once, when the object is complete.
 */
#include "field.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "../lib/cleanup.h"
#include "position.h"

const struct range range_port = { "a port", 1, 65535 };

char *decode_strdup(struct decode *decode, const char *text)
{
	char *copy = strdup(text);
	decode->out_of_memory |= !copy;
	return copy;
}

void *decode_array(struct decode *decode, size_t count, size_t size)
{
	void *array = count ? calloc(count, size) : NULL;
	decode->out_of_memory |= count && !array;
	return array;
}

struct place field_place(const struct decode *decode, const struct field *field)
{
	struct place place = { .file = (char *)decode->file };

	while (field && !position_line(field->value))
		field = field->parent;
	if (field) {
		place.line = position_line(field->value);
		place.column = position_column(field->value);
	}
	return place;
}

const char *field_show(const char *text, char buffer[FIELD_SHOW])
{
	static const char more[] = "…";
	size_t length = strlen(text);
	bool cut = length >= FIELD_SHOW;

	if (cut) {
		length = FIELD_SHOW - sizeof(more);
		while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--; /* do not split a character */
	}
	memcpy(buffer, text, length);
	memcpy(buffer + length, cut ? more : "", cut ? sizeof(more) : 1);
	for (char *c = buffer; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return buffer;
}

static void print_path(FILE *out, const struct field *field)
{
	char shown[FIELD_SHOW];

	if (field->parent)
		print_path(out, field->parent);
	if (field->key)
		fprintf(out, "%s%s", field->parent && field->parent->parent ? "." : "",
			field_show(field->key, shown));
	else if (field->parent)
		fprintf(out, "[%zu]", field->index);
}

static void tell(struct decode *decode, const struct field *field,
		 enum complaint_level level, const char *format, va_list arguments)
{
	struct about about = decode->about;
	_cleanup_free_ char *sentence = NULL;
	size_t length;
	FILE *out = open_memstream(&sentence, &length);

	if (!out) {
		decode->out_of_memory = true;
		return;
	}
	print_path(out, field);
	if (ftell(out) > 0)
		fputc(' ', out);
	vfprintf(out, format, arguments);
	if (fclose(out) != 0) {
		decode->out_of_memory = true;
		return;
	}
	struct place place = field_place(decode, field);
	about.cause = level == COMPLAINT_ERROR ? CAUSE_INVALID : CAUSE_IGNORED;
	complain(decode->complaints, level, &place, &about, "%s", sentence);
}

void field_complain(struct decode *decode, const struct field *field, const char *format,
		    ...)
{
	va_list arguments;

	decode->errors++;
	va_start(arguments, format);
	tell(decode, field, COMPLAINT_ERROR, format, arguments);
	va_end(arguments);
}

void field_warn(struct decode *decode, const struct field *field, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	tell(decode, field, COMPLAINT_WARNING, format, arguments);
	va_end(arguments);
}

static const char *type_name(const struct field *field)
{
	switch (json_object_get_type(field->value)) {
	case json_type_null:
		return "null";
	case json_type_boolean:
		return "a boolean";
	case json_type_int:
	case json_type_double:
		return "a number";
	case json_type_object:
		return "a mapping";
	case json_type_array:
		return "a list";
	default:
		return "text";
	}
}

static bool expect(struct decode *decode, const struct field *field, json_type type,
		   const char *remedy)
{
	if (json_object_is_type(field->value, type))
		return true;
	field_complain(decode, field, "is %s: %s", type_name(field), remedy);
	return false;
}

struct field field_get(const struct field *parent, const char *key)
{
	struct field field = { .parent = parent, .key = key };

	if (json_object_is_type(parent->value, json_type_object))
		json_object_object_get_ex(parent->value, key, &field.value);
	return field;
}

struct field field_map(struct decode *decode, const struct field *parent, const char *key)
{
	struct field field = field_get(parent, key);

	if (field.value && !expect(decode, &field, json_type_object,
				   "it must be a mapping (key: value)"))
		field.value = NULL;
	return field;
}

struct field field_list(struct decode *decode, const struct field *parent,
			const char *key, size_t longest)
{
	struct field field = field_get(parent, key);

	if (!field.value)
		return field;
	if (!expect(decode, &field, json_type_array, "it must be a list (- item)"))
		field.value = NULL;
	if (field_count(&field) > longest) {
		field_complain(decode, &field, "has %zu items: use at most %zu",
			       field_count(&field), longest);
		field.value = NULL;
	}
	return field;
}

size_t field_count(const struct field *list)
{
	return list->value ? json_object_array_length(list->value) : 0;
}

struct field field_item(const struct field *list, size_t index)
{
	return (struct field){ .value = json_object_array_get_idx(list->value, index),
			       .parent = list,
			       .index = index };
}

bool field_is_map(struct decode *decode, const struct field *item)
{
	return expect(decode, item, json_type_object,
		      "it must be a mapping (key: value)");
}

bool field_is_map_or_null(struct decode *decode, const struct field *item)
{
	return !item->value || field_is_map(decode, item);
}

static bool is_among(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(text, *list) == 0)
			return true;
	return false;
}

void field_warn_unknown(struct decode *decode, const struct field *map,
			const char *const *known)
{
	if (!json_object_is_type(map->value, json_type_object))
		return;
	json_object_object_foreach(map->value, key, value)
	{
		struct field field = { .value = value, .parent = map, .key = key };
		if (!is_among(key, known))
			field_warn(decode, &field,
				   "is not a field that is known here and is ignored: "
				   "correct or remove it");
	}
}

const char *field_as_text(struct decode *decode, const struct field *field)
{
	if (!field->value)
		return "";
	if (!expect(decode, field, json_type_string,
		    "it must be text, put it in quotes if it is meant so"))
		return NULL;
	return json_object_get_string(field->value);
}

const char *field_text(struct decode *decode, const struct field *parent, const char *key)
{
	struct field field = field_get(parent, key);
	return field.value ? field_as_text(decode, &field) : NULL;
}

char *field_copy(struct decode *decode, const struct field *parent, const char *key)
{
	const char *text = field_text(decode, parent, key);
	return text ? decode_strdup(decode, text) : NULL;
}

bool field_truth(struct decode *decode, const struct field *parent, const char *key,
		 bool otherwise)
{
	struct field field = field_get(parent, key);

	if (!field.value || !expect(decode, &field, json_type_boolean,
				    "write true or false, without quotes"))
		return otherwise;
	return json_object_get_boolean(field.value);
}

bool field_is_number(const struct field *field)
{
	return json_object_is_type(field->value, json_type_int) ||
	       json_object_is_type(field->value, json_type_double);
}

/* What a double can hold without loss: larger ones are out of any range. */
#define WHOLE_LARGEST (1LL << 53)

/* False: not whole, or too large to tell. */
static bool read_whole(const struct field *field, int64_t *ret_number)
{
	if (json_object_is_type(field->value, json_type_int)) {
		*ret_number = json_object_get_int64(field->value);
		return true;
	}
	double number = json_object_get_double(field->value);
	if (!(number >= -(double)WHOLE_LARGEST && number <= (double)WHOLE_LARGEST) ||
	    number != (double)(int64_t)number)
		return false;
	*ret_number = (int64_t)number;
	return true;
}

bool field_number(struct decode *decode, const struct field *parent, const char *key,
		  const struct range *range, int64_t *ret_number)
{
	struct field field = field_get(parent, key);
	int64_t number;

	if (!field.value ||
	    (!field_is_number(&field) &&
	     !expect(decode, &field, json_type_int, "write a number, without quotes")))
		return false;
	if (!read_whole(&field, &number)) {
		field_complain(decode, &field,
			       "%.15g is not %s: use a whole number from %lld to %lld",
			       json_object_get_double(field.value), range->what,
			       (long long)range->first, (long long)range->last);
		return false;
	}
	if (number < range->first || number > range->last) {
		field_complain(decode, &field, "%lld is not %s: use %lld to %lld",
			       (long long)number, range->what, (long long)range->first,
			       (long long)range->last);
		return false;
	}
	*ret_number = number;
	return true;
}

static void refuse_choice(struct decode *decode, const struct field *field,
			  const char *text, const char *const *choices)
{
	_cleanup_free_ char *list = NULL;
	size_t length;
	char shown[FIELD_SHOW];
	FILE *out = open_memstream(&list, &length);

	if (!out) {
		decode->out_of_memory = true;
		return;
	}
	for (size_t i = 0; choices[i]; i++)
		fprintf(out, "%s%s",
			!i		 ? ""
			: choices[i + 1] ? ", "
					 : " or ",
			choices[i]);
	if (fclose(out) != 0) {
		decode->out_of_memory = true;
		return;
	}
	field_complain(decode, field, "\"%s\" is not known: use %s",
		       field_show(text, shown), list);
}

unsigned field_as_choice(struct decode *decode, const struct field *field,
			 const char *const *choices, unsigned otherwise)
{
	const char *text = field_as_text(decode, field);

	if (!text)
		return otherwise;
	for (unsigned i = 0; choices[i]; i++)
		if (strcmp(text, choices[i]) == 0)
			return i;
	refuse_choice(decode, field, text, choices);
	return otherwise;
}

unsigned field_choice(struct decode *decode, const struct field *parent, const char *key,
		      const char *const *choices, unsigned otherwise)
{
	struct field field = field_get(parent, key);

	return field.value ? field_as_choice(decode, &field, choices, otherwise)
			   : otherwise;
}

uint8_t field_protocol(struct decode *decode, const struct field *parent)
{
	static const char *const names[] = { "TCP", "UDP", "SCTP", NULL };
	static const uint8_t numbers[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

	return numbers[field_choice(decode, parent, "protocol", names, 0)];
}
