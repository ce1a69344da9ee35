/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watching a folder on the loop: fires at once after the first event, then once per
 * WATCH_PAUSE_MS while events keep coming; also when the folder is replaced, every second
 * while it cannot be watched, and every ten seconds whatever happens.
 */
#ifndef SOURCE_WATCH_H
#define SOURCE_WATCH_H

#include <uv.h>

#define WATCH_PAUSE_MS 50
#define WATCH_POLL_MS  1000

struct watch;

int watch_open(uv_loop_t *loop, const char *folder, void (*fire)(void *context),
	       void *context, struct watch **ret_watch);
/* The memory goes with the loop's next turns. */
void watch_close(struct watch *watch);
/*
 * Watch what the folder's name means now; call before reading the folder, so that nothing
 * slips through between. 0, or -errno while it cannot be watched.
 */
int watch_renew(struct watch *watch);
/* Fire in this time at the latest. */
void watch_again(struct watch *watch, uint64_t delay_ms);
uint64_t watch_now(const struct watch *watch);

#endif
