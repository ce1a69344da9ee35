/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log lines on standard error. Under systemd (JOURNAL_STREAM is set) a line starts with
 * the priority that the journal understands, else with the level as a word. Each line is
 * one write(), so that lines of several processes do not mix.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "cleanup.h"

/* Numbers are those of syslog(3). */
static const struct {
	const char *word;
	const char *priority;
} LEVELS[] = {
	[LOG_LEVEL_ERROR] = { "ERROR ", "<3>" },
	[LOG_LEVEL_WARNING] = { "WARNING ", "<4>" },
	[LOG_LEVEL_INFO] = { "INFO ", "<6>" },
	[LOG_LEVEL_DEBUG] = { "DEBUG ", "<7>" },
};

static enum log_level level_in_force = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	level_in_force = level;
}

static void write_whole(const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDERR_FILENO, text, length);

		if (written <= 0)
			return; /* there is nowhere left to tell it */
		text += written;
		length -= (size_t)written;
	}
}

static void log_line(enum log_level level, const char *format, va_list arguments)
{
	const char *prefix;
	_cleanup_free_ char *message = NULL;
	_cleanup_free_ char *line = NULL;
	int length;

	if (level > level_in_force)
		return;
	prefix = getenv("JOURNAL_STREAM") ? LEVELS[level].priority : LEVELS[level].word;
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	length = asprintf(&line, "%s%s\n", prefix, message ? message : format);
	if (length < 0) {
		line = NULL;
		write_whole(format, strlen(format));
		return;
	}
	write_whole(line, (size_t)length);
}

#define LOG_FUNCTION(name, level)                                                        \
	void name(const char *format, ...)                                               \
	{                                                                                \
		va_list arguments;                                                       \
                                                                                         \
		va_start(arguments, format);                                             \
		log_line(level, format, arguments);                                      \
		va_end(arguments);                                                       \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

int log_failure(const char *what, int error)
{
	log_error("%s: %s", what, strerror(-error));
	return error;
}
