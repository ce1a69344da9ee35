/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP and HTTPS probes on one libcurl multi handle. Sockets are watched by the prober's
 * epoll set; an event there comes back by http_event().
 */
#ifndef HEALTH_HTTP_H
#define HEALTH_HTTP_H

#include <uv.h>
#include "probe.h"

struct http;

/* finished() for each result, from http_event() or the loop; settled() after the last of
 * a loop turn. */
struct http_events {
	void (*finished)(void *context, struct probe *probe,
			 const struct probe_result *result);
	void (*settled)(void *context);
};

/* epoll data of a curl socket: odd, so that it is no pointer. */
static inline uint64_t http_tag(int fd)
{
	return (uint64_t)fd << 1 | 1;
}

int http_open(uv_loop_t *loop, int epoll, const struct http_events *events, void *context,
	      struct http **ret_http);
/* No transfer may be under way. Memory goes when the loop has run once more. */
void http_close(struct http *http);
/* True when it is over already, with *ret_result; false: under way. */
bool http_start(struct http *http, struct probe *probe, struct probe_result *ret_result);
void http_stop(struct http *http, struct probe *probe);
/* An epoll event of a socket whose tag is http_tag(fd). */
void http_event(struct http *http, uint64_t tag, uint32_t events);

#endif
