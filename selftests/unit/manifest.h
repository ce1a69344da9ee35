/* SPDX-License-Identifier: BSD-2-Clause */
/* A manifest text, read: the objects and complaints that came out of it. */
#ifndef UNIT_MANIFEST_H
#define UNIT_MANIFEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../control/source/manifests.h"

#define OUTCOME_OBJECTS 64

struct outcome {
	int result;
	struct object *objects[OUTCOME_OBJECTS];
	size_t count;
	struct complaints complaints;
};

static inline int outcome_add(void *context, struct object *object)
{
	struct outcome *outcome = context;

	assert_true(outcome->count < OUTCOME_OBJECTS);
	outcome->objects[outcome->count++] = object;
	return 0;
}

static inline void outcome_clear(struct outcome *outcome)
{
	for (size_t i = 0; i < outcome->count; i++)
		object_free(outcome->objects[i]);
	complaints_clear(&outcome->complaints);
	*outcome = (struct outcome){ 0 };
}

static inline struct outcome outcome_of(const char *text)
{
	struct outcome outcome = { 0 };

	outcome.result = manifest_read(text, strlen(text), "shop.yaml", outcome_add,
				       &outcome, &outcome.complaints);
	return outcome;
}

static inline void print_outcome(const struct outcome *outcome)
{
	for (size_t i = 0; i < outcome->complaints.count; i++) {
		char *line = complaint_print(&outcome->complaints.items[i]);
		print_error("  complaint: %s\n", line);
		free(line);
	}
}

/* Exactly these objects and these complaints (whole lines, NULL-terminated). */
static inline void expect_outcome(struct outcome *outcome, size_t objects,
				  const char *const *lines)
{
	size_t count = 0;

	for (; lines && lines[count]; count++) {
		if (count >= outcome->complaints.count)
			break;
		char *line = complaint_print(&outcome->complaints.items[count]);
		if (strcmp(line, lines[count]) != 0)
			print_outcome(outcome);
		assert_string_equal(line, lines[count]);
		free(line);
	}
	if (outcome->complaints.count != count || outcome->count != objects ||
	    (lines && lines[count]))
		print_outcome(outcome);
	assert_int_equal(outcome->complaints.count, count);
	assert_true(!lines || !lines[count]);
	assert_int_equal(outcome->count, objects);
}

/* Exactly these addresses (NULL-terminated). */
static inline void expect_addrs(const struct addr_list *list, const char *const *texts)
{
	size_t count = 0;

	for (; texts[count]; count++) {
		char text[ADDR_TEXT];
		assert_true(count < list->count);
		assert_string_equal(addr_print(&list->items[count], text), texts[count]);
	}
	assert_int_equal(list->count, count);
}

#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })

#endif
