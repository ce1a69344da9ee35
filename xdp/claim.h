/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * claim: which line a new key gets. A free one of its window; else one of a flow that has ended
 * or whose time-out has passed without a sweeper, or of any embryonic one: the least recently
 * seen. How a flow ends in our eyes is close.h's.
 */
#ifndef XDP_CLAIM_H
#define XDP_CLAIM_H

#include "clock.h"
#include "pair.h"

static __always_inline int line_claim(struct hg_flow *flow, __u32 ctl, __u32 now,
				      __u32 *ret_pending)
{
	__u32 next = (ctl & HG_FLOW_STATE) == HG_FLOW_FREE
			 ? (ctl & HG_FLOW_IDENTITY & ~HG_FLOW_STATE)
			 : hg_flow_ctl_free(ctl);

	next |= HG_FLOW_PENDING;
	/* First, so that nobody takes the line for one that was left PENDING long ago; not into
	 * one that somebody else has got meanwhile: `seen` shares its word with `proof`. */
	if (ctl_of(flow) != ctl)
		return 0;
	flow->seen = now;
	barrier();
	if (__sync_val_compare_and_swap(&flow->ctl, ctl, next) != ctl)
		return 0;
	*ret_pending = next;
	return 1;
}

/* Is the time of the flow that a line holds over? */
static __always_inline int line_is_idle(const struct hg_flow *flow, __u32 line, __u32 ctl,
					__u32 now)
{
	__u32 partner = partner_of(flow, line), age = line_age(flow, now);
	struct hg_flow *other = partner == LINE_NONE ? 0 : table_line(partner);
	__u32 other_age = other ? line_age(other, now) : age;

	return (other_age < age ? other_age : age) >=
	       hg_flow_timeout(hg_config.timeout, flow->key.protocol, ctl,
			       other ? ctl_of(other) : 0, !!(line & LINE_EMBRYO));
}

enum flow_end {
	FLOW_GOES_ON,
	FLOW_CLOSED, /* both FINs were acknowledged: who left first is in TIME_WAIT */
	FLOW_RESET,
};

/* By what both directions have seen. */
static __always_inline enum flow_end line_end(const struct hg_flow *flow, __u32 line,
					      __u32 ctl)
{
	__u32 partner = partner_of(flow, line);
	struct hg_flow *other = partner == LINE_NONE ? 0 : table_line(partner);
	__u32 other_ctl = other ? ctl_of(other) : HG_FLOW_ENDED;

	if ((ctl | other_ctl) & HG_FLOW_RESET)
		return FLOW_RESET;
	return ctl & other_ctl & HG_FLOW_ENDED ? FLOW_CLOSED : FLOW_GOES_ON;
}

/*
 * May a line that is not FREE be taken from its tenant, when none is? An embryonic one always,
 * but not while it is made; in the main table one whose time-out has passed or whose flow has
 * ended: a connection that lives comes before one that is remembered.
 */
static __always_inline int line_may_go(const struct hg_flow *flow, __u32 line, __u32 ctl,
				       __u32 now)
{
	if ((ctl & HG_FLOW_STATE) == HG_FLOW_PENDING)
		return line_age(flow, now) > HG_FLOW_LEFT_TICKS;
	if (line & LINE_EMBRYO)
		return 1;
	return line_is_idle(flow, line, ctl, now) ||
	       line_end(flow, line, ctl) != FLOW_GOES_ON;
}

/* A FREE line of the window, the home line apart. */
static __noinline __u32 claim_free(__u32 home, __u32 now, __u32 *ret_pending)
{
	__u32 window = home & LINE_EMBRYO ? HG_EMBRYO_WINDOW : HG_FLOW_WINDOW;

	for (__u32 i = 1; i < HG_FLOW_WINDOW; i++) {
		__u32 line = line_after(home, i), ctl;
		struct hg_flow *flow = table_line(line);

		if (!flow || i >= window)
			break;
		ctl = ctl_of(flow);
		if ((ctl & HG_FLOW_STATE) == HG_FLOW_FREE &&
		    line_claim(flow, ctl, now, ret_pending))
			return line;
	}
	return LINE_NONE;
}

/*
 * Claim a line from its tenant, whose flow ends in both directions. Returns its ctl while PENDING,
 * 0 when it cannot be had. Global: verified once.
 */
