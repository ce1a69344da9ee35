/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echo NAME PORT: the lab's echo server, TCP and UDP, both families, any number of
 * connections on one thread. TCP bytes come back as they are; a UDP datagram comes back
 * with "NAME " before it, so that a test sees which backend answered. A peer that does
 * not read stops being read from: nothing is buffered beyond one block per connection.
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK	 16384
#define DATAGRAM 65536
#define EVENTS	 256

struct connection {
	int fd;
	size_t filled; /* bytes read and not yet sent back */
	size_t sent;
	char block[BLOCK];
};

static int listen_on(int type, unsigned port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int off = 0, on = 1;
	int fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return -errno;
	if (type == SOCK_STREAM && listen(fd, 8192) < 0)
		return -errno;
	return fd;
}

/* Listening sockets are known by their place: &tcp and &udp are no connections. */
static int watch(int epoll, int fd, unsigned events, void *owner)
{
	struct epoll_event event = { .events = events, .data.ptr = owner };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static void accept_all(int epoll, int listener)
{
	struct connection *connection;
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		connection = calloc(1, sizeof(*connection));
		if (!connection ||
		    watch(epoll, fd, EPOLLIN | EPOLLOUT | EPOLLET, connection)) {
			free(connection);
			close(fd);
			continue;
		}
		connection->fd = fd;
	}
}

/* 1: the block is gone, 0: the peer takes no more now, < 0: the connection ended. */
static int send_back(struct connection *connection)
{
	ssize_t n;

	while (connection->sent < connection->filled) {
		n = send(connection->fd, connection->block + connection->sent,
			 connection->filled - connection->sent, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		connection->sent += (size_t)n;
	}
	connection->sent = connection->filled = 0;
	return 1;
}

static int serve(struct connection *connection)
{
	ssize_t n;
	int r;

	for (;;) {
		r = send_back(connection);
		if (r <= 0)
			return r;
		n = recv(connection->fd, connection->block, BLOCK, 0);
		if (n == 0)
			return -ECONNRESET;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		connection->filled = (size_t)n;
	}
}

static void answer_datagrams(int fd, const char *name)
{
	static char block[256 + DATAGRAM];
	size_t head = (size_t)snprintf(block, 256, "%s ", name);
	struct sockaddr_in6 from;
	socklen_t length = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(fd, block + head, DATAGRAM, 0, (struct sockaddr *)&from,
			     &length)) >= 0) {
		if (sendto(fd, block, head + (size_t)n, 0, (struct sockaddr *)&from,
			   length) < 0)
			perror("echo: sendto");
		length = sizeof(from);
	}
}

static int run(const char *name, unsigned port)
{
	int tcp = listen_on(SOCK_STREAM, port), udp = listen_on(SOCK_DGRAM, port);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[EVENTS];
	int r, n;

	if (tcp < 0 || udp < 0 || epoll < 0)
		return tcp < 0 ? tcp : udp < 0 ? udp : -errno;
	r = watch(epoll, tcp, EPOLLIN, &tcp);
	if (!r)
		r = watch(epoll, udp, EPOLLIN, &udp);
	if (r < 0)
		return r;
	for (;;) {
		n = epoll_wait(epoll, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			struct connection *connection = events[i].data.ptr;

			if (events[i].data.ptr == &tcp) {
				accept_all(epoll, tcp);
			} else if (events[i].data.ptr == &udp) {
				answer_datagrams(udp, name);
			} else if (serve(connection) < 0) {
				close(connection->fd);
				free(connection);
			}
		}
	}
}

int main(int argc, char **argv)
{
	struct rlimit files = { 65536, 65536 };
	int r;

	if (argc != 3) {
		fprintf(stderr, "usage: echo NAME PORT\n");
		return 2;
	}
	setrlimit(RLIMIT_NOFILE, &files);
	r = run(argv[1], (unsigned)strtoul(argv[2], NULL, 10));
	fprintf(stderr, "echo: port %s: %s\n", argv[2], strerror(-r));
	return 1;
}
