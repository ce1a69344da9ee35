// SPDX-License-Identifier: BSD-2-Clause
/*
 * Flows when CPUs stand still, at every point and in twos: pairs made by the real create(),
 * moved by flow_promote(), their ways remembered by flow_reroute(), their judgement stamped by
 * line_stamp(). See pause.h. A comes first, B three seconds later, C three seconds after B.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "pause.h"

#define BEGIN 5000U /* A's tick */
#define MANY  1500  /* pause points: more than any of these has */
#define STAMP (1U | 1U << HG_BACKEND_BITS)

enum who { A, B, C, NOBODY };
enum until { AT_N, AT_M, END };

static struct actor actors[3];
static char frame[64]; /* headers that nobody of these looks into */
static struct hook_ctx frame_ctx = { frame, frame + sizeof(frame) };

static bool is_in(const struct hg_flow *flow, __u32 state)
{
	return (flow->ctl & HG_FLOW_STATE) == state;
}

/* ---- flows ---- */
/* What a packet that opens meets: its flow, or none, and then one is made. */
static int open_flow(struct actor *actor)
{
	struct packet *p = &actor->packet;

	if (table_locate(&p->key, p->hash) != LINE_NONE)
		return FOUND;
	memset(&orders[actor->cpu], 0, sizeof(orders[actor->cpu]));
	orders[actor->cpu].flow.backend = STAMP;
	return create(p);
}

static int promote(struct actor *actor)
{
	return flow_promote(&actor->packet, &actor->view);
}

/* Of the one client port to the n-th VIP. All VIPs have one backend, so that their flows want
 * one reply key. */
static struct packet packet_of(__u32 vip, enum who who)
{
	struct packet p = { .ctx = &frame_ctx,
			    .now = BEGIN + who * HG_TICKS(3),
			    .seen = HG_FLOW_ACK,
			    .opens = 1 };

	p.key.src.words[3] = 1;
	p.key.dst.words[3] = 10 + vip;
	p.key.sport = be16(600);
	p.key.dport = be16(80);
	p.key.protocol = IPPROTO_UDP;
	p.hash = hg_hash_flow(&p.key, hg_config.seed);
	return p;
}

static void flows_begin(const __u32 *vips)
{
	world_clear();
	state_map.route_epoch = 5;
	state_map.policy = 5;
	backends[1] = (struct hg_backend){ .flags = HG_BACKEND_LIVE,
					   .generation = 1,
					   .ifindex = 2,
					   .port = be16(8080) };
	backends[1].addr.words[3] = 99;
	for (enum who who = A; who <= C; who++)
		actors[who] = (struct actor){ .run = open_flow,
					      .cpu = who,
					      .packet = packet_of(vips[who], who) };
}

/* ---- what must hold in the end ---- */
/* A reply line whose forward line was taken before it was published waits alone for its
 * time-out. */
static bool is_pair(const struct hg_flow *table, __u32 index)
{
	const struct hg_flow *flow = &table[index], *other;

	if (flow->ctl & HG_FLOW_REPLY)
		return true;
	if (flow->partner >= PAUSE_LINES)
		return false;
	other = &table[flow->partner];
	return is_in(other, HG_FLOW_LIVE) && other->ctl & HG_FLOW_REPLY &&
	       other->partner == index && other->backend == flow->backend &&
	       addr_equal(&flow->key.src, &other->key.dst) &&
	       flow->key.sport == other->port && flow->port == other->key.dport;
}

static bool is_doubled(const struct hg_flow *flow)
{
	__u64 hash = hg_hash_flow(&flow->key, hg_config.seed);
	__u32 places = 0;

	for (__u32 i = 0; i < HG_FLOW_WINDOW; i++) {
		const struct hg_flow *places_of[] = {
			table_line(line_after(table_home(hash, 0), i)),
			table_line(line_after(table_home(hash, LINE_EMBRYO), i))
		};

		for (int table = 0; table < 2; table++)
			places += is_in(places_of[table], HG_FLOW_LIVE) &&
				  key_matches(&places_of[table]->key, &flow->key);
	}
	return places != 1;
}

static const char *table_fault(const struct hg_flow *table)
{
	for (__u32 i = 0; i < PAUSE_LINES; i++) {
		if (is_in(&table[i], HG_FLOW_FREE))
			continue;
		if (is_in(&table[i], HG_FLOW_PENDING))
			return "a line is PENDING and nobody makes it";
		if (is_doubled(&table[i]))
			return "a key has two LIVE lines";
		if (!is_pair(table, i))
			return "half of a flow goes on";
	}
	return NULL;
}

