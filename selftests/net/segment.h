/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP segments from forged sources, over a raw socket, in batches: what flood.c and forge.c
 * share.
 */
#ifndef NET_SEGMENT_H
#define NET_SEGMENT_H

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define SEGMENT_BATCH 128

struct segment {
	unsigned char ip[sizeof(struct ip6_hdr)]; /* the header is at its end */
	struct tcphdr tcp;
};

/* IPv4 or IPv6 addresses, both of one family; TCP in network order. */
struct segment_plan {
	struct sockaddr_storage source, target;
	struct tcphdr tcp; /* ports are the addresses' */
};

static inline uint32_t segment_sum(const void *data, size_t length)
{
	const unsigned char *bytes = data;
	uint32_t total = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		total += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	return total;
}

static inline uint16_t segment_fold(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return htons((uint16_t)~total);
}

static inline uint16_t segment_checksum(const struct tcphdr *tcp, const void *source,
					const void *target, size_t length)
{
	return segment_fold(segment_sum(source, length) + segment_sum(target, length) +
			    segment_sum(tcp, sizeof(*tcp)) + IPPROTO_TCP + sizeof(*tcp));
}

/* Both return the length of the IP header. */
static inline size_t segment_make_v4(struct segment *segment,
				     const struct segment_plan *plan)
{
	const struct sockaddr_in *source = (const void *)&plan->source;
	const struct sockaddr_in *target = (const void *)&plan->target;
	struct iphdr ip = { .version = 4,
			    .ihl = 5,
			    .ttl = 64,
			    .protocol = IPPROTO_TCP,
			    .tot_len = htons(sizeof(ip) + sizeof(segment->tcp)),
			    .saddr = source->sin_addr.s_addr,
			    .daddr = target->sin_addr.s_addr };

	segment->tcp.source = source->sin_port;
	segment->tcp.dest = target->sin_port;
	segment->tcp.check = segment_checksum(&segment->tcp, &ip.saddr, &ip.daddr, 4);
	ip.check = segment_fold(segment_sum(&ip, sizeof(ip)));
	memcpy(segment->ip + sizeof(segment->ip) - sizeof(ip), &ip, sizeof(ip));
	return sizeof(ip);
}

static inline size_t segment_make_v6(struct segment *segment,
				     const struct segment_plan *plan)
{
	const struct sockaddr_in6 *source = (const void *)&plan->source;
	const struct sockaddr_in6 *target = (const void *)&plan->target;
	struct ip6_hdr ip = { .ip6_src = source->sin6_addr,
			      .ip6_dst = target->sin6_addr };

	ip.ip6_flow = htonl(6U << 28);
	ip.ip6_plen = htons(sizeof(segment->tcp));
	ip.ip6_nxt = IPPROTO_TCP;
	ip.ip6_hlim = 64;
	segment->tcp.source = source->sin6_port;
	segment->tcp.dest = target->sin6_port;
	segment->tcp.check =
	    segment_checksum(&segment->tcp, &ip.ip6_src, &ip.ip6_dst, 16);
	memcpy(segment->ip + sizeof(segment->ip) - sizeof(ip), &ip, sizeof(ip));
	return sizeof(ip);
}

static inline struct iovec segment_make(struct segment *segment,
					const struct segment_plan *plan)
{
	size_t head;

	segment->tcp = plan->tcp;
	segment->tcp.doff = sizeof(segment->tcp) / 4;
	segment->tcp.check = 0;
	head = plan->target.ss_family == AF_INET6 ? segment_make_v6(segment, plan)
						  : segment_make_v4(segment, plan);
	return (struct iovec){ (char *)&segment->tcp - head,
			       head + sizeof(segment->tcp) };
}

/* Whom to send to; a raw IPv6 socket takes a port for a protocol. */
static inline struct sockaddr_storage segment_destination(const struct segment_plan *plan)
{
	struct sockaddr_storage target = plan->target;

	if (target.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&target)->sin6_port = 0;
	return target;
}

/* A socket that takes whole IP packets, and where it sends them. */
struct segment_way {
	int fd;
	struct sockaddr_storage to;
	socklen_t length;
};

/* By the routes. 0 or -errno. */
static inline int segment_route(const struct segment_plan *plan,
				struct segment_way *ret_way)
{
	ret_way->fd = socket(plan->target.ss_family, SOCK_RAW, IPPROTO_RAW);
	ret_way->to = segment_destination(plan);
	ret_way->length = plan->target.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							     : sizeof(struct sockaddr_in);
	return ret_way->fd < 0 ? -errno : 0;
}

/*
 * Segments first … first + count - 1, as plan_nth() makes each out of *plan. Number sent, 0
 * when the queue is full, or -errno.
 */
static inline int
segment_send_batch(const struct segment_way *way, struct segment_plan *plan,
		   void (*plan_nth)(struct segment_plan *plan, uint64_t n),
		   uint64_t first, unsigned count)
{
	static _Thread_local struct segment segments[SEGMENT_BATCH];
	static _Thread_local struct iovec parts[SEGMENT_BATCH];
	static _Thread_local struct mmsghdr messages[SEGMENT_BATCH];
	int n;

	for (unsigned i = 0; i < count; i++) {
		plan_nth(plan, first + i);
		parts[i] = segment_make(&segments[i], plan);
		messages[i].msg_hdr = (struct msghdr){ .msg_name = (void *)&way->to,
						       .msg_namelen = way->length,
						       .msg_iov = &parts[i],
						       .msg_iovlen = 1 };
	}
	n = sendmmsg(way->fd, messages, count, 0);
	if (n >= 0)
		return n;
	return errno == ENOBUFS ? 0 : -errno;
}

/* Send count segments, or fewer when *stop becomes true. 0 or -errno. */
static inline int
segment_send_all(const struct segment_way *way, struct segment_plan *plan,
		 void (*plan_nth)(struct segment_plan *plan, uint64_t n), uint64_t count,
		 const volatile sig_atomic_t *stop, uint64_t *ret_sent)
{
	uint64_t sent = 0;
	int n;

	for (; sent < count && !*stop; sent += (uint64_t)n) {
		uint64_t rest = count - sent;

		n = segment_send_batch(way, plan, plan_nth, sent,
				       rest < SEGMENT_BATCH ? (unsigned)rest
							    : SEGMENT_BATCH);
		if (n < 0)
			return n;
	}
	*ret_sent = sent;
	return 0;
}

#endif
