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
/* Something within this mapping or list is not allowed and was left out; or, of a scalar:
 * another value for the same key was. */
void position_mark_faulty(struct json_object *node);
bool position_is_faulty(struct json_object *node);
/* How many of the tree's faults stand within: fewer than there are, when they are too many
 * to be told. At most 4095 are counted. */
void position_count_fault(struct json_object *node);
unsigned position_faults(struct json_object *node);

#endif
