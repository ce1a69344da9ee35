// SPDX-License-Identifier: BSD-2-Clause
#include "duration.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LONGEST_MS (1000LL * 24 * 3600 * 1000)

static const struct unit {
	const char *name; /* the longer of two that begin alike comes first */
	int64_t ms;
} units[] = {
	{ "ms", 1 },
	{ "h", 3600 * 1000 },
	{ "m", 60 * 1000 },
	{ "s", 1000 },
};
#define UNITS (sizeof(units) / sizeof(units[0]))

static const struct unit *find_unit(const char *text)
{
	for (size_t i = 0; i < UNITS; i++)
		if (strncmp(text, units[i].name, strlen(units[i].name)) == 0)
			return &units[i];
	return NULL;
}

/* One number with its unit; advances *text. -1 when there is none. */
static int64_t parse_part(const char **text)
{
	const char *at = *text;
	int64_t number = 0;

	if (*at < '0' || *at > '9')
		return -1;
	for (; *at >= '0' && *at <= '9'; at++) {
		number = number * 10 + (*at - '0');
		if (number > LONGEST_MS)
			return -1;
	}
	const struct unit *unit = find_unit(at);
	if (!unit || number > LONGEST_MS / unit->ms)
		return -1;
	*text = at + strlen(unit->name);
	return number * unit->ms;
}

int duration_parse(const char *text, int64_t *ret_ms)
{
	int64_t sum = 0;

	if (strcmp(text, "0") == 0) {
		*ret_ms = 0;
		return 0;
	}
	do {
		int64_t part = parse_part(&text);
		if (part < 0 || sum + part > LONGEST_MS)
			return -EINVAL;
		sum += part;
	} while (*text);
	*ret_ms = sum;
	return 0;
}

const char *duration_print(int64_t ms, char *buffer)
{
	const struct unit *best = ms ? &units[0] : &units[UNITS - 1];

	for (size_t i = 0; ms && i < UNITS; i++)
		if (ms % units[i].ms == 0 && units[i].ms > best->ms)
			best = &units[i];
	snprintf(buffer, DURATION_TEXT, "%lld%s", (long long)(ms / best->ms), best->name);
	return buffer;
}
