/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flood ADDRESS PORT COUNT RATE: COUNT TCP SYNs (IPv4, raw socket) to ADDRESS:PORT, at most
 * RATE in a second, from forged
 * sources in 198.18.0.0/15, the range set aside for such tests; the lab's router drops
 * what comes back to it. SIGTERM ends it earlier. Prints how many were sent.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "net.h"
#include "segment.h"

#define FIRST_SOURCE 0xc6120000U /* 198.18.0.0 */
#define SOURCES	     0x0001ffffU

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static uint64_t rate, started_ns;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/* By bunches of a hundred: a sleep takes longer than a SYN. */
static void keep_pace(uint64_t n)
{
	uint64_t due_ns = n * 1000000000ULL / rate, now;

	started_ns = started_ns ?: now_ns();
	now = now_ns() - started_ns;
	if (now < due_ns)
		usleep((useconds_t)((due_ns - now) / 1000));
}

static void forge(struct segment_plan *plan, uint64_t n)
{
	struct sockaddr_in *source = (struct sockaddr_in *)&plan->source;
	uint64_t random = net_word(0x5e5, n);

	if (n % 100 == 0)
		keep_pace(n);
	source->sin_addr.s_addr = htonl(FIRST_SOURCE + ((uint32_t)random & SOURCES));
	source->sin_port = htons((uint16_t)(1024 + (random >> 32) % 60000));
	plan->tcp.seq = (uint32_t)(random >> 16);
}

int main(int argc, char **argv)
{
	struct segment_plan plan = { .tcp = { .syn = 1, .window = htons(64240) } };
	uint64_t sent = 0;
	socklen_t length;
	int r;

	if (argc != 5 || !(rate = strtoull(argv[4], NULL, 10))) {
		fprintf(stderr, "usage: flood ADDRESS PORT COUNT RATE\n");
		return 2;
	}
	if (net_resolve(argv[1], argv[2], &plan.target, &length) < 0 ||
	    plan.target.ss_family != AF_INET)
		return 2;
	signal(SIGTERM, stop);
	r = segment_send_all(&plan, forge, strtoull(argv[3], NULL, 10), &stopped, &sent);
	if (r < 0) {
		fprintf(stderr, "flood: %s\n", strerror(-r));
		return 1;
	}
	printf("%llu\n", (unsigned long long)sent);
	return 0;
}
