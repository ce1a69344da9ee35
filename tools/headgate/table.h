/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables as kubectl prints them: a row is a JSON object, a column knows which member it
 * shows and how. Colours only on a terminal, and not with NO_COLOR.
 */
#ifndef HEADGATE_TABLE_H
#define HEADGATE_TABLE_H

#include "api.h"

enum column_flag {
	COLUMN_RIGHT = 1 << 0, /* numbers */
	COLUMN_WIDE = 1 << 1,  /* only with -o wide */
	COLUMN_STATE = 1 << 2, /* coloured by its word */
};

struct column {
	const char *name;   /* NULL ends the table */
	const char *member; /* "counters.inPackets": through objects */
	char *(*cell)(struct json_object *value); /* a new string */
	unsigned flags;
};

char *cell_text(struct json_object *value);  /* "-" for null and "" */
char *cell_yes(struct json_object *value);   /* yes, no */
char *cell_end(struct json_object *value);   /* address:port */
char *cell_bytes(struct json_object *value); /* 1.5K, 2.0M: 1024 */
char *cell_age(struct json_object *value);   /* seconds as 3h5m, 2d */

struct json_object *member_of(struct json_object *object, const char *path);
/* Exit code. rows is an array. */
int table_print(const struct line *line, const struct column *columns,
		struct json_object *rows);

/* A row that holds references to objects: add them, then append it. */
struct json_object *row_new(struct json_object *rows);
void row_add(struct json_object *row, const char *name, struct json_object *borrowed);
void row_add_text(struct json_object *row, const char *name, const char *text);

#endif
