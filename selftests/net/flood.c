/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flood ADDRESS PORT COUNT: COUNT TCP SYNs (IPv4, raw socket) to ADDRESS:PORT from forged
 * sources in 198.18.0.0/15, the range set aside for such tests; the lab's router drops
 * what comes back to it. SIGTERM ends it earlier. Prints how many were sent.
 */
#include <stdlib.h>
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

static void forge(struct segment_plan *plan, uint64_t n)
{
	struct sockaddr_in *source = (struct sockaddr_in *)&plan->source;
	uint64_t random = net_word(0x5e5, n);

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

	if (argc != 4) {
		fprintf(stderr, "usage: flood ADDRESS PORT COUNT\n");
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
