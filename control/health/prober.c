/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine under the checks. A uv_poll_t per probe would cost the loop a handle to
 * open, queue and close for each; here a probe costs the bare system calls, and the loop
 * sees one descriptor: epoll sets nest.
 *
 * Why no event finds a freed probe: a closed socket leaves the set at once, so only
 * events already fetched could be stale. Those are handled as one batch in which probes
 * end but none starts, and no probe is freed (see finished()); a probe that is idle by
 * then is skipped.
 */
#include "prober.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include "transfer.h"
#include "../lib/cleanup.h"

#define BATCH 256
/* Batches per call: a flood of answers may not starve the rest of the loop. */
#define BATCHES 16

struct prober {
	uv_poll_t poll;
	int epoll;
	struct http *http;
	struct http_events events;
	void *context;
};

static const struct probe_kind *const kinds[] = {
	[CHECK_TCP] = &probe_tcp,
	[CHECK_UDP] = &probe_udp,
	[CHECK_DNS] = &probe_dns,
};

static bool speaks_http(const struct probe_target *target)
{
	return target->spec.type == CHECK_HTTP || target->spec.type == CHECK_HTTPS;
}

static void close_socket(struct probe *probe)
{
	close(probe->fd);
	probe->target = NULL;
}

static void take_event(struct prober *prober, const struct epoll_event *event)
{
	struct probe *probe = event->data.ptr;
	struct probe_result result;

	if (event->data.u64 & 1) {
		http_event(prober->http, event->data.u64, event->events);
		return;
	}
	if (!probe->target)
		return;
	if (!kinds[probe->target->spec.type]->judge(probe, event->events, &result))
		return;
	close_socket(probe);
	prober->events.finished(prober->context, probe, &result);
}

void prober_poll(struct prober *prober)
{
	struct epoll_event events[BATCH];
	int count = BATCH;

	for (int batch = 0; batch < BATCHES && count == BATCH; batch++) {
		count = epoll_wait(prober->epoll, events, BATCH, 0);
		for (int i = 0; i < count; i++)
			take_event(prober, &events[i]);
	}
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct prober *prober = poll->data;

	(void)status; /* an error would show in prober_poll() */
	(void)events;
	prober_poll(prober);
	prober->events.settled(prober->context);
}

/* A transfer ended: the probe is idle before its owner hears of it. */
static void http_finished(void *context, struct probe *probe,
			  const struct probe_result *result)
{
	struct prober *prober = context;

	probe->target = NULL;
	prober->events.finished(prober->context, probe, result);
}

static void http_settled(void *context)
{
	struct prober *prober = context;

	prober->events.settled(prober->context);
}

int prober_open(uv_loop_t *loop, const struct http_events *events, void *context,
		struct prober **ret_prober)
{
	static const struct http_events relay = { http_finished, http_settled };
	_cleanup_free_ struct prober *prober = calloc(1, sizeof(*prober));
	_cleanup_close_ int epoll = epoll_create1(EPOLL_CLOEXEC);
	int r;

	if (!prober)
		return -ENOMEM;
	if (epoll < 0)
		return -errno;
	prober->epoll = epoll;
	prober->events = *events;
	prober->context = context;
	r = http_open(loop, epoll, &relay, prober, &prober->http);
	if (r < 0)
		return r;
	r = uv_poll_init(loop, &prober->poll, epoll);
	if (r < 0) {
		http_close(prober->http);
		return r;
	}
	prober->poll.data = prober;
	TAKE_FD(epoll);
	r = uv_poll_start(&prober->poll, UV_READABLE, on_poll);
	if (r < 0) {
		prober_close(TAKE_PTR(prober));
		return r;
	}
	*ret_prober = TAKE_PTR(prober);
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void prober_close(struct prober *prober)
{
	http_close(prober->http);
	uv_close((uv_handle_t *)&prober->poll, on_closed);
	close(prober->epoll);
}

static bool start_socket(struct prober *prober, struct probe *probe,
			 struct probe_result *ret_result)
{
	const struct probe_kind *kind = kinds[probe->target->spec.type];
	struct epoll_event event = { .events = kind->events, .data.ptr = probe };

	if (kind->start(probe, ret_result))
		return true;
	if (epoll_ctl(prober->epoll, EPOLL_CTL_ADD, probe->fd, &event) == 0)
		return false;
	probe_fail_errno(ret_result, errno);
	close(probe->fd);
	return true;
}

bool prober_start(struct prober *prober, struct probe *probe,
		  const struct probe_target *target, struct probe_result *ret_result)
{
	bool over;

	probe->target = target;
	probe->started_ns = uv_hrtime();
	if (speaks_http(target))
		over = http_start(prober->http, probe, ret_result);
	else
		over = start_socket(prober, probe, ret_result);
	if (over)
		probe->target = NULL;
	return over;
}

void prober_stop(struct prober *prober, struct probe *probe)
{
	if (!probe->target)
		return;
	if (speaks_http(probe->target)) {
		http_stop(prober->http, probe);
		probe->target = NULL;
		return;
	}
	close_socket(probe);
}

void prober_expire(struct prober *prober, struct probe *probe,
		   struct probe_result *ret_result)
{
	if (probe->transfer)
		transfer_expire(probe->transfer, ret_result);
	else
		probe_fail_timeout(ret_result, probe);
	prober_stop(prober, probe);
}
