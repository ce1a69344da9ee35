// SPDX-License-Identifier: BSD-2-Clause
/* User data of a node: bit 63 fault mark, bits 61-50 faults told, 49-25 line, 24-0 column. */
#include "position.h"

#include <stdint.h>

#define FAULT_MARK   (1ULL << 63)
#define FAULTS_SHIFT 50
#define FAULTS_MASK  0xfffULL
#define LINE_SHIFT   25
#define COORD_MASK   0x1ffffffULL /* a text has at most 2^24 bytes */
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
	set(node, (line & COORD_MASK) << LINE_SHIFT | (column & COORD_MASK));
}

unsigned position_line(struct json_object *node)
{
	return get(node) >> LINE_SHIFT & COORD_MASK;
}

unsigned position_column(struct json_object *node)
{
	return get(node) & COORD_MASK;
}

void position_mark_faulty(struct json_object *node)
{
	set(node, get(node) | FAULT_MARK);
}

void position_count_fault(struct json_object *node)
{
	set(node, get(node) + (1ULL << FAULTS_SHIFT));
}

bool position_is_faulty(struct json_object *node)
{
	return get(node) & FAULT_MARK;
}

unsigned position_faults(struct json_object *node)
{
	return get(node) >> FAULTS_SHIFT & FAULTS_MASK;
}