static const char *end_fault(void)
{
	const char *fault = table_fault(shared.flows) ?: table_fault(shared.embryos);

	for (__u32 i = 0; i < HG_LOCKS && !fault; i++)
		fault = shared.locks[i] ? "a lock is held by nobody" : NULL;
	return fault;
}

/* ---- schedules ---- */
struct step {
	enum who who;
	enum until until;
};

struct scenario {
	const char *sentence;
	void (*begin)(const struct scenario *scenario);
	__u32 vips[3];
	struct step steps[6]; /* until NOBODY's */
};

static unsigned play(const struct scenario *scenario, unsigned n, unsigned m,
		     bool *ret_n_done, bool *ret_m_done)
{
	const unsigned until[] = { [AT_N] = n, [AT_M] = m, [END] = TO_THE_END };
	const struct step *step;
	const char *fault;

	*ret_n_done = false;
	*ret_m_done = true;
	scenario->begin(scenario);
	for (step = scenario->steps; step->who != NOBODY; step++) {
		bool over = goes_on(&actors[step->who], until[step->until]);

		if (step->until == AT_N)
			*ret_n_done = over;
		if (step->until == AT_M)
			*ret_m_done = over;
	}
	fault = end_fault();
	if (fault)
		fprintf(stderr, "%s, n = %u, m = %u: %s\n", scenario->sentence, n, m,
			fault);
	return !!fault;
}

static void play_all(const struct scenario *scenario)
{
	bool n_done = false, m_done;
	unsigned faults = 0;

	for (unsigned n = 1; !n_done; n++) {
		assert_true(n < MANY);
		m_done = false;
		for (unsigned m = 1; !m_done && !n_done; m++) {
			assert_true(m < MANY);
			faults += play(scenario, n, m, &n_done, &m_done);
		}
	}
	assert_int_equal(faults, 0);
}

static void nothing_yet(const struct scenario *scenario)
{
	flows_begin(scenario->vips);
}

/* All who come promote the flow that is there. */
static void one_embryo(const struct scenario *scenario)
{
	struct actor maker = { .packet = packet_of(0, A) };
	__u32 line;

	flows_begin(scenario->vips);
	assert_int_equal(open_flow(&maker), NEXT);
	for (enum who who = A; who <= C; who++) {
		struct packet *p = &actors[who].packet;

		if (scenario->vips[who])
			continue;
		line = table_locate(&p->key, p->hash);
		assert_true(table_read(line, &p->key, &actors[who].view));
		actors[who].run = promote;
	}
}

