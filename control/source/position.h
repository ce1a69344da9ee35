/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where in its text a json-c node stands; kept in the node's user data, without an
 * allocation. Null has no node, hence no position; use its parent's.
 */
#ifndef SOURCE_POSITION_H
#define SOURCE_POSITION_H

#include <json-c/json.h>
#include <stdbool.h>

/* Line and column from 1. */
void position_set(struct json_object *node, unsigned line, unsigned column);
/* 0 when the node has no position (null, or not read from text). */
unsigned position_line(struct json_object *node);
unsigned position_column(struct json_object *node);
/* Something within this mapping or list is not allowed and was left out. */
void position_mark_faulty(struct json_object *node);
bool position_is_faulty(struct json_object *node);

#endif
