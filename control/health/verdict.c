/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state machine of a health check.
 *
 * state    success                      failure UNKNOWN  UP at once
 * DOWN after `fall` in a row UP       stays                        DOWN after `fall` in
 * a row DOWN     UP after `rise` in a row     stays
 *
 * A result of one kind ends the run of the other kind. UNKNOWN is the time between the
 * appearance of a check and its first success or `fall`-th failure. One success ends it
 * because `rise` guards against a backend that flaps back into service, and this one
 * has not failed yet: a new backend serves after one probe, not after `rise` intervals.
 * It takes `fall` failures to be called DOWN, so that one lost packet at the start of
 * the daemon empties no Service. Whether UNKNOWN backends take traffic is decided in
 * compile/.
 */
#include "verdict.h"
#include <limits.h>
#include "../compile/wanted.h"

void verdict_start(struct verdict *verdict, unsigned rise, unsigned fall, uint64_t now_ms)
{
	*verdict = (struct verdict){
		.state = HEALTH_UNKNOWN,
		.rise = rise,
		.fall = fall,
		.changed_ms = now_ms,
	};
}

static unsigned needed_run(const struct verdict *verdict, bool passed)
{
	if (!passed)
		return verdict->fall;
	return verdict->state == HEALTH_UNKNOWN ? 1 : verdict->rise;
}

bool verdict_take(struct verdict *verdict, bool passed, uint64_t now_ms)
{
	unsigned *run = passed ? &verdict->successes : &verdict->failures;
	unsigned *other = passed ? &verdict->failures : &verdict->successes;
	int next = passed ? HEALTH_UP : HEALTH_DOWN;

	*other = 0;
	if (*run < UINT_MAX)
		(*run)++;
	if (verdict->state == next || *run < needed_run(verdict, passed))
		return false;
	verdict->state = next;
	verdict->changed_ms = now_ms;
	return true;
}
