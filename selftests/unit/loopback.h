/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stage of the health tests: one loop with the checks under test and the backends
 * they probe. Tests wait for conditions (loop_until) with a deadline and never sleep.
 * Listeners are sockets of the kernel or handles on the same loop; no threads.
 */
#ifndef UNIT_LOOPBACK_H
#define UNIT_LOOPBACK_H

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>
#include "../../control/health/health.h"

#define DEADLINE_MS 10000

struct stage {
	uv_loop_t loop;
	uv_timer_t deadline;
	bool late;
	struct health *health;
	unsigned told;	  /* calls of changed() */
	uint64_t told_ms; /* the last one */
	char told_of[64]; /* all, "shop/cart " each */
	bool remove_when_told;
};

static inline void on_changed(void *context, const char *namespace, const char *service)
{
	struct stage *stage = context;
	size_t used = strlen(stage->told_of);

	stage->told++;
	stage->told_ms = uv_hrtime() / 1000000;
	if (stage->remove_when_told)
		health_set_service(stage->health, namespace, service, NULL);
	snprintf(stage->told_of + used, sizeof(stage->told_of) - used, "%s/%s ",
		 namespace, service);
}

static inline void on_deadline(uv_timer_t *timer)
{
	struct stage *stage = timer->data;

	stage->late = true;
}

static inline int open_stage(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));

	uv_loop_init(&stage->loop);
	uv_timer_init(&stage->loop, &stage->deadline);
	stage->deadline.data = stage;
	*state = stage;
	return health_open(&stage->loop, on_changed, stage, &stage->health);
}

static inline void close_left(uv_handle_t *handle, void *context)
{
	(void)context;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

/* A test that failed has left handles open; they are static, so they may still be closed.
 */
static inline int close_stage(void **state)
{
	struct stage *stage = *state;
	int r;

	health_close(stage->health);
	uv_walk(&stage->loop, close_left, NULL);
	uv_run(&stage->loop, UV_RUN_DEFAULT);
	r = uv_loop_close(&stage->loop);
	free(stage);
	return r;
}

/* Run the loop until the condition holds; fail after DEADLINE_MS. */
#define loop_until(stage, condition)                                                     \
	do {                                                                             \
		loop_begin(stage, DEADLINE_MS);                                          \
		while (!(condition)) {                                                   \
			if ((stage)->late)                                               \
				fail_msg("not within %d ms: %s", DEADLINE_MS,            \
					 #condition);                                    \
			uv_run(&(stage)->loop, UV_RUN_ONCE);                             \
		}                                                                        \
	} while (0)

static inline void loop_begin(struct stage *stage, uint64_t deadline_ms)
{
	stage->late = false;
	uv_update_time(&stage->loop);
	uv_timer_start(&stage->deadline, on_deadline, deadline_ms, 0);
}

/* Let the loop run for a while, to see what does not happen. */
static inline void loop_for(struct stage *stage, uint64_t duration_ms)
{
	loop_begin(stage, duration_ms);
	while (!stage->late)
		uv_run(&stage->loop, UV_RUN_ONCE);
}

/* ---- checks ---- */

static inline struct check_spec fast(enum check_type type)
{
	return (struct check_spec){
		.type = type,
		.status_first = 200,
		.status_last = 399,
		.interval_ms = 50,
		.timeout_ms = 2000,
		.rise = 2,
		.fall = 2,
	};
}

static inline struct wanted_check at(const char *address, uint16_t port)
{
	struct wanted_check check = { .port = port };

	assert_int_equal(addr_parse(address, &check.addr), 0);
	return check;
}

static inline void want_all(struct stage *stage, const char *service,
			    const struct check_spec *spec, struct wanted_check *checks,
			    size_t count)
{
	const struct wanted_service wanted = { .check = *spec,
					       .checks = checks,
					       .check_count = count };

	assert_int_equal(health_set_service(stage->health, "shop", service, &wanted), 0);
}

static inline void want(struct stage *stage, const char *service,
			const struct check_spec *spec, struct wanted_check check)
{
	want_all(stage, service, spec, &check, 1);
}

static inline int state_of(struct stage *stage, const struct check_spec *spec,
			   struct wanted_check check)
{
	return health_state(stage->health, &check.addr, check.port, spec);
}

static inline struct health_result
result_of(struct stage *stage, const struct check_spec *spec, struct wanted_check check)
{
	struct health_result result;

	assert_int_equal(
	    health_describe(stage->health, &check.addr, check.port, spec, &result), 0);
	return result;
}

/* The check reaches this state, and its last result reads so. */
#define expect_result(stage, spec, check, wanted_state, wanted_text)                     \
	do {                                                                             \
		loop_until(stage, state_of(stage, spec, check) == (wanted_state));       \
		assert_string_equal(result_of(stage, spec, check).text, wanted_text);    \
	} while (0)

/* ---- backends ---- */

/* A bound socket on an address of loopback; port 0: any, else this one again. */
static inline int bind_socket(const char *address, int type, uint16_t port)
{
	struct wanted_check where = at(address, port);
	struct sockaddr_storage to;
	socklen_t length = addr_to_sockaddr(&where.addr, port, &to);
	int fd = socket(to.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1;

	assert_true(fd >= 0);
	if (port) /* else the kernel might give one UDP port to two of us */
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&to, length), 0);
	return fd;
}

/* The port lies in the same place in both families. */
static inline uint16_t port_of(int fd)
{
	struct sockaddr_in6 bound = { 0 };
	socklen_t length = sizeof(bound);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &length), 0);
	return ntohs(bound.sin6_port);
}

/* The kernel completes connections; nobody accepts them. */
static inline int listen_socket(const char *address, uint16_t port, int backlog)
{
	int fd = bind_socket(address, SOCK_STREAM, port);

	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

#endif