#define SCENARIO(name, ...)                                                              \
	static void name(void **state)                                                   \
	{                                                                                \
		const struct scenario scenario = { #name, __VA_ARGS__ };                 \
                                                                                         \
		(void)state;                                                             \
		play_all(&scenario);                                                     \
	}

SCENARIO(one_flow_made_twice, nothing_yet, { 1, 1, 1 },
	 { { A, AT_N }, { B, END }, { A, END }, { NOBODY, END } })
SCENARIO(two_flows_want_one_reply_key, nothing_yet, { 1, 2, 1 },
	 { { A, AT_N }, { B, END }, { A, END }, { NOBODY, END } })
SCENARIO(two_makers_of_one_flow_stand_still, nothing_yet, { 1, 1, 1 },
	 { { A, AT_N }, { B, AT_M }, { A, END }, { B, END }, { NOBODY, END } })
SCENARIO(two_makers_of_two_flows_stand_still, nothing_yet, { 1, 2, 1 },
	 { { A, AT_N }, { B, AT_M }, { A, END }, { B, END }, { NOBODY, END } })
SCENARIO(one_flow_promoted_twice, one_embryo, { 0, 0, 0 },
	 { { A, AT_N }, { B, END }, { A, END }, { NOBODY, END } })
SCENARIO(a_promotion_stands_still_while_another_flow_begins, one_embryo, { 0, 2, 0 },
	 { { A, AT_N }, { B, END }, { C, END }, { A, END }, { NOBODY, END } })

/* ---- a line that becomes another flow's under somebody's hands ---- */
#define LINE 9U /* in either table */

static struct hg_flow *line_of(__u32 table)
{
	return table ? &shared.embryos[LINE] : &shared.flows[LINE];
}

/* A reply of client `client`, made in LINE. */
static void make_reply(__u32 table, __u32 client, __u16 hop, __u8 epoch)
{
	struct flow_order order = { .hash = LINE, .table = table, .from = LINE_NONE };

	order.flow.key.dst.words[3] = client;
	order.flow.key.ports = client;
	order.flow.ctl = HG_FLOW_LIVE | HG_FLOW_REPLY;
	order.flow.partner = LINE_NONE;
	order.flow.seen = BEGIN;
	order.flow.hop = hop;
	order.flow.route_epoch = epoch;
	order.flow.key.policy = epoch;
	assert_int_equal(table_insert(&order), 0);
	assert_int_equal(order.line, LINE | table);
}

static int reroute(struct actor *actor)
{
	return (int)flow_reroute(&actor->packet, &actor->resolved,
				 (__u8)state_map.route_epoch);
}

/* A looks up anew the way `hop` of epoch 4; the line ends and is another's, of which nobody
 * knows the way in this epoch. */
static bool reroute_to(__u32 table, unsigned n, __u16 hop, __u32 generation)
{
	struct actor *actor = &actors[A];
	struct hg_flow *flow = line_of(table);
	bool over;

	flows_begin((__u32[3]){ 0 });
	flow->ctl = generation << HG_FLOW_GENERATION_SHIFT;
	make_reply(table, 1, hop, 4);
	flow->hop = hop;
	actor->run = reroute;
	actor->resolved = (struct flow_resolved){
		.line = LINE | table, .ctl = flow->ctl, .hop = hop, .epoch = 4
	};
	fib_hop = 40;
	over = goes_on(actor, n);
	if (over) {
		assert_int_equal(flow->hop, 40);
		assert_int_equal(flow->route_epoch, 5);
	}
	assert_true(line_free(flow, flow->ctl));
	make_reply(table, 2, hop, 4);
	goes_on(actor, TO_THE_END);
	assert_int_equal(actor->result, 40);
	assert_int_not_equal(flow->route_epoch, 5);
	return over;
}

static void reroute_at_each(__u32 table, __u16 hop, __u32 generation)
{
	for (unsigned n = 1; n < MANY; n++)
		if (reroute_to(table, n, hop, generation))
			return;
}

static void reroutes(__u32 table)
{
	for (__u16 hop = 0; hop < 4; hop++)
		for (__u32 generation = 0; generation < 4; generation++)
			reroute_at_each(table, hop, generation);
}

static void a_way_is_not_written_into_another_flow(void **state)
{
	(void)state;
	reroutes(LINE_EMBRYO);
}

static void nor_into_one_that_was_promoted(void **state)
{
	(void)state;
	reroutes(0);
}

static int stamp(struct actor *actor)
{
	flow_stamp(&actor->view, state_map.policy);
	return 0;
}

/* A judged its flow in epoch 5; the line is by then another's, last judged in `epoch`. */
static bool stamp_to(unsigned n, __u16 epoch)
{
	struct actor *actor = &actors[A];
	struct hg_flow *flow = line_of(0);
	bool over;

	flows_begin((__u32[3]){ 0 });
	make_reply(0, 1, 0, 4);
	actor->run = stamp;
	actor->view =
	    (struct flow_view){ .line = LINE, .ctl = flow->ctl, .partner = LINE_NONE };
	over = goes_on(actor, n);
	assert_true(!over || flow->key.policy == 5);
	assert_true(line_free(flow, flow->ctl));
	make_reply(0, 2, 0, (__u8)epoch);
	goes_on(actor, TO_THE_END);
	assert_true(epoch == 5 || policy_is_stale(state_map.policy, flow->key.policy));
	return over;
}

static void a_judgement_is_not_stamped_on_another_flow(void **state)
{
	(void)state;
	for (__u16 epoch = 3; epoch < 6; epoch++)
		for (unsigned n = 1; n < MANY; n++)
			if (stamp_to(n, epoch))
				break;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_flow_made_twice),
		cmocka_unit_test(two_flows_want_one_reply_key),
		cmocka_unit_test(two_makers_of_one_flow_stand_still),
		cmocka_unit_test(two_makers_of_two_flows_stand_still),
		cmocka_unit_test(one_flow_promoted_twice),
		cmocka_unit_test(a_promotion_stands_still_while_another_flow_begins),
		cmocka_unit_test(a_way_is_not_written_into_another_flow),
		cmocka_unit_test(nor_into_one_that_was_promoted),
		cmocka_unit_test(a_judgement_is_not_stamped_on_another_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
