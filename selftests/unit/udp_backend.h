/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A UDP backend on the loop of a health test: what it does with a datagram, how many came
 * and when.
 */
#ifndef UNIT_UDP_BACKEND_H
#define UNIT_UDP_BACKEND_H

#include "loopback.h"

enum manner { SILENT, ECHOING, DNS_GOOD, DNS_SERVFAIL, DNS_BAD_ID };

struct udp_backend {
	uv_poll_t poll;
	int fd;
	enum manner manner;
	bool closed;
	unsigned received;
	uint64_t first_ms, last_ms, shortest_gap_ms;
	struct wanted_check check;
};

static inline void note_arrival(struct udp_backend *backend)
{
	uint64_t now_ms = uv_hrtime() / 1000000;

	if (!backend->received)
		backend->first_ms = now_ms;
	else if (now_ms - backend->last_ms < backend->shortest_gap_ms)
		backend->shortest_gap_ms = now_ms - backend->last_ms;
	backend->last_ms = now_ms;
	backend->received++;
}

static inline void answer_udp(uv_poll_t *poll, int status, int events)
{
	struct udp_backend *backend = poll->data;
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	unsigned char data[512];
	ssize_t size = recvfrom(backend->fd, data, sizeof(data), 0,
				(struct sockaddr *)&from, &length);

	(void)status;
	(void)events;
	if (size < 0)
		return;
	note_arrival(backend);
	if (backend->manner == SILENT)
		return;
	if (backend->manner >= DNS_GOOD)
		data[2] |= 0x80;
	if (backend->manner == DNS_SERVFAIL)
		data[3] = 2;
	if (backend->manner == DNS_BAD_ID)
		data[1] ^= 1;
	sendto(backend->fd, data, (size_t)size, 0, (struct sockaddr *)&from, length);
}

static inline void open_udp(struct stage *stage, struct udp_backend *backend,
			    const char *address, enum manner manner)
{
	*backend =
	    (struct udp_backend){ .manner = manner, .shortest_gap_ms = UINT64_MAX };
	backend->fd = bind_socket(address, SOCK_DGRAM, 0);
	backend->check = at(address, port_of(backend->fd));
	uv_poll_init(&stage->loop, &backend->poll, backend->fd);
	backend->poll.data = backend;
	uv_poll_start(&backend->poll, UV_READABLE, answer_udp);
}

static inline void on_udp_closed(uv_handle_t *handle)
{
	struct udp_backend *backend = handle->data;

	backend->closed = true;
}

/* The loop has let go of it before this returns: it may be opened again. */
static inline void close_udp(struct stage *stage, struct udp_backend *backend)
{
	uv_close((uv_handle_t *)&backend->poll, on_udp_closed);
	close(backend->fd);
	loop_until(stage, backend->closed);
}

#endif
