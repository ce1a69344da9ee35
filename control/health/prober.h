/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs probes on the loop. All their sockets are in one epoll set of its own, which the
 * loop watches as one descriptor. Time-outs, schedule and bounds are the caller's.
 */
#ifndef HEALTH_PROBER_H
#define HEALTH_PROBER_H

#include <uv.h>
#include "http.h"

struct prober;

/*
 * events->finished() may not start or stop probes, nor free one; events->settled()
 * follows in the same loop turn and may do all of it.
 */
int prober_open(uv_loop_t *loop, const struct http_events *events, void *context,
		struct prober **ret_prober);
/* All probes must have been stopped. Memory goes when the loop has run once more. */
void prober_close(struct prober *prober);
/*
 * True when the probe is over already, with *ret_result; false when it is in flight:
 * finished() will be called. probe and target stay where they are until then.
 */
bool prober_start(struct prober *prober, struct probe *probe,
		  const struct probe_target *target, struct probe_result *ret_result);
/* End it without a result. An idle probe is left alone. */
void prober_stop(struct prober *prober, struct probe *probe);
/* The time-out of a probe in flight has passed: end it with what is known by then. */
void prober_expire(struct prober *prober, struct probe *probe,
		   struct probe_result *ret_result);
/* Take what the sockets have to say now, before time-outs are judged. No settled(). */
void prober_poll(struct prober *prober);

#endif
