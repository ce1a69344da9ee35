/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream serve PORT | stream push ADDRESS PORT BYTES | stream pull ADDRESS PORT BYTES
 * One TCP connection that carries BYTES one way; every byte is compared with what its
 * place in the stream must hold, so a lost, doubled or swapped block cannot pass. The
 * client prints one line of JSON: bytes, milliseconds, megabits per second, and, as the
 * receiver saw them, the bytes that were right. Exit code 0 when all were.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "net.h"

#define BLOCK	(256 * 1024)
#define WORDS	(BLOCK / sizeof(uint64_t))
#define PATIENT 30 /* seconds without a byte */

enum direction { PUSH = 1, PULL = 2 };

struct order {
	uint64_t direction;
	uint64_t bytes;
	uint64_t seed;
};

static uint64_t block[WORDS];
static uint64_t expected[WORDS];

static void fill(uint64_t *words, uint64_t seed, uint64_t first)
{
	for (uint64_t i = 0; i < WORDS; i++)
		words[i] = net_word(seed, first + i);
}

static int write_all(int fd, const void *data, size_t length)
{
	const char *at = data;

	while (length) {
		ssize_t n = send(fd, at, length, MSG_NOSIGNAL);

		if (n < 0)
			return -errno;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

/* 0, -ECONNRESET when the other side ended early, or -errno. */
static int read_all(int fd, void *data, size_t length)
{
	char *at = data;

	while (length) {
		ssize_t n = recv(fd, at, length, 0);

		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

static int send_stream(int fd, const struct order *order)
{
	int r;

	for (uint64_t done = 0; done < order->bytes; done += BLOCK) {
		uint64_t rest = order->bytes - done;

		fill(block, order->seed, done / sizeof(uint64_t));
		r = write_all(fd, block, rest < BLOCK ? rest : BLOCK);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Number of bytes that were right, up to the first that was not. */
static int receive_stream(int fd, const struct order *order, uint64_t *ret_right)
{
	uint64_t done;
	int r;

	for (done = 0; done < order->bytes; done += BLOCK) {
		uint64_t rest = order->bytes - done;
		size_t length = rest < BLOCK ? rest : BLOCK;

		r = read_all(fd, block, length);
		if (r < 0)
			return r;
		fill(expected, order->seed, done / sizeof(uint64_t));
		if (memcmp(block, expected, length) != 0)
			return -EBADMSG;
		*ret_right = done + length;
	}
	return 0;
}

static int serve_one(int fd)
{
	struct order order;
	uint64_t right = 0;
	int r;

	r = read_all(fd, &order, sizeof(order));
	if (r < 0)
		return r;
	if (order.direction == PULL)
		return send_stream(fd, &order);
	r = receive_stream(fd, &order, &right);
	if (write_all(fd, &right, sizeof(right)) < 0)
		fprintf(stderr, "stream: the client left before the result\n");
	return r;
}

static int serve(const char *port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6,
				    .sin6_port =
					htons((uint16_t)strtoul(port, NULL, 10)) };
	int off = 0, on = 1, listener = socket(AF_INET6, SOCK_STREAM, 0), fd;

	if (listener < 0 ||
	    setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0 ||
	    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(listener, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    listen(listener, 64) < 0)
		return -errno;
	signal(SIGCHLD, SIG_IGN);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		pid_t child = fork();

		if (child == 0)
			_exit(serve_one(fd) < 0);
		close(fd);
		if (child < 0)
			return -errno;
	}
	return -errno;
}

static int open_to(const char *host, const char *port, int *ret_fd)
{
	struct timeval patience = { .tv_sec = PATIENT };
	struct sockaddr_storage addr;
	socklen_t length;
	int fd, r;

	r = net_resolve(host, port, &addr, &length);
	if (r < 0)
		return r;
	fd = socket(addr.ss_family, SOCK_STREAM, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	    connect(fd, (struct sockaddr *)&addr, length) < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int transfer(int fd, const struct order *order, uint64_t *ret_right)
{
	int r;

	r = write_all(fd, order, sizeof(*order));
	if (r < 0)
		return r;
	if (order->direction == PULL)
		return receive_stream(fd, order, ret_right);
	r = send_stream(fd, order);
	return r < 0 ? r : read_all(fd, ret_right, sizeof(*ret_right));
}

int main(int argc, char **argv)
{
	struct order order = { .seed = net_now_ms() };
	uint64_t started_ms, took_ms, right = 0;
	int r, fd = -1;

	if (argc == 3 && strcmp(argv[1], "serve") == 0) {
		r = serve(argv[2]);
		fprintf(stderr, "stream: port %s: %s\n", argv[2], strerror(-r));
		return 1;
	}
	if (argc != 5 || (strcmp(argv[1], "push") != 0 && strcmp(argv[1], "pull") != 0)) {
		fprintf(stderr,
			"usage: stream serve PORT | push|pull ADDRESS PORT BYTES\n");
		return 2;
	}
	order.direction = strcmp(argv[1], "push") == 0 ? PUSH : PULL;
	order.bytes = strtoull(argv[4], NULL, 10);
	r = open_to(argv[2], argv[3], &fd);
	started_ms = net_now_ms();
	if (!r)
		r = transfer(fd, &order, &right);
	took_ms = net_now_ms() - started_ms;
	printf("{\"bytes\":%llu,\"right\":%llu,\"ms\":%llu,\"mbit_s\":%.0f,\"error\":\"%"
	       "s\"}\n",
	       (unsigned long long)order.bytes, (unsigned long long)right,
	       (unsigned long long)took_ms,
	       took_ms ? (double)right * 8 / 1000 / (double)took_ms : 0.0,
	       r < 0 ? strerror(-r) : "");
	return r < 0 || right != order.bytes;
}
