// SPDX-License-Identifier: BSD-2-Clause
/*
 * A line that becomes another flow's under somebody's hands: who looks its way up
 * (flow_reroute()) or stamps its judgement (line_stamp()) stands still at every point, and its
 * flow ends meanwhile. See pause.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "pause.h"

#define TICK 5000U
#define MANY 1500 /* pause points: more than any of these has */
#define LINE 9U	  /* in either table */

static struct actor looker;

static void begin(void)
{
	world_clear();
	state_map.route_epoch = 5;
	state_map.policy = 5;
	looker = (struct actor){ .packet = { .now = TICK } };
}

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
	order.flow.seen = TICK;
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
	struct actor *actor = &looker;
	struct hg_flow *flow = line_of(table);
	bool over;

	begin();
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
	struct actor *actor = &looker;
	struct hg_flow *flow = line_of(0);
	bool over;

	begin();
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
		cmocka_unit_test(a_way_is_not_written_into_another_flow),
		cmocka_unit_test(nor_into_one_that_was_promoted),
		cmocka_unit_test(a_judgement_is_not_stamped_on_another_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
