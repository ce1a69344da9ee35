/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtnetlink sockets. Each request has its own sequence number, so that what is left of an
 * abandoned dump is never taken for the answer to the next question. Only the kernel
 * (port 0) is believed. Buffers are 32 KiB, the largest datagram the kernel builds for a
 * dump; a truncated datagram counts as lost.
 */
#include "socket.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include "../lib/cleanup.h"

#define BUFFER_SIZE	 32768
#define NEWS_BUFFER_SIZE (4 << 20)
#define DUMP_TRIES	 10
#define ANSWER_S	 5
/* Datagrams taken in one turn of the loop: the others wait, timers and sockets run. */
#define NEWS_BATCH 512

struct netlink {
	struct mnl_socket *mnl;
	uint32_t sequence;
	char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
};

void netlink_close(struct netlink *netlink)
{
	if (!netlink)
		return;
	if (netlink->mnl)
		mnl_socket_close(netlink->mnl);
	free(netlink);
}

void netlink_closep(struct netlink **netlink)
{
	netlink_close(*netlink);
}

int netlink_fd(const struct netlink *netlink)
{
	return mnl_socket_get_fd(netlink->mnl);
}

static int open_socket(struct netlink *netlink, int flags)
{
	netlink->mnl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | flags);
	if (!netlink->mnl)
		return -errno;
	if (mnl_socket_bind(netlink->mnl, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	return 0;
}

int netlink_open(struct netlink **ret_netlink)
{
	struct timeval patience = { .tv_sec = ANSWER_S };
	CLEANUP(netlink_closep)
	struct netlink *netlink = calloc(1, sizeof(*netlink));
	int r;

	if (!netlink)
		return -ENOMEM;
	r = open_socket(netlink, 0);
	if (r < 0)
		return r;
	if (setsockopt(netlink_fd(netlink), SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) < 0)
		return -errno;
	*ret_netlink = TAKE_PTR(netlink);
	return 0;
}

int netlink_open_news(struct netlink **ret_netlink)
{
	static const int groups[] = { RTNLGRP_LINK,	   RTNLGRP_NEIGH,
				      RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
				      RTNLGRP_IPV4_ROUTE,  RTNLGRP_IPV6_ROUTE };
	const int size = NEWS_BUFFER_SIZE;
	CLEANUP(netlink_closep)
	struct netlink *netlink = calloc(1, sizeof(*netlink));
	int r;

	if (!netlink)
		return -ENOMEM;
	r = open_socket(netlink, SOCK_NONBLOCK);
	if (r < 0)
		return r;
	/* A small buffer only means more re-reading: without the privilege, what is
	 * allowed. */
	if (setsockopt(netlink_fd(netlink), SOL_SOCKET, SO_RCVBUFFORCE, &size,
		       sizeof(size)) < 0 &&
	    setsockopt(netlink_fd(netlink), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) <
		0)
		return -errno;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		int group = groups[i];

		if (mnl_socket_setsockopt(netlink->mnl, NETLINK_ADD_MEMBERSHIP, &group,
					  sizeof(group)) < 0)
			return -errno;
	}
	*ret_netlink = TAKE_PTR(netlink);
	return 0;
}

/* One datagram of the kernel. Its length, 0: not from the kernel, or -errno. */
static ssize_t receive(struct netlink *netlink)
{
	struct sockaddr_nl from = { 0 };
	struct iovec part = { netlink->buffer, sizeof(netlink->buffer) };
	struct msghdr header = { .msg_name = &from,
				 .msg_namelen = sizeof(from),
				 .msg_iov = &part,
				 .msg_iovlen = 1 };
	ssize_t length;

	do
		length = recvmsg(netlink_fd(netlink), &header, 0);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	if (header.msg_flags & MSG_TRUNC)
		return -ENOBUFS;
	if (header.msg_namelen != sizeof(from) || from.nl_pid != 0)
		return 0;
	return length;
}

