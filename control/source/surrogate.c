// SPDX-License-Identifier: BSD-2-Clause
#include "surrogate.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "piece.h"

#define ESCAPE 6 /* length of \uxxxx */

/* The code of an escape at text, within [low, high]; 0 when there is none. */
static uint32_t read_escape(const char *text, const char *end, uint32_t low,
			    uint32_t high)
{
	char digits[5] = { 0 };

	if (end - text < ESCAPE || text[0] != '\\' || text[1] != 'u')
		return 0;
	memcpy(digits, text + 2, 4);
	if (strspn(digits, "0123456789abcdefABCDEF") != 4)
		return 0;
	uint32_t code = strtoul(digits, NULL, 16);
	return code >= low && code <= high ? code : 0;
}

/* The character of a pair at text; 0 when there is none. */
static uint32_t read_pair(const char *text, const char *end)
{
	uint32_t high = read_escape(text, end, 0xd800, 0xdbff);
	uint32_t low = high ? read_escape(text + ESCAPE, end, 0xdc00, 0xdfff) : 0;

	return low ? 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00) : 0;
}

bool surrogate_is_used(const char *text, size_t length)
{
	if (!piece_is_json(text, length))
		return false;
	return memmem(text, length, "\\ud", 3) || memmem(text, length, "\\uD", 3);
}

char *surrogate_join(const char *text, size_t length, size_t *ret_length)
{
	const char *end = text + length;
	char *joined = malloc(length + 1); /* pairs only become shorter */
	char *to = joined;

	if (!joined)
		return NULL;
	while (text < end) {
		uint32_t code = read_pair(text, end);
		if (code) {
			to += snprintf(to, ESCAPE * 2, "\\U%08x", code);
			text += ESCAPE * 2;
			continue;
		}
		/* an escaped backslash does not begin an escape */
		bool two = *text == '\\' && text + 1 < end;
		*to++ = *text++;
		if (two)
			*to++ = *text++;
	}
	*to = '\0';
	*ret_length = to - joined;
	return joined;
}
