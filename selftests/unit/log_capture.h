/* SPDX-License-Identifier: BSD-2-Clause */
/* What is logged, caught. Include after cmocka.h. */
#ifndef UNIT_LOG_CAPTURE_H
#define UNIT_LOG_CAPTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Standard error from here to log_end(), which returns it. */
static int saved_error = -1;
static FILE *log_file;

static inline void log_begin(void)
{
	fflush(stderr);
	log_file = tmpfile();
	saved_error = dup(STDERR_FILENO);
	assert_non_null(log_file);
	assert_true(dup2(fileno(log_file), STDERR_FILENO) >= 0);
}

static inline size_t log_end(const char *needle)
{
	static char text[16384];
	size_t count = 0;

	fflush(stderr);
	dup2(saved_error, STDERR_FILENO);
	close(saved_error);
	rewind(log_file);
	text[fread(text, 1, sizeof(text) - 1, log_file)] = '\0';
	fclose(log_file);
	for (const char *at = text; (at = strstr(at, needle)); at++)
		count++;
	return count;
}

#endif
