/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flood ADDRESS PORT COUNT RATE [INTERFACE MAC]: COUNT TCP SYNs (IPv4) to ADDRESS:PORT, at most
 * RATE in a second, from forged sources in 198.18.0.0/15, the range set aside for such tests.
 * They go by the routes, or straight to MAC at INTERFACE, which costs a third. Every CPU sends
 * its part, so that each bears its part of what follows. SIGTERM ends it earlier. Prints how
 * many were sent.
 */
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include "net.h"
#include "segment.h"

#define FIRST_SOURCE 0xc6120000U /* 198.18.0.0 */
#define SOURCES	     0x0001ffffU
#define MOST_CPUS    64

struct lane {
	pthread_t thread;
	unsigned cpu;
	uint64_t count, sent;
	int r; /* -errno */
};

static volatile sig_atomic_t stopped;
static struct {
	struct segment_plan plan;
	struct segment_way way;
	uint64_t count, rate; /* of all lanes together */
	unsigned lanes;
	uint64_t begin_ns;
} flood;

static _Thread_local uint64_t seed;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

/* Before each batch: a sleep takes longer than a SYN. */
static void keep_pace(uint64_t n)
{
	uint64_t due_ns = n * flood.lanes * 1000000000ULL / flood.rate,
		 now_ns = net_now_ns() - flood.begin_ns;

	if (now_ns < due_ns)
		usleep((useconds_t)((due_ns - now_ns) / 1000));
}

static void forge(struct segment_plan *plan, uint64_t n)
{
	struct sockaddr_in *source = (struct sockaddr_in *)&plan->source;
	uint64_t random = net_word(seed, n);

	source->sin_addr.s_addr = htonl(FIRST_SOURCE + ((uint32_t)random & SOURCES));
	source->sin_port = htons((uint16_t)(1024 + (random >> 32) % 60000));
	plan->tcp.seq = (uint32_t)(random >> 16);
	if (n % SEGMENT_BATCH == 0)
		keep_pace(n);
}

static void *send_lane(void *context)
{
	struct segment_plan plan = flood.plan;
	struct lane *lane = context;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(lane->cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	seed = 0x5e5 + lane->cpu;
	lane->r = segment_send_all(&flood.way, &plan, forge, lane->count, &stopped,
				   &lane->sent);
	return NULL;
}

/* From all CPUs. 0 or -errno. */
static int send_all(uint64_t *ret_sent)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct lane lanes[MOST_CPUS] = { 0 };
	int r = 0;

	flood.lanes = cpus < 1 ? 1 : cpus > MOST_CPUS ? MOST_CPUS : (unsigned)cpus;
	flood.begin_ns = net_now_ns();
	for (unsigned i = 0; i < flood.lanes; i++) {
		lanes[i].cpu = i;
		lanes[i].count =
		    flood.count / flood.lanes + (i < flood.count % flood.lanes);
		if (pthread_create(&lanes[i].thread, NULL, send_lane, &lanes[i]))
			return -EAGAIN;
	}
	for (unsigned i = 0; i < flood.lanes; i++) {
		pthread_join(lanes[i].thread, NULL);
		*ret_sent += lanes[i].sent;
		r = lanes[i].r < 0 ? lanes[i].r : r;
	}
	return r;
}

/* Straight to a neighbour, past routes and queueing. 0 or -errno. */
static int open_wire(const char *interface, const char *mac, struct segment_way *ret_way)
{
	struct sockaddr_ll *to = (struct sockaddr_ll *)&ret_way->to;
	const struct ether_addr *address = ether_aton(mac);
	int one = 1;

	*to = (struct sockaddr_ll){ .sll_family = AF_PACKET,
				    .sll_protocol = htons(ETH_P_IP),
				    .sll_ifindex = (int)if_nametoindex(interface),
				    .sll_halen = ETH_ALEN };
	if (!address || !to->sll_ifindex)
		return -EINVAL;
	memcpy(to->sll_addr, address, ETH_ALEN);
	ret_way->length = sizeof(*to);
	ret_way->fd = socket(AF_PACKET, SOCK_DGRAM, 0);
	return ret_way->fd < 0 || setsockopt(ret_way->fd, SOL_PACKET, PACKET_QDISC_BYPASS,
					     &one, sizeof(one)) < 0
		   ? -errno
		   : 0;
}

static bool read_plan(int argc, char **argv)
{
	socklen_t length;

	flood.plan.tcp = (struct tcphdr){ .syn = 1, .window = htons(64240) };
	if ((argc != 5 && argc != 7) ||
	    net_resolve(argv[1], argv[2], &flood.plan.target, &length) < 0 ||
	    flood.plan.target.ss_family != AF_INET)
		return false;
	flood.count = strtoull(argv[3], NULL, 10);
	flood.rate = strtoull(argv[4], NULL, 10);
	return flood.count && flood.rate;
}

int main(int argc, char **argv)
{
	uint64_t sent = 0;
	int r;

	if (!read_plan(argc, argv)) {
		fprintf(stderr, "usage: flood ADDRESS PORT COUNT RATE [INTERFACE MAC]\n");
		return 2;
	}
	signal(SIGTERM, stop);
	r = argc == 7 ? open_wire(argv[5], argv[6], &flood.way)
		      : segment_route(&flood.plan, &flood.way);
	if (r == 0)
		r = send_all(&sent);
	if (r < 0) {
		fprintf(stderr, "flood: %s\n", strerror(-r));
		return 1;
	}
	printf("%llu\n", (unsigned long long)sent);
	return 0;
}
