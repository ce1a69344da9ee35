// SPDX-License-Identifier: BSD-2-Clause
/* User data of a node: bit 63 fault mark, bits 62-32 line, bits 31-0 column. */
#include "position.h"

#include <stdint.h>

#define FAULT_MARK (1ULL << 63)
_Static_assert(sizeof(void *) == 8, "a position fits in a pointer");

static uint64_t get(struct json_object *node)
{
	return node ? (uint64_t)(uintptr_t)json_object_get_userdata(node) : 0;
}

static void set(struct json_object *node, uint64_t value)
{
	if (node)
		json_object_set_userdata(node, (void *)(uintptr_t)value, NULL);
}

void position_set(struct json_object *node, unsigned line, unsigned column)
{
	set(node, (uint64_t)line << 32 | column);
}

unsigned position_line(struct json_object *node)
{
	return (get(node) & ~FAULT_MARK) >> 32;
}

unsigned position_column(struct json_object *node)
{
	return (uint32_t)get(node);
}

void position_mark_faulty(struct json_object *node)
{
	set(node, get(node) | FAULT_MARK);
}

bool position_is_faulty(struct json_object *node)
{
	return get(node) & FAULT_MARK;
}
