/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flood ADDRESS PORT COUNT: COUNT TCP SYNs (IPv4, raw socket) to ADDRESS:PORT from forged
 * sources in 198.18.0.0/15, the range set aside for such tests; the lab's router drops
 * what comes back to it. Prints how many were sent. The kernel completes both checksums:
 * the IP header's always, TCP's here by hand.
 */
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>
#include "net.h"

#define FIRST_SOURCE 0xc6120000U /* 198.18.0.0 */
#define SOURCES	     0x0001ffffU
#define BATCH	     128

struct frame {
	struct iphdr ip;
	struct tcphdr tcp;
};

static uint16_t tcp_checksum(const struct frame *frame)
{
	struct {
		uint32_t saddr, daddr;
		uint16_t protocol, length;
		struct tcphdr tcp;
	} sum = { frame->ip.saddr, frame->ip.daddr, htons(IPPROTO_TCP),
		  htons(sizeof(struct tcphdr)), frame->tcp };
	uint16_t words[sizeof(sum) / 2];
	uint32_t total = 0;

	memcpy(words, &sum, sizeof(sum));
	for (size_t i = 0; i < sizeof(sum) / 2; i++)
		total += words[i];
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)~total;
}

static void forge(struct frame *frame, const struct sockaddr_in *target, uint64_t n)
{
	uint64_t random = net_word(0x5e5, n);

	*frame = (struct frame){
		.ip = { .version = 4,
			.ihl = 5,
			.ttl = 64,
			.protocol = IPPROTO_TCP,
			.tot_len = htons(sizeof(*frame)),
			.saddr = htonl(FIRST_SOURCE + ((uint32_t)random & SOURCES)),
			.daddr = target->sin_addr.s_addr },
		.tcp = { .source = htons((uint16_t)(1024 + (random >> 32) % 60000)),
			 .dest = target->sin_port,
			 .seq = (uint32_t)(random >> 16),
			 .doff = 5,
			 .syn = 1,
			 .window = htons(64240) },
	};
	frame->tcp.check = tcp_checksum(frame);
}

/* Number sent, or -errno. */
static int send_batch(int fd, const struct sockaddr_in *target, uint64_t first,
		      unsigned count)
{
	static struct frame frames[BATCH];
	static struct iovec parts[BATCH];
	static struct mmsghdr messages[BATCH];
	int n;

	for (unsigned i = 0; i < count; i++) {
		forge(&frames[i], target, first + i);
		parts[i] = (struct iovec){ &frames[i], sizeof(frames[i]) };
		messages[i] =
		    (struct mmsghdr){ .msg_hdr = { .msg_name = (void *)target,
						   .msg_namelen = sizeof(*target),
						   .msg_iov = &parts[i],
						   .msg_iovlen = 1 } };
	}
	n = sendmmsg(fd, messages, count, 0);
	return n < 0 ? -errno : n;
}

int main(int argc, char **argv)
{
	struct sockaddr_storage addr;
	uint64_t sent = 0, count;
	socklen_t length;
	int fd, n;

	if (argc != 4) {
		fprintf(stderr, "usage: flood ADDRESS PORT COUNT\n");
		return 2;
	}
	if (net_resolve(argv[1], argv[2], &addr, &length) < 0 ||
	    addr.ss_family != AF_INET)
		return 2;
	count = strtoull(argv[3], NULL, 10);
	fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	for (; fd >= 0 && sent < count; sent += (uint64_t)n) {
		uint64_t rest = count - sent;

		n = send_batch(fd, (struct sockaddr_in *)&addr, sent,
			       rest < BATCH ? (unsigned)rest : BATCH);
		if (n == -ENOBUFS)
			n = 0;
		if (n < 0)
			break;
	}
	if (sent < count) {
		perror("flood");
		return 1;
	}
	printf("%llu\n", (unsigned long long)sent);
	return 0;
}
