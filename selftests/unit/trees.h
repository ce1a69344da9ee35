/* SPDX-License-Identifier: BSD-2-Clause */
/* A YAML text, read: the trees and complaints that came out of it. */
#ifndef UNIT_TREES_H
#define UNIT_TREES_H

#include "manifest.h"

#include <errno.h>
#include "../../control/source/position.h"
#include "../../control/source/yaml.h"

#define SEEN_ROOTS 8

struct seen {
	struct json_object *roots[SEEN_ROOTS]; /* the first */
	size_t count;
	bool faulty;
	struct complaints complaints; /* faults too */
	int result;
};

static inline int see(void *context, const struct tree *tree)
{
	struct seen *seen = context;

	if (seen->count < SEEN_ROOTS)
		seen->roots[seen->count] = json_object_get(tree->root);
	seen->count++;
	seen->faulty |= position_is_faulty(tree->root);
	for (size_t i = 0; i < tree->faults.count; i++)
		complain(&seen->complaints, COMPLAINT_ERROR, &tree->faults.items[i].place,
			 NULL, "%s", tree->faults.items[i].sentence);
	return 0;
}

static inline struct seen read_length(const char *text, size_t length)
{
	struct seen seen = { 0 };
	struct yaml_text yaml = { text, length, "t.yaml" };

	seen.result = yaml_read(&yaml, see, &seen, &seen.complaints);
	return seen;
}

static inline struct seen read_text(const char *text)
{
	return read_length(text, strlen(text));
}

static inline void clear(struct seen *seen)
{
	for (size_t i = 0; i < SEEN_ROOTS; i++)
		json_object_put(seen->roots[i]);
	complaints_clear(&seen->complaints);
}

/* The text gives this result and exactly this one complaint (NULL: none). */
static inline void expect_complaint(const char *text, int result, const char *complaint)
{
	struct seen seen = read_text(text);

	if (seen.result != result || seen.complaints.count != (complaint ? 1 : 0))
		print_error("text: %s\n", text);
	assert_int_equal(seen.result, result);
	assert_int_equal(seen.complaints.count, complaint ? 1 : 0);
	if (complaint) {
		char *line = complaint_print(&seen.complaints.items[0]);
		assert_string_equal(line, complaint);
		free(line);
	}
	clear(&seen);
}

static inline char *repeat(const char *head, const char *part, size_t times)
{
	char *text = malloc(strlen(head) + strlen(part) * times + 1);

	memcpy(text, head, strlen(head) + 1);
	for (size_t i = 0; i < times; i++)
		memcpy(text + strlen(head) + i * strlen(part), part, strlen(part) + 1);
	return text;
}

#endif
