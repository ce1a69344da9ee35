/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP and DNS: one datagram out, one answer awaited. The socket is connected, so that
 * only the backend's own answers arrive, and asks for errors (IP_RECVERR), so that every
 * ICMP unreachable fails the probe at once instead of by time-out.
 *
 * UDP: any answer is a success, or, with `expect`, one that contains these bytes.
 * DNS: NOERROR to our question is a success, any other RCODE a failure; stray answers
 * are passed over until the time-out.
 */
#include "probe.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include "dns.h"
#include "../lib/cleanup.h"

/* An answer longer than this is judged by its beginning. */
#define ANSWER_SIZE 4096

static int open_and_send(struct probe *probe, const void *payload, size_t length)
{
	const struct probe_target *target = probe->target;
	bool is_v4 = addr_is_v4(&target->addr);
	const int on = 1;
	_cleanup_close_ int fd = probe_connect(target, SOCK_DGRAM);

	if (fd < 0)
		return fd;
	if (setsockopt(fd, is_v4 ? IPPROTO_IP : IPPROTO_IPV6,
		       is_v4 ? IP_RECVERR : IPV6_RECVERR, &on, sizeof(on)) < 0)
		return -errno;
	if (send(fd, payload, length, 0) < 0)
		return -errno;
	probe->fd = TAKE_FD(fd);
	return 0;
}

static bool start_udp(struct probe *probe, struct probe_result *ret_result)
{
	const char *payload = probe->target->spec.send;
	int r =
	    open_and_send(probe, payload ? payload : "", payload ? strlen(payload) : 0);

	return r < 0 && probe_fail_errno(ret_result, -r);
}

static int make_query(const struct probe *probe, uint8_t query[DNS_QUERY_SIZE])
{
	const char *name = probe->target->spec.send;

	return dns_query(name ? name : "", probe->query_id, query);
}

static bool start_dns(struct probe *probe, struct probe_result *ret_result)
{
	uint8_t query[DNS_QUERY_SIZE];
	int length, r;

	if (getrandom(&probe->query_id, sizeof(probe->query_id), 0) < 0)
		return probe_fail_errno(ret_result, errno);
	probe->strayed = false;
	length = make_query(probe, query);
	if (length < 0)
		return probe_void(ret_result,
				  "not probed: the name to ask for is no domain name");
	r = open_and_send(probe, query, (size_t)length);
	return r < 0 && probe_fail_errno(ret_result, -r);
}

static bool judge_udp(struct probe *probe, uint32_t events,
		      struct probe_result *ret_result)
{
	const char *expect = probe->target->spec.expect;
	char answer[ANSWER_SIZE];
	ssize_t length = recv(probe->fd, answer, sizeof(answer), 0);

	(void)events;
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (length < 0)
		return probe_fail_errno(ret_result, errno);
	if (expect && !memmem(answer, (size_t)length, expect, strlen(expect)))
		return probe_fail(ret_result, "the answer lacks the expected text");
	return probe_pass(ret_result, "answered");
}

static bool judge_code(unsigned code, struct probe_result *ret_result)
{
	const char *name = dns_code_name(code);

	if (code == 0)
		return probe_pass(ret_result, "DNS %s", name);
	if (name)
		return probe_fail(ret_result, "DNS %s", name);
	return probe_fail(ret_result, "DNS RCODE %u", code);
}

static bool judge_dns(struct probe *probe, uint32_t events,
		      struct probe_result *ret_result)
{
	uint8_t query[DNS_QUERY_SIZE], answer[ANSWER_SIZE];
	int query_length = make_query(probe, query); /* start_dns() found it valid */

	(void)events;
	for (;;) {
		ssize_t length = recv(probe->fd, answer, sizeof(answer), 0);
		unsigned code = 0;

		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return false;
		if (length < 0)
			return probe_fail_errno(ret_result, errno);
		if (dns_judge(query, (size_t)query_length, answer, (size_t)length,
			      &code) == DNS_ANSWERED)
			return judge_code(code, ret_result);
		probe->strayed = true;
	}
}

const struct probe_kind probe_udp = {
	.events = EPOLLIN,
	.start = start_udp,
	.judge = judge_udp,
};

const struct probe_kind probe_dns = {
	.events = EPOLLIN,
	.start = start_dns,
	.judge = judge_dns,
};
