/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slow SOURCE ADDRESS PORT COUNT RATE RTT_MS: TCP connections (IPv4) as of a client that is
 * RTT_MS away: COUNT of them, RATE a second, from SOURCE, an address that is routed to this host
 * and is not its own, so that its kernel does not meddle. Each sends a SYN, waits RTT_MS after
 * the SYN/ACK before it acknowledges it and ends its side, and is answered when the server has
 * ended its own. What is not answered is sent again after 1 s and 3 s. Prints a line of JSON:
 * attempts, answered, reset, silent.
 */
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include "net.h"
#include "segment.h"

#define MOST  1000
#define TRIES 3

enum state { OPENING, RESTING, ENDING, ANSWERED, RESET, SILENT };

struct attempt {
	enum state state;
	unsigned tries;
	uint64_t due_ms; /* when something is sent next, or given up */
	uint32_t next;	 /* our next sequence number */
	uint32_t heard;	 /* the next one of the server */
};

static struct {
	struct segment_plan plan;
	int sender, receiver;
	size_t count;
	unsigned first_port, rate, rtt_ms;
	struct attempt attempts[MOST];
} slow;

static struct sockaddr_in *source(void)
{
	return (struct sockaddr_in *)&slow.plan.source;
}

static struct sockaddr_in *target(void)
{
	return (struct sockaddr_in *)&slow.plan.target;
}

/* A segment that is lost on its way is sent again. */
static void send_segment(const struct attempt *attempt, struct tcphdr tcp)
{
	struct sockaddr_storage to = segment_destination(&slow.plan);
	struct segment segment;
	struct iovec bytes;

	source()->sin_port =
	    htons((uint16_t)(slow.first_port + (attempt - slow.attempts)));
	slow.plan.tcp = tcp;
	slow.plan.tcp.ack_seq = tcp.ack ? htonl(attempt->heard) : 0;
	slow.plan.tcp.window = htons(64240);
	bytes = segment_make(&segment, &slow.plan);
	if (sendto(slow.sender, bytes.iov_base, bytes.iov_len, 0, (struct sockaddr *)&to,
		   sizeof(struct sockaddr_in)) < 0)
		perror("slow: sendto");
}

/* What its state has to say: a SYN, or the ACK that proves the client and then its FIN. */
static void speak(struct attempt *attempt, uint64_t now_ms)
{
	if (attempt->state == RESTING) {
		attempt->state = ENDING;
		attempt->tries = 0;
	}
	if (attempt->tries == TRIES) {
		attempt->state = SILENT;
		return;
	}
	attempt->due_ms = now_ms + (1000U << attempt->tries++);
	if (attempt->state == OPENING) {
		send_segment(attempt, (struct tcphdr){ .syn = 1,
						       .seq = htonl(attempt->next - 1) });
		return;
	}
	send_segment(attempt, (struct tcphdr){ .ack = 1, .seq = htonl(attempt->next) });
	send_segment(attempt,
		     (struct tcphdr){ .ack = 1, .fin = 1, .seq = htonl(attempt->next) });
}

/*
 * The server's half-open connection of somebody else who had our port before: we deny having
 * sent that, and our next SYN is welcome (RFC 9293 §3.10.7.3).
 */
static void deny(const struct attempt *attempt, const struct tcphdr *tcp)
{
	if (tcp->ack && !tcp->rst)
		send_segment(attempt, (struct tcphdr){ .rst = 1, .seq = tcp->ack_seq });
}

static void hear_opening(struct attempt *attempt, const struct tcphdr *tcp)
{
	if (!tcp->ack || ntohl(tcp->ack_seq) != attempt->next) {
		deny(attempt, tcp);
	} else if (tcp->rst) {
		attempt->state = RESET;
	} else if (tcp->syn) {
		attempt->state = RESTING;
		attempt->heard = ntohl(tcp->seq) + 1;
		attempt->due_ms = net_now_ms() + slow.rtt_ms;
	}
}

