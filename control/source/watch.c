// SPDX-License-Identifier: BSD-2-Clause
/*
 * inotify (by libuv) watches an inode, not a name: a folder that is renamed away keeps
 * its watch and the one that takes its place has none. So the identity behind the name is
 * compared once per second, which also serves folders reached by symbolic links and those
 * that do not exist for a while. A full reading each ten seconds makes up for events lost
 * by a queue overflow, which libuv does not report, and for network file systems.
 */
#include "watch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define POLLS_PER_READING 10
#define HANDLES		  3

struct watch {
	uv_fs_event_t event;
	uv_timer_t timer; /* the next firing */
	uv_timer_t poll;
	char *folder;
	void (*fire)(void *context);
	void *context;
	uint64_t fired_ms;
	unsigned polls;
	unsigned open_handles;
	bool watching; /* device and inode are those of the folder that is watched */
	dev_t device;
	ino_t inode;
};

uint64_t watch_now(const struct watch *watch)
{
	return uv_now(watch->timer.loop);
}

static void on_timer(uv_timer_t *timer)
{
	struct watch *watch = timer->data;

	watch->fired_ms = uv_now(timer->loop);
	watch->fire(watch->context);
}

void watch_again(struct watch *watch, uint64_t delay_ms)
{
	uv_timer_t *timer = &watch->timer;

	if (uv_is_active((uv_handle_t *)timer) && uv_timer_get_due_in(timer) <= delay_ms)
		return;
	uv_timer_start(timer, on_timer, delay_ms, 0);
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
	struct watch *watch = event->data;
	uint64_t since = uv_now(event->loop) - watch->fired_ms;

	(void)name;
	(void)events;
	(void)status;
	watch_again(watch, since < WATCH_PAUSE_MS ? WATCH_PAUSE_MS - since : 0);
}

static bool is_same_folder(const struct watch *watch)
{
	struct stat now;

	return watch->watching && stat(watch->folder, &now) == 0 &&
	       now.st_dev == watch->device && now.st_ino == watch->inode;
}

static void on_poll(uv_timer_t *timer)
{
	struct watch *watch = timer->data;

	if (++watch->polls % POLLS_PER_READING == 0 || !is_same_folder(watch))
		watch_again(watch, 0);
}

int watch_renew(struct watch *watch)
{
	struct stat now;

	if (is_same_folder(watch))
		return 0;
	uv_fs_event_stop(&watch->event);
	watch->watching = false;
	int r = uv_fs_event_start(&watch->event, on_event, watch->folder, 0);
	if (r < 0)
		return r;
	if (stat(watch->folder, &now) < 0)
		return 0; /* vanished just now: the next poll looks again */
	watch->device = now.st_dev;
	watch->inode = now.st_ino;
	watch->watching = true;
	return 0;
}

static void on_close(uv_handle_t *handle)
{
	struct watch *watch = handle->data;

	if (--watch->open_handles > 0)
		return;
	free(watch->folder);
	free(watch);
}

void watch_close(struct watch *watch)
{
	if (!watch)
		return;
	uv_close((uv_handle_t *)&watch->event, on_close);
	uv_close((uv_handle_t *)&watch->timer, on_close);
	uv_close((uv_handle_t *)&watch->poll, on_close);
}

int watch_open(uv_loop_t *loop, const char *folder, void (*fire)(void *context),
	       void *context, struct watch **ret_watch)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return UV_ENOMEM;
	watch->folder = strdup(folder);
	if (!watch->folder) {
		free(watch);
		return UV_ENOMEM;
	}
	watch->fire = fire;
	watch->context = context;
	watch->open_handles = HANDLES;
	/* on Linux none of these can fail: they only fill the handles in */
	uv_fs_event_init(loop, &watch->event);
	uv_timer_init(loop, &watch->timer);
	uv_timer_init(loop, &watch->poll);
	watch->event.data = watch->timer.data = watch->poll.data = watch;
	uv_timer_start(&watch->poll, on_poll, WATCH_POLL_MS, WATCH_POLL_MS);
	*ret_watch = watch;
	return 0;
}
