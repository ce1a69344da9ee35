/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One probe: one attempt to reach a backend, from start to result. The kinds (tcp.c,
 * udp.c, http.c) fill in how; prober.c runs them on the loop; time-outs are the caller's.
 */
#ifndef HEALTH_PROBE_H
#define HEALTH_PROBE_H

#include "../cluster/object.h"

/* What is probed. Two targets are equal when all of it is equal but spec.port. */
struct probe_target {
	struct hg_addr addr;
	uint16_t port;		/* resolved; spec.port is not looked at */
	struct check_spec spec; /* interval, timeout, rise and fall are ≥ 1 */
};

enum probe_outcome {
	PROBE_PASSED,
	PROBE_FAILED,
	PROBE_VOID, /* not probed, for a reason on this side: says nothing of the backend
		     */
};

#define PROBE_TEXT 96
struct probe_result {
	enum probe_outcome outcome;
	char text[PROBE_TEXT];
};

struct http_transfer;

/* Embedded in its owner. All zero: idle. */
struct probe {
	const struct probe_target *target; /* NULL: idle */
	int fd;				   /* TCP, UDP, DNS */
	struct http_transfer *transfer;	   /* HTTP, HTTPS */
	uint16_t query_id;		   /* DNS */
	bool strayed;			   /* DNS: an answer came that is not ours */
	uint64_t started_ns;
};

/* A kind that lives on one socket of its own. */
struct probe_kind {
	uint32_t events; /* epoll events to wait for */
	/* Make probe->fd and send what is to be sent. True: over already, without fd. */
	bool (*start)(struct probe *probe, struct probe_result *ret_result);
	/* The socket has something to say. True: decided, *ret_result is filled in. */
	bool (*judge)(struct probe *probe, uint32_t events,
		      struct probe_result *ret_result);
};

extern const struct probe_kind probe_tcp, probe_udp, probe_dns;

/* Fill in a result; each returns true ("decided"). */
bool probe_pass(struct probe_result *ret_result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool probe_fail(struct probe_result *ret_result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool probe_void(struct probe_result *ret_result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* By errno: a failure of the backend, or void where this node lacks a resource. */
bool probe_fail_errno(struct probe_result *ret_result, int error);
/* The time-out of the check has passed. */
bool probe_fail_timeout(struct probe_result *ret_result, const struct probe *probe);

/* A non-blocking, connected (TCP: connecting) socket to the target, or -errno. */
int probe_connect(const struct probe_target *target, int type);
/* The pending error of a socket, as a positive errno. */
int probe_socket_error(int fd);

#endif
