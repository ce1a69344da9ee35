/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the lab's traffic programs share: an address from the command line, a clock, the
 * bytes that a position in a stream must have.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

/* 0, or -EINVAL after a line on standard error. */
static inline int net_resolve(const char *host, const char *port,
			      struct sockaddr_storage *ret_addr, socklen_t *ret_length)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int r;

	r = getaddrinfo(host, port, &hints, &found);
	if (r) {
		fprintf(stderr, "%s port %s: %s\n", host, port, gai_strerror(r));
		return -EINVAL;
	}
	memcpy(ret_addr, found->ai_addr, found->ai_addrlen);
	*ret_length = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

static inline uint64_t net_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static inline uint64_t net_now_ms(void)
{
	return net_now_ns() / 1000000;
}

/* The nth 64-bit word of the stream called seed: no two places of it are alike. */
static inline uint64_t net_word(uint64_t seed, uint64_t n)
{
	uint64_t z = seed + n * 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	return z ^ (z >> 31);
}

static inline void net_many_files(void)
{
	struct rlimit files = { 65536, 65536 };

	setrlimit(RLIMIT_NOFILE, &files);
}

#endif
