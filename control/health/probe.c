/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all kinds of probes share: a connected socket, and results in words. A result
 * text completes the sentence "the last probe said: …" in `backend list`.
 */
#include "probe.h"
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "../lib/cleanup.h"

static void say(struct probe_result *result, enum probe_outcome outcome,
		const char *format, va_list arguments)
{
	result->outcome = outcome;
	vsnprintf(result->text, sizeof(result->text), format, arguments);
}

bool probe_pass(struct probe_result *ret_result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(ret_result, PROBE_PASSED, format, arguments);
	va_end(arguments);
	return true;
}

bool probe_fail(struct probe_result *ret_result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(ret_result, PROBE_FAILED, format, arguments);
	va_end(arguments);
	return true;
}

bool probe_void(struct probe_result *ret_result, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(ret_result, PROBE_VOID, format, arguments);
	va_end(arguments);
	return true;
}

/* Out of something on this node; the remedy goes with it. NULL: the backend's own fault.
 */
static const char *shortage(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
		return "raise LimitNOFILE";
	case EADDRNOTAVAIL:
	case EAGAIN:
		return "widen net.ipv4.ip_local_port_range";
	case ENOSPC:
		return "raise fs.epoll.max_user_watches";
	case ENOMEM:
	case ENOBUFS:
		return "free memory";
	default:
		return NULL;
	}
}

bool probe_fail_errno(struct probe_result *ret_result, int error)
{
	const char *remedy = shortage(error);
	char cause[64];

	snprintf(cause, sizeof(cause), "%s", strerror(error));
	cause[0] = (char)tolower((unsigned char)cause[0]);
	if (!remedy)
		return probe_fail(ret_result, "%s", cause);
	return probe_void(ret_result, "not probed: %s, %s", cause, remedy);
}

bool probe_fail_timeout(struct probe_result *ret_result, const struct probe *probe)
{
	unsigned timeout_ms = probe->target->spec.timeout_ms;
	const char *what = probe->strayed ? "no matching answer" : "no answer";

	if (timeout_ms % 1000)
		return probe_fail(ret_result, "%s within %u ms", what, timeout_ms);
	return probe_fail(ret_result, "%s within %u s", what, timeout_ms / 1000);
}

int probe_connect(const struct probe_target *target, int type)
{
	struct sockaddr_storage to;
	socklen_t length = addr_to_sockaddr(&target->addr, target->port, &to);
	_cleanup_close_ int fd =
	    socket(to.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = connect(fd, (struct sockaddr *)&to, length);
	if (r < 0 && errno != EINPROGRESS)
		return -errno;
	return TAKE_FD(fd);
}

int probe_socket_error(int fd)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		return errno;
	return error;
}
