/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libmicrohttpd on the loop: its epoll descriptor is polled by libuv, its time-outs run
 * on a timer. It reads requests and writes answers; what they mean is request.c's and
 * answer.c's. The server owns the listener and both handles.
 */
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "../lib/log.h"
#include "answer.h"
#include "listener.h"
#include "serve.h"

#define CONNECTIONS_MOST 64U
#define IDLE_S		 30U
#define ARGUMENTS_MOST	 16

struct serve {
	const struct api_state *api;
	struct listener listener;
	struct MHD_Daemon *http;
	uv_poll_t ready;
	uv_timer_t timer;
	unsigned open_handles;
};

static void run_http(struct serve *serve);

static void on_ready(uv_poll_t *handle, int status, int events)
{
	(void)status;
	(void)events;
	run_http(handle->data);
}

static void on_timer(uv_timer_t *handle)
{
	run_http(handle->data);
}

static void run_http(struct serve *serve)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	MHD_run(serve->http);
	if (MHD_get_timeout(serve->http, &wait_ms) == MHD_YES)
		uv_timer_start(&serve->timer, on_timer, wait_ms, 0);
	else
		uv_timer_stop(&serve->timer);
}

static void log_http(void *context, const char *format, va_list list)
{
	_cleanup_free_ char *text = NULL;

	(void)context;
	if (vasprintf(&text, format, list) < 0) {
		text = NULL;
		return;
	}
	text[strcspn(text, "\n")] = '\0';
	log_debug("API: %s", text);
}

struct arguments {
	struct argument items[ARGUMENTS_MOST];
	size_t count;
	bool too_many;
};

static enum MHD_Result take_argument(void *context, enum MHD_ValueKind kind,
				     const char *name, const char *value)
{
	struct arguments *arguments = context;

	(void)kind;
	arguments->too_many = arguments->count == ARGUMENTS_MOST;
	if (arguments->too_many)
		return MHD_NO;
	arguments->items[arguments->count++] = (struct argument){ name, value };
	return MHD_YES;
}

/* The caller's user, by the kernel's word; -1 when it gives none. */
static uid_t caller_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (!info ||
	    getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return (uid_t)-1;
	return peer.uid;
}

static unsigned answer(const struct serve *serve, struct MHD_Connection *connection,
		       const char *method, const char *path, struct body *ret_body)
{
	struct arguments arguments = { .count = 0 };
	struct request_error error;
	struct request request;

	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take_argument,
				  &arguments);
	if (arguments.too_many) {
		answer_error(ret_body, "too many arguments: give each at most once");
		return 400;
	}
	unsigned code = request_parse(method, path, arguments.items, arguments.count,
				      &request, &error);

	if (code != 200) {
		answer_error(ret_body, error.sentence);
		return code;
	}
	if (!request.changes)
		return answer_request(serve->api, &request, ret_body);
	uid_t caller = caller_of(connection);

	if (caller != 0 && caller != geteuid()) {
		answer_error(ret_body, "only root may change anything: use sudo");
		return 403;
	}
	code = answer_request(serve->api, &request, ret_body);
	log_info("API: %s %s by user %u: %s", method, path, (unsigned)caller,
		 json_object_to_json_string(ret_body->root));
	return code;
}

static enum MHD_Result send_body(struct MHD_Connection *connection, unsigned code,
				 const struct body *body)
{
	size_t length;
	const char *text = json_object_to_json_string_length(
	    body->root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);

	if (!text)
		return MHD_NO; /* closes the connection */
	struct MHD_Response *response =
	    MHD_create_response_from_buffer(length, (void *)text, MHD_RESPMEM_MUST_COPY);

	if (!response)
		return MHD_NO;
	enum MHD_Result r = MHD_add_response_header(
	    response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");

	if (r == MHD_YES)
		r = MHD_queue_response(connection, code, response);
	MHD_destroy_response(response);
	return r;
}

/* Called with the headers first, then with each piece of a body, then to be answered. */
// NOLINTNEXTLINE(readability-function-size): libmicrohttpd decides the parameters
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
				  const char *path, const char *method,
				  const char *version, const char *upload,
				  size_t *upload_size, void **seen)
{
	static char mark;
	struct body body;

	(void)version;
	(void)upload;
	if (!*seen) {
		*seen = &mark;
		return MHD_YES;
	}
	if (*upload_size) { /* no request has a body: read over it */
		*upload_size = 0;
		return MHD_YES;
	}
	unsigned code = answer(context, connection, method, path, &body);
	enum MHD_Result r = send_body(connection, code, &body);

	body_clear(&body);
	return r;
}

static void free_serve(struct serve *serve)
{
	listener_close(&serve->listener);
	free(serve);
}

static void on_closed(uv_handle_t *handle)
{
	struct serve *serve = handle->data;

	if (--serve->open_handles == 0)
		free_serve(serve);
}

void serve_close(struct serve *serve)
{
	if (!serve)
		return;
	uv_close((uv_handle_t *)&serve->ready, on_closed);
	uv_close((uv_handle_t *)&serve->timer, on_closed);
	MHD_stop_daemon(serve->http);
}

static int start_http(struct serve *serve, int *ret_epoll)
{
	serve->http = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, serve,
	    MHD_OPTION_EXTERNAL_LOGGER, log_http, NULL, MHD_OPTION_LISTEN_SOCKET,
	    serve->listener.fd, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MOST,
	    MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_END);
	if (!serve->http)
		return -ENOMEM;
	serve->listener.fd = -1; /* closed by libmicrohttpd */
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(serve->http, MHD_DAEMON_INFO_EPOLL_FD);

	if (!info) {
		MHD_stop_daemon(serve->http);
		return -ENOTSUP;
	}
	*ret_epoll = info->epoll_fd;
	return 0;
}

/* From here on serve_close() is the way out. */
static int start_handles(uv_loop_t *loop, struct serve *serve, int epoll)
{
	int r = uv_poll_init(loop, &serve->ready, epoll);

	if (r < 0) {
		MHD_stop_daemon(serve->http);
		return r;
	}
	uv_timer_init(loop, &serve->timer); /* cannot fail */
	serve->ready.data = serve->timer.data = serve;
	serve->open_handles = 2;
	return 0;
}

int serve_open(uv_loop_t *loop, const char *path, const struct api_state *api,
	       struct complaints *complaints, struct serve **ret_serve)
{
	struct serve *serve = calloc(1, sizeof(*serve));
	int r, epoll;

	if (!serve)
		return -ENOMEM;
	serve->api = api;
	serve->listener = (struct listener){ .lock = -1, .fd = -1 };
	r = listener_open(path, complaints, &serve->listener);
	if (r < 0) {
		free_serve(serve);
		return r;
	}
	r = start_http(serve, &epoll);
	if (r == 0)
		r = start_handles(loop, serve, epoll);
	if (r == 0)
		r = uv_poll_start(&serve->ready, UV_READABLE, on_ready);
	if (r < 0) {
		complain(complaints, COMPLAINT_ERROR, NULL, NULL,
			 "the API at %s cannot be served (%s): free some memory or file "
			 "descriptors",
			 path, strerror(-r));
		if (serve->open_handles)
			serve_close(serve);
		else
			free_serve(serve);
		return r;
	}
	*ret_serve = serve;
	return 0;
}
