/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reach serve NAME PORT…: answers each TCP connection and each UDP datagram on these ports
 * with NAME, in both families, on one thread.
 *
 * reach probe MS: reads targets from standard input, one a line: "tcp|udp ADDRESS PORT", asks
 * all of them at once, and prints one line each, in order: who answered within MS
 * milliseconds, or "-".
 *
 * reach hammer MS: reads targets in the same way, up to an empty line, and asks one after the
 * other, over and over, each time from a new port, until standard input ends. Prints a line
 * for each question: when it was asked (CLOCK_MONOTONIC, ns), the target's place in the list,
 * and 1 when it was answered within MS milliseconds, else 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

#define TARGETS 4096
#define NAME	64
#define PORTS	16

/* ---- serve ---- */
/* A port that a server has just left is free again in a moment. */
static int bind_soon(int fd, const struct sockaddr_in6 *addr)
{
	uint64_t end = net_now_ms() + 3000;

	while (bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0) {
		if (errno != EADDRINUSE || net_now_ms() > end)
			return -errno;
		poll(NULL, 0, 10);
	}
	return 0;
}

static int listen_on(int type, unsigned port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int off = 0, on = 1;
	/* What poll() has seen may be gone again: a connection that was reset. */
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind_soon(fd, &any) < 0 || (type == SOCK_STREAM && listen(fd, 4096) < 0)) {
		fprintf(stderr, "port %u: %s\n", port, strerror(errno));
		exit(1);
	}
	return fd;
}

/* The asker closes first, so that no TIME_WAIT is left here. */
static void answer_stream(int listener, const char *name)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (send(fd, name, strlen(name), MSG_NOSIGNAL) < 0)
		fprintf(stderr, "answer: %s\n", strerror(errno));
	close(fd);
}

static void answer_datagram(int fd, const char *name)
{
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	char byte;

	if (recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &length) >= 0)
		sendto(fd, name, strlen(name), 0, (struct sockaddr *)&from, length);
}

static int serve(const char *name, char **ports, int count)
{
	struct pollfd sockets[2 * PORTS];

	for (int i = 0; i < count; i++) {
		unsigned port = (unsigned)strtoul(ports[i], NULL, 10);

		sockets[2 * i] =
		    (struct pollfd){ listen_on(SOCK_STREAM, port), POLLIN, 0 };
		sockets[2 * i + 1] =
		    (struct pollfd){ listen_on(SOCK_DGRAM, port), POLLIN, 0 };
	}
	while (poll(sockets, 2 * (nfds_t)count, -1) >= 0) {
		for (int i = 0; i < 2 * count; i++) {
			if (!(sockets[i].revents & POLLIN))
				continue;
			if (i % 2)
				answer_datagram(sockets[i].fd, name);
			else
				answer_stream(sockets[i].fd, name);
		}
	}
	return 1;
}

/* ---- probe ---- */
struct target {
	char name[NAME]; /* who answered; "": nobody yet */
};

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

/*
 * What goes directly and what goes through a Service (ports above 1000) never share a source
 * port: to the backend both would be the same connection. Before Linux 6.3 they may.
 */
static void part_ports(int fd, const char *port)
{
	uint32_t low = strtoul(port, NULL, 10) > 1000 ? 40000 : 20000;
	uint32_t range = low | (low + 19999) << 16;

	if (setsockopt(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, &range, sizeof(range)) < 0)
		return;
}

