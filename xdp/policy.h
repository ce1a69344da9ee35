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
 * Cold cache lines of a verdict in one direction: 5 (both ends' bucket and element in the
 * hash, the other end's view, cell, row), and what stays warm while rule sets are few: the
 * set, the port's class, cell and row.
 */
#ifndef XDP_POLICY_H
#define XDP_POLICY_H

#include "maps.h"
#include "packet.h"

/* What is asked. In memory of this CPU, so that the verdict is one global function. */
struct policy_question {
	struct hg_addr from, to; /* the real client, the real destination */
	__u32 state;		 /* hg_state.policy, read once */
	__u16 port;		 /* of the destination, host order */
	__u8 protocol;
	__u8 spare;
	/* The answer, as indices of counters; 0: none. */
	__u32 rules[2]; /* that allow: egress, ingress */
	__u32 denied;	/* of the set that does not */
};

HG_SCRATCH(hg_question, struct policy_question);

enum policy_direction { POLICY_EGRESS, POLICY_INGRESS };

#define POLICY_DENIED (1U << 31)

/* hg_state.policy as it stands. */
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

	return record ? &record->views[state & 1] : 0;
}

/* Of a pod's address; NULL: it is no pod's. */
static __always_inline struct hg_policy_view *policy_find(const struct hg_addr *addr,
							  __u32 state)
{
	/* A key may not lie in a global function's argument before Linux 6.2. */
	struct hg_addr key = *addr;
	__u32 *pod = bpf_map_lookup_elem(&hg_policy_addrs, &key);

	return pod ? policy_view(*(volatile __u32 *)pod, state) : 0;
}

/* A 16-bit place in an array whose elements hold four. */
#define POLICY_PLACE(map, place)                                                         \
	({                                                                               \
		__u32 element = (place) / 4, number = (place);                           \
		__u16 *places = bpf_map_lookup_elem(&(map), &element);                   \
		places ? places[number & 3] : 0U;                                        \
	})

static __always_inline __u32 class_of_v4(const struct hg_addr *addr, __u32 bank)
{
	__u32 word = host32((HG_FORCE __be32)addr->words[3]), place;

	place = POLICY_PLACE(hg_policy_v4, bank * HG_POLICY_V4_PLACES + (word >> 16));
	if (place & HG_POLICY_BLOCK)
		place = POLICY_PLACE(hg_policy_v4_blocks,
				     (place & ~HG_POLICY_BLOCK) * HG_POLICY_BLOCK_SIZE +
					 (word >> 8 & 0xff));
	if (place & HG_POLICY_BLOCK)
		place = POLICY_PLACE(hg_policy_v4_blocks,
				     (place & ~HG_POLICY_BLOCK) * HG_POLICY_BLOCK_SIZE +
					 (word & 0xff));
	return place & ~HG_POLICY_BLOCK;
}

static __always_inline __u32 class_of_v6(const struct hg_addr *addr, __u32 bank)
{
	struct hg_range_key key = { .prefixlen = 32 + 128,
				    .set = (HG_FORCE __u32)be32(bank),
				    .addr = *addr };
	__u32 *class = bpf_map_lookup_elem(&hg_policy_v6, &key);

	return class ? *class : 0;
}

/* Of an address that is no pod's. */
__noinline __u32 class_of_other(const struct hg_addr *addr, __u32 bank)
{
	if (!addr)
		return 0;
	if (addr->halves[0] == 0 && addr->words[2] == (HG_FORCE __u32)be32(0xffff))
		return class_of_v4(addr, bank);
	return class_of_v6(addr, bank);
}

static __always_inline __u32 class_of_port(const struct policy_question *question)
{
	__u32 protocol = hg_policy_protocol(question->protocol);
	__u32 bank = !!(question->state & HG_POLICY_BANK);

	if (protocol == HG_POLICY_PROTOCOLS)
		return HG_POLICY_PORT_NONE;
	return POLICY_PLACE(hg_policy_ports,
			    hg_policy_port_place(bank, protocol, question->port));
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
 * would deny is counted. The bit that decides, or HG_POLICY_BITS.
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
		policy_count(set->counter_base + set->bits + 1);
	if (enforced == HG_POLICY_BITS && !(set->flags & HG_POLICY_ENFORCED))
		return any;
	return enforced;
}

/*
 * What one set says of the other end: the counter of the rule that allows, or of the
 * isolation | POLICY_DENIED. 0: allowed by nobody in particular. Fails closed.
 */
__noinline __u32 policy_look(__u32 index, __u32 class, __u32 port_class)
{
	struct hg_policy_set *set = bpf_map_lookup_elem(&hg_policy_sets, &index);
	struct hg_policy_row *peer, *port;
	__u32 peer_row, port_row, bit;

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
	if (bit < HG_POLICY_BITS)
		return set->counter_base + bit;
	if (!(set->flags & HG_POLICY_ENFORCED))
		return 0;
	return (set->counter_base + set->bits) | POLICY_DENIED;
}

static __always_inline int policy_refuse(struct policy_question *question, __u32 counter,
					 enum hg_reason reason)
{
	question->denied = counter & ~POLICY_DENIED;
	if (hg_policy_protocol(question->protocol) == HG_POLICY_PROTOCOLS)
		reason = HG_REASON_policy_protocol;
	return -(int)reason;
}

/* 0, or -reason; nothing is counted yet. A pod reaches itself, whatever the policies. */
__noinline int policy_judge(struct policy_question *question)
{
	struct hg_policy_view *from, *to;
	__u32 egress, ingress, bank, port, class, counter;

	if (!question)
		return -HG_REASON_policy_egress;
	question->rules[POLICY_EGRESS] = 0;
	question->rules[POLICY_INGRESS] = 0;
	question->denied = 0;
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
	port = class_of_port(question);
	if (egress) {
		class = to ? to->class : class_of_other(&question->to, bank);
		counter = policy_look(egress, class, port);
		if (counter & POLICY_DENIED)
			return policy_refuse(question, counter, HG_REASON_policy_egress);
		question->rules[POLICY_EGRESS] = counter;
	}
	if (ingress) {
		class = from ? from->class : class_of_other(&question->from, bank);
		counter = policy_look(ingress, class, port);
		if (counter & POLICY_DENIED)
			return policy_refuse(question, counter, HG_REASON_policy_ingress);
		question->rules[POLICY_INGRESS] = counter;
	}
	return 0;
}

/* Judge, and count whatever decides. */
static __always_inline int policy_decide(struct policy_question *question)
{
	int r = policy_judge(question);

	policy_count(question->rules[POLICY_EGRESS]);
	policy_count(question->rules[POLICY_INGRESS]);
	policy_count(question->denied);
	return r;
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

/*
 * The question of a flow between these ends. NULL: no room, which is no CPU's case. A
 * question of nobody: what was allowed last is not counted again.
 */
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
