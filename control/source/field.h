/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Typed, checked access to the fields of one object's tree. A field that is absent or
 * null yields its default; one of a wrong type or value gives an error complaint with its
 * path and place ("spec.ports[1].port 70000 is not a port: …") and counts as absent.
 */
#ifndef SOURCE_FIELD_H
#define SOURCE_FIELD_H

#include <json-c/json.h>
#include "../cluster/object.h"

/* What is known about the object that is being read. */
struct decode {
	const char *file;
	struct about about; /* the object, for complaints */
	struct complaints *complaints;
	unsigned errors; /* complaints that refuse the object */
	bool out_of_memory;
};

/* A field and the way to it. Parents are borrowed: they outlive their children. */
struct field {
	struct json_object *value; /* NULL: absent or null */
	const struct field *parent;
	const char *key; /* NULL: an item of a list, or the object itself */
	size_t index;
};

void field_complain(struct decode *decode, const struct field *field, const char *format,
		    ...) __attribute__((format(printf, 3, 4)));
void field_warn(struct decode *decode, const struct field *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The place of the field, or of the nearest parent that has one. file is borrowed. */
struct place field_place(const struct decode *decode, const struct field *field);

#define FIELD_SHOW 72
/* User's text as it may stand in a sentence: printable, not endless. */
const char *field_show(const char *text, char buffer[FIELD_SHOW]);

/* A child of any type; parent is a mapping or absent. */
struct field field_get(const struct field *parent, const char *key);
/* A child that must be a mapping, or a list. */
struct field field_map(struct decode *decode, const struct field *parent,
		       const char *key);
struct field field_list(struct decode *decode, const struct field *parent,
			const char *key, size_t longest);
size_t field_count(const struct field *list);
struct field field_item(const struct field *list, size_t index);
/* An item that must be a mapping; null is an error too. */
bool field_is_map(struct decode *decode, const struct field *item);
/* The same, but null is a mapping without keys, as the API server reads it. */
bool field_is_map_or_null(struct decode *decode, const struct field *item);

/* Warn of each key of a mapping that is not in the NULL-terminated list: for objects
 * where a slip of the pen would mean something else without a word. */
void field_warn_unknown(struct decode *decode, const struct field *map,
			const char *const *known);

/* Borrowed text, NULL when absent. */
const char *field_text(struct decode *decode, const struct field *parent,
		       const char *key);
/* Of a field that is not absent: its null is "", as the API server reads it. */
const char *field_as_text(struct decode *decode, const struct field *field);
/* An own copy of the text; NULL when absent. */
char *field_copy(struct decode *decode, const struct field *parent, const char *key);
bool field_truth(struct decode *decode, const struct field *parent, const char *key,
		 bool otherwise);

struct range {
	const char *what; /* "a port" */
	int64_t first, last;
};
extern const struct range range_port;
/* Absent, a number or text: whether a number is meant. */
bool field_is_number(const struct field *field);
/* Of a number written as 80.0 or 8e1 too, as for kubectl. False when absent or refused:
 * *ret_number is then untouched. */
bool field_number(struct decode *decode, const struct field *parent, const char *key,
		  const struct range *range, int64_t *ret_number);
/* Index in a NULL-terminated list of spellings; `otherwise` when absent. */
unsigned field_choice(struct decode *decode, const struct field *parent, const char *key,
		      const char *const *choices, unsigned otherwise);
unsigned field_as_choice(struct decode *decode, const struct field *field,
			 const char *const *choices, unsigned otherwise);
/* TCP, UDP, SCTP as IPPROTO_…; TCP when absent. */
uint8_t field_protocol(struct decode *decode, const struct field *parent);

char *decode_strdup(struct decode *decode, const char *text);
/* Zeroed; NULL only when out of memory or count is 0. */
void *decode_array(struct decode *decode, size_t count, size_t size);

#endif
