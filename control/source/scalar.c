// SPDX-License-Identifier: BSD-2-Clause
/*
 * Plain scalars: the YAML 1.2 core schema and, since manifests are written for kubectl,
 * the YAML 1.1 spellings that kubectl accepts. Where both differ kubectl's reading holds,
 * so that a file means here what it means to a cluster:
 *
 *   y yes on n no off       booleans (in three cases of letters each)
 *   017 0o17 0b1111 0xf     15; a leading zero is octal, unless a digit is 8 or 9
 *   1_000                   1000
 *   .inf .nan 1e3 2.50      floating point; text when it is too large for that
 *   ~ null (nothing)        null
 *   2001-01-01 12:30:45     text (neither dates nor base 60)
 */
#include "scalar.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SCALAR_LONGEST 64 /* no number is longer; text may be */

static const struct word {
	const char *spelling;
	enum scalar_type type;
	double real;
} words[] = {
	{ "", SCALAR_NULL, 0 },
	{ "~", SCALAR_NULL, 0 },
	{ "null", SCALAR_NULL, 0 },
	{ "Null", SCALAR_NULL, 0 },
	{ "NULL", SCALAR_NULL, 0 },
	{ "true", SCALAR_BOOL, 1 },
	{ "True", SCALAR_BOOL, 1 },
	{ "TRUE", SCALAR_BOOL, 1 },
	{ "y", SCALAR_BOOL, 1 },
	{ "Y", SCALAR_BOOL, 1 },
	{ "yes", SCALAR_BOOL, 1 },
	{ "Yes", SCALAR_BOOL, 1 },
	{ "YES", SCALAR_BOOL, 1 },
	{ "on", SCALAR_BOOL, 1 },
	{ "On", SCALAR_BOOL, 1 },
	{ "ON", SCALAR_BOOL, 1 },
	{ "false", SCALAR_BOOL, 0 },
	{ "False", SCALAR_BOOL, 0 },
	{ "FALSE", SCALAR_BOOL, 0 },
	{ "n", SCALAR_BOOL, 0 },
	{ "N", SCALAR_BOOL, 0 },
	{ "no", SCALAR_BOOL, 0 },
	{ "No", SCALAR_BOOL, 0 },
	{ "NO", SCALAR_BOOL, 0 },
	{ "off", SCALAR_BOOL, 0 },
	{ "Off", SCALAR_BOOL, 0 },
	{ "OFF", SCALAR_BOOL, 0 },
	{ ".nan", SCALAR_FLOAT, NAN },
	{ ".NaN", SCALAR_FLOAT, NAN },
	{ ".NAN", SCALAR_FLOAT, NAN },
	{ ".inf", SCALAR_FLOAT, INFINITY },
	{ ".Inf", SCALAR_FLOAT, INFINITY },
	{ ".INF", SCALAR_FLOAT, INFINITY },
	{ "+.inf", SCALAR_FLOAT, INFINITY },
	{ "+.Inf", SCALAR_FLOAT, INFINITY },
	{ "+.INF", SCALAR_FLOAT, INFINITY },
	{ "-.inf", SCALAR_FLOAT, -INFINITY },
	{ "-.Inf", SCALAR_FLOAT, -INFINITY },
	{ "-.INF", SCALAR_FLOAT, -INFINITY },
};

static const struct word *find_word(const char *text)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].spelling, text) == 0)
			return &words[i];
	return NULL;
}

/* Digits of [0-9] from text on; returns how many. */
static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

static bool looks_like_float(const char *text)
{
	text += *text == '-' || *text == '+';
	size_t whole = digits(text);
	text += whole;
	size_t fraction = 0;
	if (*text == '.') {
		fraction = digits(text + 1);
		text += 1 + fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (*text != 'e' && *text != 'E')
		return *text == '\0';
	text++;
	text += *text == '-' || *text == '+';
	return digits(text) > 0 && text[digits(text)] == '\0';
}

/* The digits after a sign: base by prefix; "0" alone and "08" are decimal. */
static const char *find_base(const char *text, int *ret_base)
{
	static const struct {
		const char *prefix;
		int base;
		const char *digits;
	} bases[] = {
		{ "0x", 16, "0123456789abcdefABCDEF" },
		{ "0X", 16, "0123456789abcdefABCDEF" },
		{ "0o", 8, "01234567" },
		{ "0O", 8, "01234567" },
		{ "0b", 2, "01" },
		{ "0B", 2, "01" },
		{ "0", 8, "01234567" },
		{ "", 10, "0123456789" },
	};
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		size_t skip = strlen(bases[i].prefix);
		if (strncmp(text, bases[i].prefix, skip) != 0)
			continue;
		size_t length = strspn(text + skip, bases[i].digits);
		if (length == 0 || text[skip + length])
			continue;
		*ret_base = bases[i].base;
		return text + skip;
	}
	return NULL;
}

static bool read_int(const char *text, int64_t *ret_number)
{
	char signed_digits[SCALAR_LONGEST + 2];
	bool negative = *text == '-';

	text += *text == '-' || *text == '+';
	int base = 10;
	const char *first = find_base(text, &base);
	if (!first)
		return false;
	signed_digits[0] = negative ? '-' : '+';
	memcpy(signed_digits + 1, first, strlen(first) + 1);
	errno = 0;
	long long number = strtoll(signed_digits, NULL, base);
	if (errno)
		return false; /* too large: a float, as for kubectl */
	*ret_number = number;
	return true;
}

/* Copy without the underscores that may stand between digits. */
static bool copy_number(const char *text, char copy[SCALAR_LONGEST + 1])
{
	if (!strchr("+-.0123456789", *text) || strlen(text) > SCALAR_LONGEST)
		return false;
	size_t length = 0;
	for (const char *c = text; *c; c++)
		if (*c != '_')
			copy[length++] = *c;
	copy[length] = '\0';
	return true;
}

struct scalar scalar_resolve(const char *text)
{
	const struct word *word = find_word(text);
	if (word && word->type == SCALAR_BOOL)
		return (struct scalar){ SCALAR_BOOL, { .truth = word->real > 0 } };
	if (word)
		return (struct scalar){ word->type, { .real = word->real } };

	char copy[SCALAR_LONGEST + 1];
	int64_t number;
	if (!copy_number(text, copy))
		return (struct scalar){ SCALAR_TEXT, { 0 } };
	if (read_int(copy, &number))
		return (struct scalar){ SCALAR_INT, { .number = number } };
	double real = looks_like_float(copy) ? strtod(copy, NULL) : INFINITY;
	if (isinf(real))
		return (struct scalar){ SCALAR_TEXT, { 0 } };
	return (struct scalar){ SCALAR_FLOAT, { .real = real } };
}
