/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forge SOURCE PORTS TARGET PORTS COUNT KIND…: COUNT TCP segments to TARGET that claim to come
 * from SOURCE (both IPv4 or both IPv6, raw socket), as somebody sends them who knows the
 * addresses but not the connections: over all ports of the two ranges (FIRST-LAST, or one
 * port), each port with all KINDs (rst, rstack, fin, syn) in turn, and each segment with a
 * sequence number and an acknowledgement out of the air. Prints how many were sent.
 */
#include <stdbool.h>
#include <stdlib.h>
#include "net.h"
#include "segment.h"

#define KINDS 8

struct ports {
	unsigned first, count;
};

static const struct kind {
	const char *name;
	struct tcphdr tcp;
} known[] = {
	{ "rst", { .rst = 1 } },
	{ "rstack", { .rst = 1, .ack = 1 } },
	{ "fin", { .fin = 1, .ack = 1 } },
	{ "syn", { .syn = 1 } },
};

static struct {
	struct ports source, target;
	const struct kind *kinds[KINDS];
	unsigned kind_count;
	uint64_t seed;
} order;

static void set_port(struct sockaddr_storage *addr, struct ports ports, uint64_t n)
{
	in_port_t port = htons((uint16_t)(ports.first + n % ports.count));

	if (addr->ss_family == AF_INET6)
		((struct sockaddr_in6 *)addr)->sin6_port = port;
	else
		((struct sockaddr_in *)addr)->sin_port = port;
}

/* One range is a single port as a rule: both run through in step. */
static void forge(struct segment_plan *plan, uint64_t n)
{
	uint64_t random = net_word(order.seed, n), turn = n / order.kind_count;

	plan->tcp = order.kinds[n % order.kind_count]->tcp;
	plan->tcp.seq = (uint32_t)random;
	plan->tcp.ack_seq = plan->tcp.ack ? (uint32_t)(random >> 32) : 0;
	plan->tcp.window = htons(64240);
	set_port(&plan->source, order.source, turn);
	set_port(&plan->target, order.target, turn);
}

static bool read_ports(const char *text, struct ports *ret_ports)
{
	char *end;
	unsigned long first = strtoul(text, &end, 10);
	unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

	if (*end || !first || last < first || last > 65535)
		return false;
	*ret_ports = (struct ports){ (unsigned)first, (unsigned)(last - first + 1) };
	return true;
}

static bool read_kinds(char **names, int count)
{
	for (int i = 0; i < count; i++) {
		for (size_t k = 0; k < sizeof(known) / sizeof(*known); k++) {
			if (strcmp(names[i], known[k].name) == 0)
				order.kinds[order.kind_count++] = &known[k];
		}
	}
	return (int)order.kind_count == count;
}

static bool read_order(int argc, char **argv, struct segment_plan *ret_plan)
{
	socklen_t length;

	return argc > 6 && argc <= 6 + KINDS && read_ports(argv[2], &order.source) &&
	       read_ports(argv[4], &order.target) && read_kinds(argv + 6, argc - 6) &&
	       net_resolve(argv[1], "0", &ret_plan->source, &length) == 0 &&
	       net_resolve(argv[3], "0", &ret_plan->target, &length) == 0 &&
	       ret_plan->source.ss_family == ret_plan->target.ss_family;
}

int main(int argc, char **argv)
{
	static const volatile sig_atomic_t never;
	struct segment_plan plan = { 0 };
	struct segment_way way;
	uint64_t sent = 0;
	int r;

	if (!read_order(argc, argv, &plan)) {
		fprintf(stderr, "usage: forge SOURCE PORTS TARGET PORTS COUNT "
				"rst|rstack|fin|syn…\n");
		return 2;
	}
	order.seed = net_now_ms();
	r = segment_route(&plan, &way);
	if (r == 0)
		r = segment_send_all(&way, &plan, forge, strtoull(argv[5], NULL, 10),
				     &never, &sent);
	if (r < 0) {
		fprintf(stderr, "forge: %s\n", strerror(-r));
		return 1;
	}
	printf("%llu\n", (unsigned long long)sent);
	return 0;
}