/* A connected socket, or one that is connecting; -1: refused at once. */
static int ask(const char *protocol, const char *host, const char *port)
{
	struct sockaddr_storage addr;
	socklen_t length;
	int type = strcmp(protocol, "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM, fd;

	if (net_resolve(host, port, &addr, &length) < 0)
		exit(2);
	fd = socket(addr.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		exit(1);
	part_ports(fd, port);
	if (connect(fd, (struct sockaddr *)&addr, length) < 0 && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	if (type == SOCK_DGRAM && send(fd, "?", 1, 0) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void hear(struct pollfd *socket, struct target *target)
{
	ssize_t size;

	if (!(socket->revents & (POLLIN | POLLERR | POLLHUP)))
		return;
	size = recv(socket->fd, target->name, NAME - 1, 0);
	target->name[size > 0 ? size : 0] = 0;
	close(socket->fd);
	socket->fd = -1;
}

static bool any_open(const struct pollfd *sockets, int count)
{
	for (int i = 0; i < count; i++) {
		if (sockets[i].fd >= 0)
			return true;
	}
	return false;
}

static int probe(unsigned wait_ms)
{
	static struct target targets[TARGETS];
	static struct pollfd sockets[TARGETS];
	char protocol[4], host[64], port[8];
	uint64_t end = 0, now;
	int count = 0;

	while (count < TARGETS && scanf("%3s %63s %7s", protocol, host, port) == 3)
		sockets[count++] =
		    (struct pollfd){ ask(protocol, host, port), POLLIN, 0 };
	end = net_now_ms() + wait_ms;
	while ((now = net_now_ms()) < end && any_open(sockets, count)) {
		if (poll(sockets, (nfds_t)count, (int)(end - now)) <= 0)
			continue;
		for (int i = 0; i < count; i++)
			hear(&sockets[i], &targets[i]);
	}
	for (int i = 0; i < count; i++)
		puts(targets[i].name[0] ? targets[i].name : "-");
	return 0;
}

/* ---- hammer ---- */
#define PAUSE_MS 2
#define ASKED	 4096 /* questions under way; more than MS / PAUSE_MS */

struct question {
	int fd; /* -1: answered, or refused at once */
	int target;
	bool answered;
	uint64_t at_ns;
};

struct hammer {
	char targets[TARGETS][3][64];
	int count;
	unsigned wait_ms;
	struct question asked[ASKED]; /* a ring: [first, last) */
	unsigned first, last;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/*
 * Take the answers that have come, and close: what a change of policy cuts while it is open
 * would leave a half-closed socket at the server, which refuses the port's next connection.
 */
static void take_answers(struct hammer *hammer)
{
	char name[NAME];

	for (unsigned i = hammer->first; i != hammer->last; i++) {
		struct question *question = &hammer->asked[i % ASKED];

		if (question->fd < 0 || recv(question->fd, name, sizeof(name), 0) <= 0)
			continue;
		question->answered = true;
		close(question->fd);
		question->fd = -1;
	}
}

/* Say what became of the questions that have waited long enough. */
static void conclude(struct hammer *hammer, uint64_t before_ns)
{
	take_answers(hammer);
	for (; hammer->first != hammer->last; hammer->first++) {
		struct question *question = &hammer->asked[hammer->first % ASKED];

		if (question->at_ns >= before_ns)
			return;
		printf("%llu %d %d\n", (unsigned long long)question->at_ns,
		       question->target, question->answered);
		if (question->fd >= 0)
			close(question->fd);
	}
}

static void ask_next(struct hammer *hammer, int target)
{
	char(*words)[64] = hammer->targets[target];
	struct question *question = &hammer->asked[hammer->last % ASKED];

	question->target = target;
	question->answered = false;
	question->at_ns = now_ns();
	question->fd = ask(words[0], words[1], words[2]);
	hammer->last++;
}

static void read_targets(struct hammer *hammer)
{
	char line[160];

	while (hammer->count < TARGETS && fgets(line, sizeof(line), stdin)) {
		char(*words)[64] = hammer->targets[hammer->count];

		if (sscanf(line, "%3s %63s %7s", words[0], words[1], words[2]) != 3)
			return;
		hammer->count++;
	}
}

static int run_hammer(unsigned wait_ms)
{
	static struct hammer hammer;
	struct pollfd end = { STDIN_FILENO, POLLIN, 0 };

	hammer.wait_ms = wait_ms;
	read_targets(&hammer);
	if (!hammer.count || wait_ms / PAUSE_MS >= ASKED)
		return 2;
	for (int target = 0; poll(&end, 1, PAUSE_MS) == 0;
	     target = (target + 1) % hammer.count) {
		ask_next(&hammer, target);
		conclude(&hammer, now_ns() - wait_ms * 1000000ULL);
	}
	poll(NULL, 0, (int)wait_ms);
	conclude(&hammer, UINT64_MAX);
	return 0;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	net_many_files();
	if (argc > 3 && argc <= 3 + PORTS && strcmp(argv[1], "serve") == 0)
		return serve(argv[2], argv + 3, argc - 3);
	if (argc == 3 && strcmp(argv[1], "probe") == 0)
		return probe((unsigned)strtoul(argv[2], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "hammer") == 0)
		return run_hammer((unsigned)strtoul(argv[2], NULL, 10));
	fprintf(stderr, "usage: reach serve NAME PORT… | reach probe MS | hammer MS\n");
	return 2;
}
