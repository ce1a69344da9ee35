/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log lines about checks that changed: "backend 10.20.0.11:80 of shop/web is down:
 * connection refused (2 of 2)". At most NEWS_LINES a second, so that a rack that fails
 * does not drown the log; the rest is counted and told in one line when its second ends.
 */
#ifndef HEALTH_CHECK_LOG_H
#define HEALTH_CHECK_LOG_H

#include "check.h"

#define NEWS_LINES     20U
#define NEWS_WINDOW_MS 1000U

struct check_log {
	uint64_t window_ms; /* when the window began */
	unsigned lines;	    /* written in it */
	unsigned down, up;  /* counted instead of written */
};

/* One line for each Service that uses the check. `before`: its state before the change. */
void check_log_tell(struct check_log *log, const struct check *check, int before,
		    uint64_t now_ms);
/* Write the summary if it is time. Returns when it will be, UINT64_MAX: nothing waits. */
uint64_t check_log_flush(struct check_log *log, uint64_t now_ms);

#endif
