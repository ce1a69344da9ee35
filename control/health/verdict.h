/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rise and fall: what a run of probe results says about a backend. Pure: time is a
 * parameter.
 */
#ifndef HEALTH_VERDICT_H
#define HEALTH_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

struct verdict {
	int state;		      /* HEALTH_UNKNOWN, HEALTH_UP, HEALTH_DOWN */
	unsigned rise, fall;	      /* ≥ 1 */
	unsigned successes, failures; /* in a row; one of them is 0 */
	uint64_t changed_ms;	      /* when state last changed, or verdict_start() */
};

void verdict_start(struct verdict *verdict, unsigned rise, unsigned fall,
		   uint64_t now_ms);
/* Take one probe result in; true when it changed the state. */
bool verdict_take(struct verdict *verdict, bool passed, uint64_t now_ms);

#endif
