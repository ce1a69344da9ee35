/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Active health checks: TCP, HTTP, HTTPS, UDP, DNS; rise/fall, jittered start, time-out.
 * The state machine is pure (health/verdict.c); probes run on the loop. Equal checks of
 * several Services are one.
 */
#ifndef HEALTH_HEALTH_H
#define HEALTH_HEALTH_H

#include <uv.h>
#include "../compile/wanted.h"

struct health;

struct health_result {
	int state;		      /* HEALTH_UNKNOWN, HEALTH_UP, HEALTH_DOWN */
	unsigned successes, failures; /* in a row */
	uint64_t changed_ms;	      /* uv_now of the last change of state */
	unsigned last_duration_us;
	char text[96]; /* last result: "HTTP 503", "connection refused", "no answer within
			  1 s" */
};

/*
 * States: UNKNOWN until the first success (UP at once) or the fall-th failure (DOWN); see
 * verdict.c. A probe that this node had no means for (descriptors, ports) changes nothing.
 *
 * changed() is called in the loop turn in which the results came, once for each Service
 * of which a check changed its state. It may call health_set_service() for any Service,
 * but not health_close(). The soft limit of open files is raised to the hard one.
 */
int health_open(uv_loop_t *loop,
		void (*changed)(void *context, const char *namespace,
				const char *service),
		void *context, struct health **ret_health);
/* Ends all probes. The memory goes when the loop has run once more. */
void health_close(struct health *health);

/*
 * Make the checks of a Service these ones (service->check × service->checks; NULL: none
 * any more). Checks that stay keep their state. 0 or -ENOMEM: the old ones stay in force.
 * interval_ms, timeout_ms, rise and fall are ≥ 1.
 */
int health_set_service(struct health *health, const char *namespace, const char *name,
		       const struct wanted_service *service);
/* State of one check; HEALTH_UNKNOWN when it is not known. Fits compile_input.health. */
int health_state(void *health, const struct hg_addr *addr, uint16_t port,
		 const struct check_spec *check);
/* 0, or -ENOENT. */
int health_describe(const struct health *health, const struct hg_addr *addr,
		    uint16_t port, const struct check_spec *check,
		    struct health_result *ret_result);
size_t health_count(const struct health *health);

#endif
