/* SPDX-License-Identifier: BSD-2-Clause */
/* The datapath's verdict (xdp/policy.h), word for word, over the same tables. */
#include "policy_state.h"

#include <errno.h>
#include <headgate/endian.h>
#include "policy_regions.h"
#include "policy_sets.h"

static bool bank_of(const struct policy *policy)
{
	return policy->state & HG_POLICY_BANK;
}

/* The view in force of a pod's address; NULL: it is no pod's. */
static const struct hg_policy_view *find_view(const struct policy *policy,
					      const struct hg_addr *addr)
{
	const struct policy_tables *tables = &policy->tables;
	uint32_t place = policy_find_pod(tables, addr);

	return place ? &tables->pods[place].views[policy->state & 1] : NULL;
}

static uint32_t class_of_v4(const struct policy *policy, const struct hg_addr *addr)
{
	uint32_t word = host32((HG_FORCE __be32)addr->words[3]);
	uint32_t base = bank_of(policy) ? HG_POLICY_V4_PLACES : 0;
	const uint16_t *blocks = policy->tables.v4_blocks;
	uint32_t place = policy->tables.v4[base + (word >> 16)];

	for (int shift = 8; shift >= 0 && (place & HG_POLICY_BLOCK); shift -= 8)
		place = blocks[(place & ~HG_POLICY_BLOCK) * HG_POLICY_BLOCK_SIZE +
			       (word >> shift & 0xff)];
	return place & ~HG_POLICY_BLOCK;
}

uint32_t policy_class_in_force(const struct policy *policy, const struct hg_addr *addr)
{
	const struct policy_tables *tables = &policy->tables;

	if (addr_is_v4(addr))
		return class_of_v4(policy, addr);
	if (tables->find_prefix)
		return tables->find_prefix(tables->context, bank_of(policy), addr);
	return policy_regions_find(&policy->v6, addr);
}

static uint32_t class_of_port(const struct policy *policy,
			      const struct policy_question *question)
{
	uint32_t protocol = hg_policy_protocol(question->protocol);

	if (protocol == HG_POLICY_PROTOCOLS)
		return HG_POLICY_PORT_NONE;
	return policy->tables
	    .ports[hg_policy_port_place(bank_of(policy), protocol, question->port)];
}

static const struct hg_policy_row *row_of(const struct policy *policy, uint32_t base,
					  uint32_t count, uint32_t class)
{
	return &policy->tables
		    .rows[policy->tables.cells[base + (class < count ? class : 0)]];
}

/* The first bit that all have, HG_POLICY_BITS: none. */
static uint32_t first_bit(const struct hg_policy_row *peer,
			  const struct hg_policy_row *port,
			  const struct hg_policy_row *mask)
{
	for (uint32_t i = 0; i < HG_POLICY_WORDS; i++) {
		uint64_t word = peer->bits[i] & port->bits[i];

		if (mask)
			word &= mask->bits[i];
		if (word)
			return i * 64 + (uint32_t)__builtin_ctzll(word);
	}
	return HG_POLICY_BITS;
}

static void name_rule(const struct policy *policy, struct policy_verdict *verdict)
{
	const struct policy_set *set = policy_sets_find(policy, verdict->set);
	const struct policy_bit *bit;

	if (!set || verdict->bit >= set->bit_count)
		return;
	bit = &set->bits[verdict->bit];
	verdict->rule = (struct policy_rule){ bit->title->namespace, bit->title->name,
					      set->is_egress, bit->rule, bit->audit };
}

static void look(const struct policy *policy, uint32_t number, uint32_t class,
		 uint32_t port_class, struct policy_verdict *verdict)
{
	const struct hg_policy_set *set = &policy->tables.sets[number];
	const struct hg_policy_row *peer, *port;
	bool is_enforced = set->flags & HG_POLICY_ENFORCED;
	bool is_audited = set->flags & HG_POLICY_AUDITED;
	uint32_t any, bit;

	peer = row_of(policy, set->peer_base, set->peer_count, class);
	port = row_of(policy, set->port_base, set->port_count, port_class);
	any = first_bit(peer, port, NULL);
	bit =
	    is_audited ? first_bit(peer, port, &policy->tables.rows[set->enforced]) : any;
	verdict->set = number;
	verdict->bit = bit;
	verdict->audit_denied = is_audited && !is_enforced && any == HG_POLICY_BITS;
	if (bit < HG_POLICY_BITS) {
		verdict->outcome = POLICY_ALLOWED;
		name_rule(policy, verdict);
	} else {
		verdict->outcome = is_enforced ? POLICY_DENIED : POLICY_NOT_ISOLATED;
	}
}

/* set_of: at this end, other: whose class counts. */
static void judge(const struct policy *policy, const struct policy_question *question,
		  bool is_egress, struct policy_verdict *ret_verdict)
{
	const struct hg_addr *here = is_egress ? &question->from : &question->to;
	const struct hg_addr *there = is_egress ? &question->to : &question->from;
	const struct hg_policy_view *own, *other;
	uint32_t set, class;

	*ret_verdict = (struct policy_verdict){ .outcome = POLICY_NOT_ISOLATED,
						.bit = HG_POLICY_BITS };
	if (!(policy->state & HG_POLICY_ON))
		return;
	if (addr_compare(here, there) == 0) {
		ret_verdict->outcome = POLICY_SELF;
		return;
	}
	own = find_view(policy, here);
	set = own ? (is_egress ? own->egress : own->ingress) : 0;
	if (!set)
		return;
	other = find_view(policy, there);
	class = other ? other->class : policy_class_in_force(policy, there);
	look(policy, set, class, class_of_port(policy, question), ret_verdict);
}

void policy_judge_egress(const struct policy *policy,
			 const struct policy_question *question,
			 struct policy_verdict *ret_verdict)
{
	judge(policy, question, true, ret_verdict);
}

void policy_judge_ingress(const struct policy *policy,
			  const struct policy_question *question,
			  struct policy_verdict *ret_verdict)
{
	judge(policy, question, false, ret_verdict);
}

void policy_look_at(const struct policy *policy, const struct hg_addr *addr,
		    struct policy_look *ret_look)
{
	struct policy_look look = { .is_v6 = !addr_is_v4(addr) };
	const struct hg_policy_view *view =
	    policy->state & HG_POLICY_ON ? find_view(policy, addr) : NULL;

	if (view) {
		look.class = view->class;
		look.ingress = view->ingress;
		look.egress = view->egress;
	} else if (policy->state & HG_POLICY_ON) {
		look.class = policy_class_in_force(policy, addr);
	}
	*ret_look = look;
}

uint32_t policy_set_of_counter(const struct policy *policy, uint32_t counter)
{
	const struct policy_tables *tables = &policy->tables;

	for (uint32_t number = 1; counter && number < tables->set_count; number++) {
		const struct hg_policy_set *set = &tables->sets[number];
		uint32_t denied = set->counter_base + set->bits;

		if ((counter == denied || counter == denied + 1) &&
		    policy_sets_find(policy, number))
			return number;
	}
	return 0;
}

int policy_each_isolating(const struct policy *policy, uint32_t number,
			  int (*visit)(void *context, const struct policy_rule *rule),
			  void *context)
{
	const struct policy_set *set = policy_sets_find(policy, number);
	int r = 0;

	for (uint32_t i = 0; set && r == 0 && i < set->isolating_count; i++) {
		const struct policy_isolating *isolating = &set->isolating[i];
		struct policy_rule rule = { isolating->title->namespace,
					    isolating->title->name, set->is_egress,
					    UINT32_MAX, isolating->audit };

		r = visit(context, &rule);
	}
	return r;
}
