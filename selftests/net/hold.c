/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hold ADDRESS PORT COUNT [PAUSE_MS]: hold COUNT TCP connections to an echo server and
 * keep bytes moving on each: a numbered message, its echo compared byte by byte, a pause,
 * the next. Prints "ready" when every connection has had its first echo, then runs until
 * standard input ends; then waits for the echoes still under way and prints one line of
 * JSON: connections  opened failed       that could not be opened reset        ended by
 * the other side or by an error lost         whose last echo never came (5 s after
 * standard input ended) corrupt      that brought other bytes than were sent exchanges
 * messages that came back whole, all connections together stall_ms     the longest time
 * between a message and its echo Exit code 0 when none failed, was reset, lost or
 * corrupt.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "net.h"

#define WORDS	   16
#define MESSAGE	   (WORDS * sizeof(uint64_t))
#define CONNECT_MS 20000
#define LAST_MS	   5000
#define EVENTS	   512

enum state { CONNECTING, WAITING, RESTING, ENDED };

struct connection {
	int fd;
	enum state state;
	uint64_t exchange;
	uint64_t since_ms; /* of the message under way, or of the rest */
	size_t received;
	uint64_t echo[WORDS];
};

struct hold {
	int epoll;
	size_t count, live, greeted;
	uint64_t pause_ms;
	bool stopping;
	struct connection *connections;
	size_t failed, reset, corrupt, lost;
	uint64_t exchanges, stall_ms;
};

static void end(struct hold *hold, struct connection *connection, size_t *tally)
{
	if (connection->state == ENDED)
		return;
	if (connection->fd >= 0)
		close(connection->fd);
	connection->state = ENDED;
	hold->live--;
	(*tally)++;
}

static void fill(const struct hold *hold, const struct connection *connection,
		 uint64_t *words)
{
	uint64_t seed = (uint64_t)(connection - hold->connections) + 1;

	for (uint64_t i = 0; i < WORDS; i++)
		words[i] = net_word(seed, connection->exchange * WORDS + i);
}

/* A message is far smaller than a socket's buffer, and the last one has come back. */
static void send_message(struct hold *hold, struct connection *connection)
{
	uint64_t words[WORDS];

	fill(hold, connection, words);
	connection->state = WAITING;
	connection->received = 0;
	connection->since_ms = net_now_ms();
	if (send(connection->fd, words, MESSAGE, MSG_NOSIGNAL) != (ssize_t)MESSAGE)
		end(hold, connection, &hold->reset);
}

static void take_echo(struct hold *hold, struct connection *connection)
{
	uint64_t words[WORDS], age_ms = net_now_ms() - connection->since_ms;

	fill(hold, connection, words);
	if (memcmp(words, connection->echo, MESSAGE) != 0) {
		end(hold, connection, &hold->corrupt);
		return;
	}
	if (age_ms > hold->stall_ms)
		hold->stall_ms = age_ms;
	hold->exchanges++;
	if (connection->exchange++ == 0)
		hold->greeted++;
	connection->state = RESTING;
	connection->since_ms = net_now_ms();
}

static void receive(struct hold *hold, struct connection *connection)
{
	ssize_t n;

	n = recv(connection->fd, (char *)connection->echo + connection->received,
		 MESSAGE - connection->received, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		end(hold, connection, &hold->reset);
		return;
	}
	connection->received += (size_t)n;
	if (connection->received == MESSAGE)
		take_echo(hold, connection);
}

static void serve(struct hold *hold, struct connection *connection, unsigned events)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (connection->state == CONNECTING) {
		getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &length);
		if (error)
			end(hold, connection, &hold->failed);
		else if (events & EPOLLOUT)
			send_message(hold, connection);
		return;
	}
	if (connection->state == RESTING && events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP))
		end(hold, connection, &hold->reset);
	else if (connection->state == WAITING && events & ~(unsigned)EPOLLOUT)
		receive(hold, connection);
}

