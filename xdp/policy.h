/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * policy: may this client open a flow to this destination? Both ends' NetworkPolicies,
 * whatever their number of rules: a row of bits by the other end's class, a row by the
 * port's class, the first bit they share is the rule that decides. Layout and the way of a
 * change: <headgate/policy.h>.
 *
 * Only what opens a flow is judged, and every packet that is refused. A flow remembers the
 * epoch; in another one its next packet, of either direction, is judged again.
 *
 * Cold cache lines of a verdict in one direction: 4 (both ends, cell, row), and what stays
 * warm while rule sets are few: the set, the port's class, cell and row.
 */
#ifndef XDP_POLICY_H
#define XDP_POLICY_H

#include "class.h"
#include "clock.h"
#include "line.h"
#include "maps.h"
#include "order.h"
#include "packet.h"

/* What is asked. In memory of this CPU, so that the verdict is one global function. */
struct policy_question {
	struct hg_addr from, to; /* the real client, the real destination */
	__u32 state;		 /* hg_state.policy, read once */
	__u16 port;		 /* of the destination, host order */
	__u8 protocol;
	__u8 spare;
	/* The answer, as indices of counters; 0: none. */
	__u32 rules[2];	 /* that allow: egress, ingress */
	__u32 denied;	 /* of the set that does not */
	__u32 audits[2]; /* of sets whose policies in audit mode would not */
};

HG_SCRATCH(hg_question, struct policy_question);

enum policy_direction { POLICY_EGRESS, POLICY_INGRESS };

/* What policy_look() says beside a counter. */
#define POLICY_DENIED  (1U << 31)
#define POLICY_AUDIT   (1U << 30) /* denied by policies in audit mode */
#define POLICY_COUNTER (POLICY_AUDIT - 1)

/*
 * hg_state.policy as it stands. What it names was written before it; who goes on from there
 * by addresses and not by what he has read calls order_loads() first. (A flow would
 * remember the new epoch with a verdict of the old tables.)
 */
static __always_inline __u32 policy_state(void)
{
	__u32 zero = 0;
	struct hg_state *state = bpf_map_lookup_elem(&hg_state, &zero);

	return state ? *(volatile __u32 *)&state->policy : 0;
}

/* Must a flow of this epoch be judged again? */
static __always_inline int policy_is_stale(__u32 state, __u16 epoch)
{
	return ((state ^ epoch) & HG_POLICY_EPOCH) && !(state & HG_POLICY_KEEP);
}

static __always_inline struct hg_policy_view *policy_view(__u32 pod, __u32 state)
{
	struct hg_policy_pod *record = bpf_map_lookup_elem(&hg_policy_pods, &pod);

	if (!record)
		return 0;
	/* The compiler would calculate with the pointer before it is known to be one. */
	asm volatile("" : "+r"(record));
	return &record->views[state & 1];
}

/* Of a pod's address; NULL: it is no pod's. */
static __always_inline struct hg_policy_view *policy_find(const struct hg_addr *addr,
							  __u32 state)
{
	__u32 home = hg_policy_home(addr, hg_config.pod_mask, hg_config.seed), taken;

	for (__u32 i = 0; i < HG_POLICY_POD_WINDOW; i++) {
		__u32 line = home + i;
		struct hg_policy_pod *pod = bpf_map_lookup_elem(&hg_policy_pods, &line);

		if (!pod)
			break;
		/* First: the address of a line that is not taken may be half written. */
		taken = *(volatile __u32 *)&pod->taken;
		order_loads();
		if (taken && addr_equal(&pod->addr, addr))
			return &pod->views[state & 1];
		if (!*(volatile __u32 *)&pod->passed)
			break;
	}
	return 0;
}

/* Is it a pod's address, and does a policy isolate the pod? Global: verified once. */
__noinline int policy_isolates(const struct hg_addr *addr, __u32 state)
{
	struct hg_policy_view *view;

	order_loads(); /* state first: policy_state() */
	view = addr ? policy_find(addr, state) : 0;

	return view && (view->ingress | view->egress);
}

/* What a set says of a class: a row's number. A class younger than the set is nobody's. */
static __always_inline __u32 policy_cell(__u32 base, __u32 count, __u32 class)
{
	return POLICY_PLACE(hg_policy_cells, base + (class < count ? class : 0));
}

/* Number of the lowest bit of a word that is not zero: how many lie below it. Without
 * branches, each of which would double the verifier's work. */
