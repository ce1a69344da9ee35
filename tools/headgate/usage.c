/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>

#include "command.h"

int usage(const char *format, ...)
{
	va_list list;

	fputs("headgate: ", stderr);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	return EXIT_USAGE;
}