static int read_error(const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) < sizeof(error->error))
		return -EBADMSG;
	return error->error > 0 ? -EBADMSG : error->error;
}

/* 1: the answer is complete. *interrupted: the dump is not a snapshot. */
static int take_answer(struct netlink *netlink, ssize_t length, bool *interrupted,
		       const struct netlink_visitor *visitor)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)netlink->buffer;
	int left = (int)length;
	int r;

	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		if (message->nlmsg_seq != netlink->sequence)
			continue;
		if (message->nlmsg_flags & NLM_F_DUMP_INTR)
			*interrupted = true;
		if (message->nlmsg_type == NLMSG_ERROR ||
		    message->nlmsg_type == NLMSG_DONE) {
			r = message->nlmsg_type == NLMSG_DONE &&
				    mnl_nlmsg_get_payload_len(message) < sizeof(int)
				? 0
				: read_error(message);
			return r < 0 ? r : 1;
		}
		if (!visitor || message->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		r = visitor->message(visitor->context, message);
		if (r < 0)
			return r;
	}
	return 0;
}

static int exchange(struct netlink *netlink, struct nlmsghdr *request,
		    const struct netlink_visitor *visitor)
{
	bool interrupted = false;
	int r;

	request->nlmsg_seq = ++netlink->sequence;
	if (mnl_socket_sendto(netlink->mnl, request, request->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		ssize_t length = receive(netlink);

		if (length < 0)
			return length == -EAGAIN ? -ETIME : (int)length;
		r = take_answer(netlink, length, &interrupted, visitor);
		if (r < 0)
			return r;
		if (r > 0)
			return interrupted ? -EINTR : 0;
	}
}

int netlink_request(struct netlink *netlink, struct nlmsghdr *request,
		    const struct netlink_visitor *visitor)
{
	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	return exchange(netlink, request, visitor);
}

/* Each family's header begins with its address family; ifinfomsg is as long as any. */
static struct nlmsghdr *put_dump(char *buffer, unsigned type, unsigned family)
{
	static const size_t lengths[] = { [RTM_GETLINK] = sizeof(struct ifinfomsg),
					  [RTM_GETADDR] = sizeof(struct ifaddrmsg),
					  [RTM_GETROUTE] = sizeof(struct rtmsg),
					  [RTM_GETNEIGH] = sizeof(struct ndmsg) };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	uint8_t *header = mnl_nlmsg_put_extra_header(request, lengths[type]);

	header[0] = (uint8_t)family;
	request->nlmsg_type = (uint16_t)type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	return request;
}

int netlink_dump(struct netlink *netlink, unsigned type, unsigned family,
		 const struct netlink_visitor *visitor)
{
	char buffer[128] __attribute__((aligned(NLMSG_ALIGNTO)));
	int r = -EINTR;

	for (int i = 0; r == -EINTR && i < DUMP_TRIES; i++) {
		if (visitor->begin)
			visitor->begin(visitor->context);
		r = exchange(netlink, put_dump(buffer, type, family), visitor);
	}
	return r;
}

static int deliver(struct netlink *netlink, ssize_t length,
		   const struct netlink_visitor *visitor)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)netlink->buffer;
	int left = (int)length;
	int r;

	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		if (message->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		r = visitor->message(visitor->context, message);
		if (r < 0)
			return r;
	}
	return 0;
}

int netlink_read_news(struct netlink *netlink, const struct netlink_visitor *visitor)
{
	int result = 0;
	int r;

	for (int i = 0; i < NEWS_BATCH; i++) {
		ssize_t length = receive(netlink);

		if (length == -EAGAIN)
			break;
		if (length == -ENOBUFS) {
			result = -ENOBUFS;
			continue;
		}
		if (length < 0)
			return (int)length;
		r = deliver(netlink, length, visitor);
		if (r < 0)
			return r;
	}
	return result;
}