static void open_one(struct hold *hold, struct connection *connection,
		     const struct sockaddr_storage *addr, socklen_t length)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
				     .data.ptr = connection };
	int on = 1;

	connection->state = CONNECTING;
	connection->since_ms = net_now_ms();
	connection->fd = socket(addr->ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (connection->fd < 0 ||
	    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
	    (connect(connection->fd, (const struct sockaddr *)addr, length) < 0 &&
	     errno != EINPROGRESS) ||
	    epoll_ctl(hold->epoll, EPOLL_CTL_ADD, connection->fd, &event) < 0)
		end(hold, connection, &hold->failed);
}

/* What time does to connections: a rest ends, a patience ends. */
static void look_at_clock(struct hold *hold, uint64_t stopped_ms)
{
	uint64_t now_ms = net_now_ms();

	for (size_t i = 0; i < hold->count; i++) {
		struct connection *connection = &hold->connections[i];
		uint64_t age_ms = now_ms - connection->since_ms;

		if (connection->state == CONNECTING && age_ms > CONNECT_MS)
			end(hold, connection, &hold->failed);
		else if (connection->state == RESTING && !hold->stopping &&
			 age_ms >= hold->pause_ms)
			send_message(hold, connection);
		else if (connection->state == WAITING && hold->stopping &&
			 now_ms - stopped_ms > LAST_MS)
			end(hold, connection, &hold->lost);
	}
}

static size_t count_in(const struct hold *hold, enum state state)
{
	size_t n = 0;

	for (size_t i = 0; i < hold->count; i++)
		n += hold->connections[i].state == state;
	return n;
}

static bool input_ended(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	char drop[64];

	return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, drop, sizeof(drop)) <= 0;
}

static void run(struct hold *hold)
{
	struct epoll_event events[EVENTS];
	uint64_t clock_ms = 0, stopped_ms = 0;
	bool ready = false;

	while (!hold->stopping || count_in(hold, WAITING) + count_in(hold, CONNECTING)) {
		int n = epoll_wait(hold->epoll, events, EVENTS, 5);

		for (int i = 0; i < n; i++)
			serve(hold, events[i].data.ptr, events[i].events);
		if (net_now_ms() - clock_ms < 5)
			continue;
		clock_ms = net_now_ms();
		look_at_clock(hold, stopped_ms);
		if (!ready && hold->greeted + hold->failed + hold->reset >= hold->count) {
			ready = true;
			puts("ready");
			fflush(stdout);
		}
		if (!hold->stopping && input_ended()) {
			hold->stopping = true;
			stopped_ms = clock_ms;
		}
	}
}

int main(int argc, char **argv)
{
	struct hold hold = { .pause_ms = 20 };
	struct sockaddr_storage addr;
	socklen_t length;

	if (argc < 4) {
		fprintf(stderr, "usage: hold ADDRESS PORT COUNT [PAUSE_MS]\n");
		return 2;
	}
	if (net_resolve(argv[1], argv[2], &addr, &length) < 0)
		return 2;
	net_many_files();
	hold.count = hold.live = strtoul(argv[3], NULL, 10);
	if (argc > 4)
		hold.pause_ms = strtoul(argv[4], NULL, 10);
	hold.connections = calloc(hold.count, sizeof(*hold.connections));
	hold.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!hold.connections || hold.epoll < 0) {
		perror("hold");
		return 2;
	}
	for (size_t i = 0; i < hold.count; i++)
		open_one(&hold, &hold.connections[i], &addr, length);
	run(&hold);
	printf("{\"connections\":%zu,\"failed\":%zu,\"reset\":%zu,\"lost\":%zu,"
	       "\"corrupt\":%zu,\"exchanges\":%llu,\"stall_ms\":%llu}\n",
	       hold.count - hold.failed, hold.failed, hold.reset, hold.lost, hold.corrupt,
	       (unsigned long long)hold.exchanges, (unsigned long long)hold.stall_ms);
	free(hold.connections);
	return hold.failed + hold.reset + hold.lost + hold.corrupt ? 1 : 0;
}
