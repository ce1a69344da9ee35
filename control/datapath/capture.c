/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libbpf tells why something failed by printing. Here that is kept in memory, so that a
 * complaint can quote the part that matters and nothing reaches the terminal twice.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "load.h"

#define CAPTURE 32768

static char text[CAPTURE];
static size_t length;
static char line[512];

/* The end matters: a verifier's log is longest where it explains itself least. */
static void make_room(size_t more)
{
	if (length + more < CAPTURE)
		return;
	size_t keep = CAPTURE / 2 < length ? CAPTURE / 2 : length;
	memmove(text, text + length - keep, keep);
	length = keep;
}

static int keep(enum libbpf_print_level level, const char *format, va_list arguments)
{
	static char part[CAPTURE / 2];

	if (level == LIBBPF_DEBUG)
		return 0;
	int printed = vsnprintf(part, sizeof(part), format, arguments);
	if (printed <= 0)
		return 0;
	size_t count =
	    (size_t)printed < sizeof(part) ? (size_t)printed : sizeof(part) - 1;
	make_room(count + 1);
	memcpy(text + length, part, count);
	length += count;
	text[length] = 0;
	return 0;
}

void capture_begin(void)
{
	libbpf_set_print(keep);
	length = 0;
	text[0] = 0;
}

const char *capture_tail(unsigned lines)
{
	while (length && text[length - 1] == '\n')
		text[--length] = 0;
	const char *from = text + length;
	while (from > text && (from[-1] != '\n' || --lines))
		from--;
	return from;
}

const char *capture_kernel_message(void)
{
	static const char mark[] = "Kernel error message: ";
	const char *found = strstr(text, mark);

	if (!found)
		return "";
	snprintf(line, sizeof(line), "%s", found + sizeof(mark) - 1);
	line[strcspn(line, "\n")] = 0;
	return line;
}

bool capture_contains(const char *part)
{
	return strstr(text, part) != NULL;
}
