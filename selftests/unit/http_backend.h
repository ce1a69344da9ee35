/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An HTTP backend on the loop of a health test: reads a request, keeps it, and answers
 * with fixed bytes, or with none, or without end; then it may fall silent.
 */
#ifndef UNIT_HTTP_BACKEND_H
#define UNIT_HTTP_BACKEND_H

#include "loopback.h"

struct http_backend {
	uv_tcp_t listener;
	bool closed;
	const char *answer;  /* NULL: none; "": close at once */
	const char *endless; /* follows again and again until the client has gone */
	uint64_t pause_ms;   /* … with this between */
	bool silent;	     /* the connection stays open after the answer */
	bool resets;	     /* … or is reset */
	unsigned open;	     /* connections */
	char request[2048];  /* the last one */
	struct wanted_check check;
};

struct http_client {
	uv_tcp_t stream;
	uv_timer_t pause;
	struct http_backend *backend;
	uv_write_t write;
	size_t used;
	char request[2048];
};

static inline void on_pause_closed(uv_handle_t *handle)
{
	struct http_client *client = handle->data;

	client->backend->open--;
	free(client);
}

static inline void on_client_closed(uv_handle_t *handle)
{
	struct http_client *client = handle->data;

	uv_close((uv_handle_t *)&client->pause, on_pause_closed);
}

static inline void close_client(struct http_client *client)
{
	if (!uv_is_closing((uv_handle_t *)&client->stream))
		uv_close((uv_handle_t *)&client->stream, on_client_closed);
}

static inline void send_text(struct http_client *client, const char *text);

static inline void on_pause(uv_timer_t *pause)
{
	struct http_client *client = pause->data;

	if (!uv_is_closing((uv_handle_t *)&client->stream))
		send_text(client, client->backend->endless);
}

static inline void on_sent(uv_write_t *write, int status)
{
	struct http_client *client = write->handle->data;

	if (status == 0 && client->backend->endless)
		uv_timer_start(&client->pause, on_pause, client->backend->pause_ms, 0);
	else if (client->backend->resets)
		uv_tcp_close_reset(&client->stream, on_client_closed);
	else if (!client->backend->silent || status < 0)
		close_client(client);
}

static inline void send_text(struct http_client *client, const char *text)
{
	uv_buf_t buffer = uv_buf_init((char *)text, (unsigned)strlen(text));

	uv_write(&client->write, (uv_stream_t *)&client->stream, &buffer, 1, on_sent);
}

static inline void give_room(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_buffer)
{
	struct http_client *client = handle->data;

	(void)wanted;
	*ret_buffer = uv_buf_init(client->request + client->used,
				  (unsigned)(sizeof(client->request) - 1 - client->used));
}

static inline void on_request(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
	struct http_client *client = stream->data;

	(void)buffer;
	if (size < 0) {
		close_client(client);
		return;
	}
	client->used += (size_t)size;
	if (!strstr(client->request, "\r\n\r\n") || !client->backend->answer)
		return;
	memcpy(client->backend->request, client->request, sizeof(client->request));
	send_text(client, client->backend->answer);
}

static inline void on_connection(uv_stream_t *listener, int status)
{
	struct http_client *client = calloc(1, sizeof(*client));

	assert_int_equal(status, 0);
	client->backend = listener->data;
	client->backend->open++;
	uv_tcp_init(listener->loop, &client->stream);
	client->stream.data = client;
	uv_timer_init(listener->loop, &client->pause);
	client->pause.data = client;
	assert_int_equal(uv_accept(listener, (uv_stream_t *)&client->stream), 0);
	uv_read_start((uv_stream_t *)&client->stream, give_room, on_request);
}

static inline void open_http(struct stage *stage, struct http_backend *backend,
			     const char *address, const char *answer)
{
	int fd = bind_socket(address, SOCK_STREAM, 0);

	*backend = (struct http_backend){ .answer = answer };
	backend->check = at(address, port_of(fd));
	uv_tcp_init(&stage->loop, &backend->listener);
	backend->listener.data = backend;
	assert_int_equal(uv_tcp_open(&backend->listener, fd), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&backend->listener, 128, on_connection),
			 0);
}

static inline void on_listener_closed(uv_handle_t *handle)
{
	struct http_backend *backend = handle->data;

	backend->closed = true;
}

/* After the checks have gone, so that no client is left. */
static inline void close_http(struct stage *stage, struct http_backend *backend)
{
	uv_close((uv_handle_t *)&backend->listener, on_listener_closed);
	loop_until(stage, backend->closed && backend->open == 0);
}

#endif