static void hear(struct attempt *attempt, const struct tcphdr *tcp)
{
	if (attempt->state == OPENING) {
		hear_opening(attempt, tcp);
	} else if (attempt->state < ANSWERED && tcp->rst) {
		attempt->state = RESET;
	} else if (attempt->state == ENDING && tcp->fin) {
		attempt->state = ANSWERED;
		attempt->heard = ntohl(tcp->seq) + 1;
		attempt->next++;
		send_segment(attempt,
			     (struct tcphdr){ .ack = 1, .seq = htonl(attempt->next) });
	}
}

static void receive(void)
{
	struct {
		struct iphdr ip;
		struct tcphdr tcp;
		char rest[1500];
	} frame;
	ssize_t n;

	while ((n = recv(slow.receiver, &frame, sizeof(frame), MSG_DONTWAIT)) > 0) {
		size_t number = (size_t)(ntohs(frame.tcp.dest) - slow.first_port);

		if ((size_t)n < sizeof(frame.ip) + sizeof(frame.tcp) ||
		    frame.ip.ihl != 5 || frame.ip.protocol != IPPROTO_TCP ||
		    number >= slow.count || frame.ip.daddr != source()->sin_addr.s_addr ||
		    frame.ip.saddr != target()->sin_addr.s_addr)
			continue;
		hear(&slow.attempts[number], &frame.tcp);
	}
}

/* False when every attempt has come to an end. */
static bool look_at_clock(uint64_t now_ms)
{
	bool any = false;

	for (size_t i = 0; i < slow.count; i++) {
		struct attempt *attempt = &slow.attempts[i];

		if (attempt->state >= ANSWERED)
			continue;
		any = true;
		if (now_ms >= attempt->due_ms)
			speak(attempt, now_ms);
	}
	return any;
}

static void run(void)
{
	struct pollfd readable = { .fd = slow.receiver, .events = POLLIN };
	uint64_t begin_ms = net_now_ms();

	for (size_t i = 0; i < slow.count; i++) {
		slow.attempts[i].due_ms = begin_ms + i * 1000 / slow.rate;
		slow.attempts[i].next = (uint32_t)net_word(begin_ms, i);
	}
	while (look_at_clock(net_now_ms())) {
		if (poll(&readable, 1, 1) > 0)
			receive();
	}
}

static size_t count_of(enum state state)
{
	size_t n = 0;

	for (size_t i = 0; i < slow.count; i++)
		n += slow.attempts[i].state == state;
	return n;
}

static bool read_order(int argc, char **argv)
{
	socklen_t length;

	if (argc != 7 || net_resolve(argv[1], "0", &slow.plan.source, &length) < 0 ||
	    net_resolve(argv[2], argv[3], &slow.plan.target, &length) < 0 ||
	    slow.plan.source.ss_family != AF_INET ||
	    slow.plan.target.ss_family != AF_INET)
		return false;
	slow.count = strtoul(argv[4], NULL, 10);
	slow.rate = (unsigned)strtoul(argv[5], NULL, 10);
	slow.rtt_ms = (unsigned)strtoul(argv[6], NULL, 10);
	/* Others than those of a run before: 50,000 in 50 s. */
	slow.first_port = 10000 + (unsigned)(net_now_ms() / 1000 % 50) * MOST;
	return slow.count <= MOST && slow.rate;
}

int main(int argc, char **argv)
{
	if (!read_order(argc, argv)) {
		fprintf(stderr,
			"usage: slow SOURCE ADDRESS PORT COUNT RATE RTT_MS (IPv4)\n");
		return 2;
	}
	slow.sender = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	slow.receiver = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
	if (slow.sender < 0 || slow.receiver < 0) {
		perror("slow");
		return 1;
	}
	run();
	printf("{\"attempts\":%zu,\"answered\":%zu,\"reset\":%zu,\"silent\":%zu}\n",
	       slow.count, count_of(ANSWERED), count_of(RESET), count_of(SILENT));
	return 0;
}