__noinline __u32 claim_over(__u32 line, __u32 ctl, __u32 now)
{
	struct hg_flow *flow = table_line(line);
	int is_live = (ctl & HG_FLOW_STATE) == HG_FLOW_LIVE;
	struct line_other other;
	__u32 backend, pending;

	if (!flow)
		return 0;
	order_loads(); /* ctl was read before */
	backend = flow->backend;
	if ((!line_other(flow, line, ctl, &other) && is_live) ||
	    !line_claim(flow, ctl, now, &pending))
		return 0;
	if (is_live && other_free(ctl, other.line, other.ctl))
		stats_closed(hg_backend_index(backend));
	return pending;
}

/* Was it answered? Of an embryonic flow, which then waits for its client alone. */
static __always_inline int line_is_answered(__u32 ctl)
{
	return ctl & (ctl & HG_FLOW_REPLY ? HG_FLOW_SYN | HG_FLOW_ACK : HG_FLOW_ASKED);
}

/*
 * How well a line can be spared: 0 not at all, else the better the longer its flow has been
 * silent; rather an embryonic one that nobody has answered. Global: verified once, not for
 * each of a window.
 */
__noinline __u32 line_spare(__u32 line, __u32 now)
{
	struct hg_flow *flow = table_line(line);
	__u32 ctl = flow ? ctl_of(flow) : 0;

	if (!flow || !line_may_go(flow, line, ctl, now))
		return 0;
	return 1 + line_age(flow, now) +
	       (line & LINE_EMBRYO && !line_is_answered(ctl) ? HG_TICKS(1) : 0);
}

/*
 * An embryonic flow goes whose client had time left to prove itself: clients that are farther
 * away than a flood leaves them time are told by what they say later (flow_resumes()).
 */
#define FLOOD_TICKS HG_TICKS(5)
__noinline int flood_note(void)
{
	__u32 now = clock_tick();
	__u32 zero = 0;
	struct hg_state *state = bpf_map_lookup_elem(&hg_state, &zero);

	/* Seldom: all CPUs read the line. */
	if (state && state->flood_tick != now)
		state->flood_tick = now;
	return 0;
}

/* The line of a window that can be spared best. */
__noinline __u32 find_oldest(__u32 home, __u32 now)
{
	__u32 window = home & LINE_EMBRYO ? HG_EMBRYO_WINDOW : HG_FLOW_WINDOW;
	__u32 oldest = LINE_NONE, best = 0, spare;

	for (__u32 i = 0; i < HG_FLOW_WINDOW; i++) {
		if (i >= window)
			break;
		spare = line_spare(line_after(home, i), now);
		if (spare > best) {
			best = spare;
			oldest = line_after(home, i);
		}
	}
	if (home & LINE_EMBRYO && best && best < FLOOD_TICKS)
		flood_note();
	return oldest;
}

/* Is there a flood of new flows, or was lately? It comes by some CPUs, its victims by others. */
static __always_inline int is_flooded(void)
{
	__u32 zero = 0;
	struct hg_state *state = bpf_map_lookup_elem(&hg_state, &zero);

	/* Unsigned: after years one that is long over would else come again. */
	return state && state->flood_tick &&
	       clock_tick() + 1 - state->flood_tick <= FLOOD_TICKS;
}

/* A line for a new key: a free one, else one that may be taken over. */
static __always_inline __u32 claim_line(__u32 home, __u32 now, __u32 *ret_pending)
{
	struct hg_flow *flow = table_line(home);
	__u32 ctl = flow ? ctl_of(flow) : HG_FLOW_PENDING, line;

	if (flow && (ctl & HG_FLOW_STATE) == HG_FLOW_FREE &&
	    line_claim(flow, ctl, now, ret_pending))
		return home;
	line = claim_free(home, now, ret_pending);
	if (line != LINE_NONE)
		return line;
	line = find_oldest(home, now);
	flow = line == LINE_NONE ? 0 : table_line(line);
	if (!flow)
		return LINE_NONE;
	ctl = ctl_of(flow);
	order_loads();
	/* Another CPU may have claimed it since it was found. */
	if (!line_may_go(flow, line, ctl, now))
		return LINE_NONE;
	*ret_pending = claim_over(line, ctl, now);
	return *ret_pending ? line : LINE_NONE;
}

#endif