static __always_inline __u32 lowest_bit(__u64 word)
{
	__u64 below = (word & -word) - 1;

	below -= below >> 1 & 0x5555555555555555ULL;
	below = (below & 0x3333333333333333ULL) + (below >> 2 & 0x3333333333333333ULL);
	below = (below + (below >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (__u32)(below * 0x0101010101010101ULL >> 56);
}

/* First bit that all three rows have; HG_POLICY_BITS: none. mask NULL: every bit. */
static __always_inline __u32 first_bit(const struct hg_policy_row *peer,
				       const struct hg_policy_row *port,
				       const struct hg_policy_row *mask)
{
	for (__u32 i = 0; i < HG_POLICY_WORDS; i++) {
		__u64 word = peer->bits[i] & port->bits[i];

		if (mask)
			word &= mask->bits[i];
		if (word)
			return i * 64 + lowest_bit(word);
	}
	return HG_POLICY_BITS;
}

static __always_inline void policy_count(__u32 index)
{
	struct hg_policy_counter *counter =
	    bpf_map_lookup_elem(&hg_policy_counters, &index);

	if (index && counter)
		__sync_fetch_and_add(&counter->packets, 1);
}

/*
 * With rules in audit mode in the set: they allow nothing and deny nothing, but what they
 * would deny is told: POLICY_AUDIT. The bit that decides, or HG_POLICY_BITS.
 */
__noinline __u32 policy_audit(__u32 index, __u32 peer_row, __u32 port_row)
{
	struct hg_policy_set *set = bpf_map_lookup_elem(&hg_policy_sets, &index);
	struct hg_policy_row *peer = bpf_map_lookup_elem(&hg_policy_rows, &peer_row);
	struct hg_policy_row *port = bpf_map_lookup_elem(&hg_policy_rows, &port_row);
	__u32 row, any, enforced;
	struct hg_policy_row *mask;

	if (!set || !peer || !port)
		return HG_POLICY_BITS;
	row = set->enforced;
	mask = bpf_map_lookup_elem(&hg_policy_rows, &row);
	any = first_bit(peer, port, 0);
	enforced = mask ? first_bit(peer, port, mask) : HG_POLICY_BITS;
	if (any == HG_POLICY_BITS)
		return HG_POLICY_BITS | POLICY_AUDIT;
	if (enforced == HG_POLICY_BITS && !(set->flags & HG_POLICY_ENFORCED))
		return any;
	return enforced;
}

/*
 * What one set says of the other end: the counter of the rule that allows; that of the
 * isolation | POLICY_DENIED; or, where only policies in audit mode isolate and none of their
 * rules allows, that of would-be drops | POLICY_AUDIT. Fails closed.
 */
static __always_inline __u32 policy_look(__u32 index, __u32 class, __u32 port_class)
{
	struct hg_policy_set *set = bpf_map_lookup_elem(&hg_policy_sets, &index);
	struct hg_policy_row *peer, *port;
	__u32 peer_row, port_row, bit, audit;

	if (!set)
		return POLICY_DENIED;
	peer_row = policy_cell(set->peer_base, set->peer_count, class);
	port_row = policy_cell(set->port_base, set->port_count, port_class);
	peer = bpf_map_lookup_elem(&hg_policy_rows, &peer_row);
	port = bpf_map_lookup_elem(&hg_policy_rows, &port_row);
	if (!peer || !port)
		return POLICY_DENIED;
	if (set->flags & HG_POLICY_AUDITED)
		bit = policy_audit(index, peer_row, port_row);
	else
		bit = first_bit(peer, port, 0);
	audit = bit & POLICY_AUDIT;
	if (bit < HG_POLICY_BITS)
		return set->counter_base + bit;
	if (!(set->flags & HG_POLICY_ENFORCED))
		return (set->counter_base + set->bits + 1) | audit;
	return (set->counter_base + set->bits) | POLICY_DENIED;
}

static __always_inline int policy_refuse(struct policy_question *question, __u32 counter,
					 enum hg_reason reason)
{
	question->denied = counter & POLICY_COUNTER;
	if (hg_policy_protocol(question->protocol) == HG_POLICY_PROTOCOLS)
		reason = HG_REASON_policy_protocol;
	return -(int)reason;
}

static __always_inline void policy_note(struct policy_question *question,
					enum policy_direction direction, __u32 counter)
{
	if (counter & POLICY_AUDIT)
		question->audits[direction] = counter & POLICY_COUNTER;
	else
		question->rules[direction] = counter;
}

/* 0, or -reason; nothing is counted yet. A pod reaches itself, whatever the policies. */
__noinline int policy_judge(struct policy_question *question)
{
	struct hg_policy_view *from, *to;
	__u32 egress, ingress, bank, port, class, counter;

	order_loads(); /* state first: policy_state() */
	if (!question)
		return -HG_REASON_policy_egress;
	question->rules[POLICY_EGRESS] = 0;
	question->rules[POLICY_INGRESS] = 0;
	question->denied = 0;
	question->audits[POLICY_EGRESS] = 0;
	question->audits[POLICY_INGRESS] = 0;
	if (!(question->state & HG_POLICY_ON) ||
	    addr_equal(&question->from, &question->to))
		return 0;
	from = policy_find(&question->from, question->state);
	to = policy_find(&question->to, question->state);
	egress = from ? from->egress : 0;
	ingress = to ? to->ingress : 0;
	if (!(egress | ingress))
		return 0;
	bank = !!(question->state & HG_POLICY_BANK);
	port = class_of_port(question->protocol, question->port, bank);
	if (egress) {
		class = to ? to->class : class_of_other(&question->to, bank);
		counter = policy_look(egress, class, port);
		if (counter & POLICY_DENIED)
			return policy_refuse(question, counter, HG_REASON_policy_egress);
		policy_note(question, POLICY_EGRESS, counter);
	}
	if (ingress) {
		class = from ? from->class : class_of_other(&question->from, bank);
		counter = policy_look(ingress, class, port);
		if (counter & POLICY_DENIED)
			return policy_refuse(question, counter, HG_REASON_policy_ingress);
		policy_note(question, POLICY_INGRESS, counter);
	}
	return 0;
}

/* May this CPU tell of one more packet in this tick? */
static __always_inline int event_is_due(__u32 now)
{
	__u32 zero = 0;
	struct hg_cursor *cursor = bpf_map_lookup_elem(&hg_cursors, &zero);

	if (!cursor)
		return 0;
	if (cursor->event_tick != now) {
		cursor->event_tick = now;
		cursor->events = 0;
	}
	return cursor->events++ < HG_POLICY_EVENTS_PER_TICK;
}

/* Tell of a packet that is refused, or would be (reason 0). Global: verified once. */
__noinline int policy_report(const struct policy_question *question, __u32 counter,
			     __u32 reason)
{
	__u32 zero = 0, now = clock_tick(), place;
	struct hg_policy_counter *events =
	    bpf_map_lookup_elem(&hg_policy_counters, &zero);
	struct hg_policy_event *event;
	__u64 number;

	if (!question || !events || !event_is_due(now))
		return 0;
	number = __sync_fetch_and_add(&events->packets, 1) + 1;
	place = (__u32)(number - 1) & (HG_POLICY_EVENTS - 1);
	event = bpf_map_lookup_elem(&hg_policy_events, &place);
	if (!event)
		return 0;
	event->number = 0;
	order_stores();
	event->from = question->from;
	event->to = question->to;
	event->seen = now;
	event->counter = counter;
	event->port = be16(question->port);
	event->protocol = question->protocol;
	event->reason = (__u8)reason;
	order_stores();
	event->number = (__u32)number;
	return 1;
}

/* Judge, count whatever decides, and tell of what is refused. */
static __always_inline int policy_decide(struct policy_question *question)
{
	int r = policy_judge(question);

	for (int i = 0; i < 2; i++) {
		policy_count(question->rules[i]);
		policy_count(question->audits[i]);
		if (question->audits[i])
			policy_report(question, question->audits[i], 0);
	}
	policy_count(question->denied);
	if (r < 0)
		policy_report(question, question->denied, (__u32)-r);
	return r;
}

/* The next flow that is made on this CPU is nobody's decision. */
static __always_inline void policy_ask_nobody(void)
{
	struct policy_question *question = scratch(&hg_question);

	if (!question)
		return;
	question->rules[POLICY_EGRESS] = 0;
	question->rules[POLICY_INGRESS] = 0;
}

/* The flow that was decided on last on this CPU was made. */
static __always_inline void policy_count_connection(void)
{
	struct policy_question *question = scratch(&hg_question);

	for (int i = 0; question && i < 2; i++) {
		struct hg_policy_counter *counter =
		    bpf_map_lookup_elem(&hg_policy_counters, &question->rules[i]);

		if (question->rules[i] && counter)
			__sync_fetch_and_add(&counter->connections, 1);
	}
}

/* This CPU's question, of a flow between these ends; NULL for the verifier alone. */
static __always_inline struct policy_question *policy_ask(const struct hg_addr *from,
							  const struct hg_addr *to,
							  __u8 protocol, __be16 port,
							  __u32 state)
{
	struct policy_question *question = scratch(&hg_question);

	if (!question)
		return 0;
	question->from = *from;
	question->to = *to;
	question->state = state;
	question->port = host16(port);
	question->protocol = protocol;
	return question;
}

#endif
