/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: a connection that opens is a success. It is closed by RST (SO_LINGER of zero
 * seconds), so that neither side keeps the port in TIME_WAIT: at one probe a second a
 * backend would hold 60 of them for each balancer.
 */
#include "probe.h"
#include <sys/epoll.h>
#include <sys/socket.h>

static bool start(struct probe *probe, struct probe_result *ret_result)
{
	int fd = probe_connect(probe->target, SOCK_STREAM);

	if (fd < 0)
		return probe_fail_errno(ret_result, -fd);
	probe->fd = fd;
	return false;
}

static bool judge(struct probe *probe, uint32_t events, struct probe_result *ret_result)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	int error = events & (EPOLLERR | EPOLLHUP) ? probe_socket_error(probe->fd) : 0;

	if (error)
		return probe_fail_errno(ret_result, error);
	setsockopt(probe->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	return probe_pass(ret_result, "connected");
}

const struct probe_kind probe_tcp = {
	.events = EPOLLOUT,
	.start = start,
	.judge = judge,
};
