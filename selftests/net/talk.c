/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * talk tcp|udp ADDRESS PORT [FIRST_PORT]: many connections to one echo server that speak
 * when they are told to. Their source ports are the kernel's choice, or FIRST_PORT and those
 * after it, which another program may use at the same time. Each line of standard input is a
 * command, and is answered by a line of JSON when it is done:
 *   open COUNT WIDTH MS  COUNT more connections, at most WIDTH of them under way at a time;
 *                        each sends a message of its own and waits for its echo, MS ms long
 *   say WIDTH MS         the same on every connection that is open
 *   close | reset        all of them, with a farewell or with an RST
 * The answer: asked; answered; silent, no connection or no echo within MS; ended, by the other
 * side or an error, those that were resting included; corrupt, other bytes came; slow_ms, the
 * longest time of one. Who was not answered is closed and stays out of it.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "net.h"

#define MOST	  32768
#define WORDS	  2
#define MESSAGE	  (WORDS * sizeof(uint64_t))
#define EVENTS	  512
#define RESEND_MS 400 /* a datagram that found a queue full */

enum state { NEW, CONNECTING, WAITING, RESTING, ENDED };

struct talker {
	int fd;
	enum state state;
	uint64_t number; /* of its message */
	uint64_t since_ms, sent_ms;
	size_t received;
	char echo[256]; /* UDP: the server's name and a space come first */
};

static struct talk {
	int epoll;
	bool udp;
	struct sockaddr_storage target;
	socklen_t length;
	unsigned first_port; /* 0: the kernel's choice */
	uint64_t seed; /* of the messages: what another program hears is not its own */
	size_t count, busy;
	uint64_t limit_ms;
	struct talker talkers[MOST];
	size_t answered, silent, ended, corrupt;
	uint64_t slow_ms;
} talk;

static bool is_busy(const struct talker *talker)
{
	return talker->state == CONNECTING || talker->state == WAITING;
}

static void change(struct talker *talker, enum state state)
{
	talk.busy -= is_busy(talker);
	talker->state = state;
	talk.busy += is_busy(talker);
}

static void end(struct talker *talker, size_t *tally)
{
	if (talker->fd >= 0)
		close(talker->fd);
	talker->fd = -1;
	change(talker, ENDED);
	(*tally)++;
}

static void fill(const struct talker *talker, uint64_t number, uint64_t *words)
{
	uint64_t seed = talk.seed + (uint64_t)(talker - talk.talkers);

	for (uint64_t i = 0; i < WORDS; i++)
		words[i] = net_word(seed, number * WORDS + i);
}

static void send_message(struct talker *talker)
{
	uint64_t words[WORDS];

	fill(talker, talker->number, words);
	talker->sent_ms = net_now_ms();
	change(talker, WAITING);
	if (send(talker->fd, words, MESSAGE, MSG_NOSIGNAL) != (ssize_t)MESSAGE)
		end(talker, &talk.ended);
}

static void conclude(struct talker *talker)
{
	uint64_t took_ms = net_now_ms() - talker->since_ms;

	if (took_ms > talk.slow_ms)
		talk.slow_ms = took_ms;
	talk.answered++;
	talker->number++;
	change(talker, RESTING);
}

static bool is_echo_of(const struct talker *talker, uint64_t number)
{
	uint64_t words[WORDS];

	fill(talker, number, words);
	return talker->received >= MESSAGE &&
	       memcmp(talker->echo + talker->received - MESSAGE, words, MESSAGE) == 0;
}

static void receive_stream(struct talker *talker)
{
	ssize_t n = recv(talker->fd, talker->echo + talker->received,
			 MESSAGE - talker->received, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		end(talker, &talk.ended);
		return;
	}
	talker->received += (size_t)n;
	if (talker->received < MESSAGE)
		return;
	if (is_echo_of(talker, talker->number))
		conclude(talker);
	else
		end(talker, &talk.corrupt);
}

/* A message that was sent twice has two echoes. */
static void receive_datagrams(struct talker *talker)
{
	ssize_t n;

	while (talker->fd >= 0) {
		n = recv(talker->fd, talker->echo, sizeof(talker->echo), 0);
		if (n < 0 && errno == EAGAIN)
			return;
		talker->received = n > 0 ? (size_t)n : 0;
		if (n < 0)
			end(talker, &talk.ended);
		else if (talker->state == WAITING && is_echo_of(talker, talker->number))
			conclude(talker);
		else if (!talker->number || !is_echo_of(talker, talker->number - 1))
			end(talker, &talk.corrupt);
	}
}

static void serve(struct talker *talker, unsigned events)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (talker->state == CONNECTING && events & (EPOLLOUT | EPOLLERR)) {
		getsockopt(talker->fd, SOL_SOCKET, SO_ERROR, &error, &length);
		if (error)
			end(talker, &talk.ended);
		else
			send_message(talker);
	} else if (talk.udp && talker->fd >= 0) {
		receive_datagrams(talker);
	} else if (talker->state == WAITING && events & ~(unsigned)EPOLLOUT) {
		receive_stream(talker);
	} else if (talker->state == RESTING &&
		   events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)) {
		end(talker, &talk.ended);
	}
}

