/* SPDX-License-Identifier: BSD-2-Clause */
/* The latest packets that policy refused, as the datapath wrote them down. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include "state.h"

#define TICK_S ((1U << HG_TICK_SHIFT) / 1e9)

/* Newest first. */
static int by_number(const void *a, const void *b)
{
	const struct hg_policy_event *one = a, *other = b;

	return (one->number < other->number) - (one->number > other->number);
}

static struct datapath_refusal refusal_of(const struct hg_policy_event *event)
{
	int32_t age = (int32_t)(clock_tick() - event->seen);

	return (struct datapath_refusal){
		.number = event->number,
		.from = event->from,
		.to = event->to,
		.protocol = event->protocol,
		.port = host16(event->port),
		.reason = event->reason,
		.counter = event->counter,
		.age_s = age > 0 ? (uint32_t)(age * TICK_S) : 0,
	};
}

/*
 * A copy that the datapath wrote into meanwhile may be half of one packet, half of another:
 * what two copies agree on is one packet's (selftests/order/event.litmus).
 */
static bool read_event(int fd, uint32_t index, struct hg_policy_event *ret_event)
{
	struct hg_policy_event again;

	if (bpf_map_lookup_elem(fd, &index, ret_event) < 0 || !ret_event->number)
		return false;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return bpf_map_lookup_elem(fd, &index, &again) == 0 &&
	       memcmp(ret_event, &again, sizeof(again)) == 0;
}

size_t datapath_refusals(const struct datapath *datapath, struct datapath_refusal *ret,
			 size_t size)
{
	struct hg_policy_event events[HG_POLICY_EVENTS];
	size_t count = 0, i;

	for (uint32_t index = 0; index < HG_POLICY_EVENTS; index++) {
		if (read_event(datapath->fds[MAP_POLICY_EVENTS], index, &events[count]))
			count++;
	}
	qsort(events, count, sizeof(*events), by_number);
	for (i = 0; i < count && i < size; i++)
		ret[i] = refusal_of(&events[i]);
	return i;
}
