/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log lines on standard error: "LEVEL message", <N> priority prefixes under systemd
 * (JOURNAL_STREAM). Only the rim logs: main, the controller, serve, and the modules'
 * event handlers.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "WHAT: what the error means". Returns error, a negative errno. */
int log_failure(const char *what, int error);

#endif
