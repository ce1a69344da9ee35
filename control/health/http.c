/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libcurl's multi interface on the loop. libcurl names the sockets it waits for
 * (watch_socket) and the time at which it wants to be called (set_timer); results are
 * collected after each call into it, never inside its callbacks, where it forbids calls.
 * An event of a socket that libcurl has closed meanwhile is harmless: it knows its own.
 */
#include "http.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include "transfer.h"
#include "../lib/cleanup.h"

struct http {
	uv_timer_t timer;
	CURLM *multi;
	int epoll;
	struct http_events events;
	void *context;
};

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context,
			void *known)
{
	struct http *http = context;
	struct epoll_event event = { .data.u64 = http_tag(fd) };

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(http->epoll, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		event.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		event.events |= EPOLLOUT;
	if (epoll_ctl(http->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) < 0)
		return -1;
	curl_multi_assign(http->multi, fd, http);
	return 0;
}

/* The results of a call into libcurl. finished() may not start or stop transfers. */
static void reap(struct http *http)
{
	struct http_transfer *transfer;
	struct probe_result result;
	CURLMsg *message;
	int left;

	for (;;) {
		message = curl_multi_info_read(http->multi, &left);
		if (!message)
			return;
		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		transfer_judge(transfer, code, &result);
		struct probe *probe = transfer->probe;

		http_stop(http, probe);
		http->events.finished(http->context, probe, &result);
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct http *http = timer->data;
	int running;

	curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	reap(http);
	http->events.settled(http->context);
}

/* Never for now: see arm() in health.c. */
static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
	struct http *http = context;
	uint64_t delay_ms = timeout_ms > 0 ? (uint64_t)timeout_ms : 1;

	(void)multi;
	if (timeout_ms < 0)
		return uv_timer_stop(&http->timer);
	return uv_timer_start(&http->timer, on_timer, delay_ms, 0) < 0 ? -1 : 0;
}

static CURLMcode set_callbacks(struct http *http)
{
	CURLMcode r =
	    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);

	if (r == CURLM_OK)
		r = curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	if (r == CURLM_OK)
		r = curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	if (r == CURLM_OK)
		r = curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	return r;
}

int http_open(uv_loop_t *loop, int epoll, const struct http_events *events, void *context,
	      struct http **ret_http)
{
	_cleanup_free_ struct http *http = calloc(1, sizeof(*http));
	int r;

	if (!http)
		return -ENOMEM;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	http->epoll = epoll;
	http->events = *events;
	http->context = context;
	http->multi = curl_multi_init();
	r = http->multi && set_callbacks(http) == CURLM_OK ? 0 : -ENOMEM;
	if (r == 0)
		r = uv_timer_init(loop, &http->timer);
	if (r < 0) {
		curl_multi_cleanup(http->multi);
		curl_global_cleanup();
		return r;
	}
	http->timer.data = http;
	*ret_http = TAKE_PTR(http);
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void http_close(struct http *http)
{
	curl_multi_cleanup(http->multi);
	curl_global_cleanup();
	uv_close((uv_handle_t *)&http->timer, on_closed);
}

bool http_start(struct http *http, struct probe *probe, struct probe_result *ret_result)
{
	probe->transfer = transfer_create(probe);
	if (!probe->transfer)
		return probe_fail_errno(ret_result, ENOMEM);
	if (curl_multi_add_handle(http->multi, probe->transfer->easy) == CURLM_OK)
		return false;
	transfer_free(TAKE_PTR(probe->transfer));
	return probe_fail_errno(ret_result, ENOMEM);
}

void http_stop(struct http *http, struct probe *probe)
{
	struct http_transfer *transfer = TAKE_PTR(probe->transfer);

	if (!transfer)
		return;
	curl_multi_remove_handle(http->multi, transfer->easy);
	transfer_free(transfer);
}

void http_event(struct http *http, uint64_t tag, uint32_t events)
{
	int mask = 0, running;

	if (events & EPOLLIN)
		mask |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		mask |= CURL_CSELECT_ERR;
	curl_multi_socket_action(http->multi, (curl_socket_t)(tag >> 1), mask, &running);
	reap(http);
}