static int bind_to(int fd, unsigned port)
{
	struct sockaddr_in6 addr = { .sin6_family = talk.target.ss_family };
	int on = 1;

	addr.sin6_port = htons((uint16_t)port); /* where sin_port is */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	return bind(fd, (struct sockaddr *)&addr, talk.length) < 0 ? -errno : 0;
}

static int open_socket(struct talker *talker)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
				     .data.ptr = talker };
	int on = 1, type = talk.udp ? SOCK_DGRAM : SOCK_STREAM;
	size_t n = (size_t)(talker - talk.talkers);

	talker->fd = socket(talk.target.ss_family, type | SOCK_NONBLOCK, 0);
	if (talker->fd < 0)
		return -errno;
	if (talk.first_port && bind_to(talker->fd, talk.first_port + (unsigned)n) < 0)
		return -errno;
	if (!talk.udp &&
	    setsockopt(talker->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		return -errno;
	change(talker, CONNECTING);
	if (connect(talker->fd, (struct sockaddr *)&talk.target, talk.length) < 0 &&
	    errno != EINPROGRESS)
		return -errno;
	return epoll_ctl(talk.epoll, EPOLL_CTL_ADD, talker->fd, &event) < 0 ? -errno : 0;
}

static void begin(struct talker *talker)
{
	talker->since_ms = talker->sent_ms = net_now_ms();
	talker->received = 0;
	if (talker->state == RESTING)
		send_message(talker);
	else if (talker->state == NEW && open_socket(talker) < 0)
		end(talker, &talk.ended);
}

static void look_at_clock(size_t first, size_t last)
{
	uint64_t now_ms = net_now_ms();

	for (size_t i = first; i < last; i++) {
		struct talker *talker = &talk.talkers[i];

		if (!is_busy(talker))
			continue;
		if (now_ms - talker->since_ms > talk.limit_ms)
			end(talker, &talk.silent);
		else if (talk.udp && now_ms - talker->sent_ms > RESEND_MS)
			send_message(talker);
	}
}

/* Every talker from first on says its next message; what it comes to is tallied. */
static void run(size_t first, size_t width)
{
	struct epoll_event events[EVENTS];
	uint64_t clock_ms = net_now_ms();
	size_t next = first;

	while (next < talk.count || talk.busy) {
		while (next < talk.count && talk.busy < width)
			begin(&talk.talkers[next++]);
		int n = epoll_wait(talk.epoll, events, EVENTS, talk.busy ? 10 : 0);

		for (int i = 0; i < n; i++)
			serve(events[i].data.ptr, events[i].events);
		if (net_now_ms() - clock_ms < 10)
			continue;
		clock_ms = net_now_ms();
		look_at_clock(first, next);
	}
}

static void close_all(bool reset)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	for (size_t i = 0; i < talk.count; i++) {
		struct talker *talker = &talk.talkers[i];
		size_t closed = 0;

		if (talker->fd >= 0 && reset)
			setsockopt(talker->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		if (talker->fd >= 0)
			end(talker, &closed);
	}
}

static size_t live(void)
{
	size_t n = 0;

	for (size_t i = 0; i < talk.count; i++)
		n += talk.talkers[i].state == RESTING;
	return n;
}

/* False: no such command. */
static bool obey(const char *line)
{
	size_t count, width, first = talk.count, asked = live();

	if (sscanf(line, "open %zu %zu %lu", &count, &width, &talk.limit_ms) == 3 &&
	    count <= MOST - talk.count) {
		asked = count;
		talk.count += count;
	} else if (sscanf(line, "say %zu %lu", &width, &talk.limit_ms) == 2) {
		first = 0;
	} else if (strcmp(line, "close\n") == 0 || strcmp(line, "reset\n") == 0) {
		close_all(line[0] == 'r');
		width = 1;
	} else {
		return false;
	}
	talk.answered = talk.silent = talk.ended = talk.corrupt = 0;
	talk.slow_ms = 0;
	run(first, width);
	printf("{\"asked\":%zu,\"answered\":%zu,\"silent\":%zu,\"ended\":%zu,\"corrupt\":"
	       "%zu,\"slow_ms\":%llu}\n",
	       asked, talk.answered, talk.silent, talk.ended, talk.corrupt,
	       (unsigned long long)talk.slow_ms);
	fflush(stdout);
	return true;
}

int main(int argc, char **argv)
{
	char line[128];

	if (argc < 4 || argc > 5 ||
	    net_resolve(argv[2], argv[3], &talk.target, &talk.length) < 0) {
		fprintf(stderr, "usage: talk tcp|udp ADDRESS PORT [FIRST_PORT]\n");
		return 2;
	}
	net_many_files();
	talk.udp = strcmp(argv[1], "udp") == 0;
	talk.first_port = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 0;
	talk.seed = (uint64_t)getpid() << 32;
	talk.epoll = epoll_create1(EPOLL_CLOEXEC);
	while (talk.epoll >= 0 && fgets(line, sizeof(line), stdin)) {
		if (!obey(line)) {
			fprintf(stderr, "talk: no such command: %s", line);
			return 2;
		}
	}
	return talk.epoll < 0;
}
