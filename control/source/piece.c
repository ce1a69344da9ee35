// SPDX-License-Identifier: BSD-2-Clause
/*
 * Only what can be nothing but JSON is cut. A YAML flow mapping looks alike, but has
 * comments, quotes of its own and plain text, whose brackets mean nothing; with the first
 * character that JSON does not have outside of text, all that is left is YAML.
 */
#include "piece.h"

#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && *at && strchr(" \t\r\n", *at))
		at++;
	return at;
}

/* The first character that counts, or the end. */
static const char *find_start(const char *text, const char *end)
{
	size_t mark = strlen(BYTE_ORDER_MARK);
	bool is_marked =
	    (size_t)(end - text) >= mark && memcmp(text, BYTE_ORDER_MARK, mark) == 0;

	return skip_blanks(text + (is_marked ? mark : 0), end);
}

size_t piece_skip(const char *text, size_t length)
{
	const char *end = text + length;
	const char *start = find_start(text, end);

	return start == end || *start == '{' ? (size_t)(start - text) : 0;
}

bool piece_is_json(const char *text, size_t length)
{
	const char *start = find_start(text, text + length);

	return start < text + length && (*start == '{' || *start == '[');
}

/* The quote that ends a text; NULL: none does. */
static const char *find_text_end(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < end ? at : NULL;
}

/* Behind the JSON object at this place; NULL: it is none. */
static const char *find_object_end(const char *at, const char *end)
{
	/* brackets, separators, numbers, the letters of true, false and null */
	static const char outside[] = "{}[],: \t\r\n+-.0123456789Eaeflnrstu\"";
	size_t depth = 0;

	for (; at < end; at++) {
		if (!*at || !strchr(outside, *at))
			return NULL;
		if (*at == '"' && !(at = find_text_end(at, end)))
			return NULL;
		depth += *at == '{' || *at == '[';
		depth -= *at == '}' || *at == ']';
		if (depth == 0)
			return at + 1;
	}
	return NULL;
}

size_t piece_length(const char *text, size_t length)
{
	const char *end = text + length;
	const char *behind = *text == '{' ? find_object_end(text, end) : NULL;

	if (!behind)
		return length;
	const char *next = skip_blanks(behind, end);
	return next == end || *next == '{' ? (size_t)(behind - text) : length;
}
