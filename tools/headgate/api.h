/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's API as the commands see it: a path in, JSON out. */
#ifndef HEADGATE_API_H
#define HEADGATE_API_H

#include <json-c/json.h>
#include <stdint.h>
#include "command.h"

struct api_argument {
	const char *name, *value; /* value NULL: left out */
};

/*
 * Ask the daemon. arguments end with a name of NULL; NULL: none. The result is the
 * caller's: json_object_put(). NULL after a sentence on standard error.
 */
struct json_object *api_call(const struct line *line, const char *method,
			     const char *path, const struct api_argument *arguments);
/* Of the program, after api_call() gave NULL: EXIT_USAGE when a value was refused. */
int api_exit_code(void);
void api_put(struct json_object **answer); /* for CLEANUP() */
/* Percent-encode one path segment into a new string; NULL: out of memory. */
char *api_escape(const char *segment);

/* Members of an object, with a value for those that are missing or null. */
const char *api_text(struct json_object *object, const char *name);	      /* "-" */
uint64_t api_number(struct json_object *object, const char *name);	      /* 0 */
int api_bool(struct json_object *object, const char *name);		      /* 0 */
struct json_object *api_member(struct json_object *object, const char *name); /* NULL */
size_t api_count(struct json_object *array);
struct json_object *api_item(struct json_object *array, size_t i);
/* "10.0.0.1:80", "[fd00::1]:80" of {"address", "port"} in a new string; "-" for null. */
char *api_end(struct json_object *end);

/* With -o json: print the answer and say 1. */
int api_print_json(const struct line *line, struct json_object *answer);

#endif
