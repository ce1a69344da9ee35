// SPDX-License-Identifier: BSD-2-Clause
/*
 * Flows when CPUs stand still, at every point and in twos: pairs made by the real create(),
 * moved by flow_promote(), ended by flow_close(). See pause.h. A comes first, B three seconds
 * later, C three seconds after B.
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
enum { ENDS = 0x100, ENDS_BY_REPLY = 0x200, VIP = 0xff };

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

/* The flow, if there is one, ends: policy, its backend's end, a successor. */
static int end_flow(struct actor *actor)
{
	struct packet *p = &actor->packet;
	struct flow_view view;

	return table_find(&p->key, p->hash, &view) && flow_close(view.line, view.ctl);
}

/* The same, by its reply line. */
static int end_by_reply(struct actor *actor)
{
	struct packet *p = &actor->packet;
	struct flow_view view;
	struct hg_flow *reply;

	if (!table_find(&p->key, p->hash, &view) || view.partner == LINE_NONE)
		return 0;
	reply = table_line(view.partner);
	return is_in(reply, HG_FLOW_LIVE) && flow_close(view.partner, reply->ctl);
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
			    .is_new = 1 };

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
		actors[who] =
		    (struct actor){ .run = vips[who] & ENDS	       ? end_flow
					   : vips[who] & ENDS_BY_REPLY ? end_by_reply
								       : open_flow,
				    .cpu = who,
				    .packet = packet_of(vips[who] & VIP, who) };
}

/* ---- what must hold in the end ---- */
static bool is_pair(const struct hg_flow *table, __u32 index)
{
	const struct hg_flow *flow = &table[index], *other;

	if (flow->partner >= PAUSE_LINES)
		return false;
	other = &table[flow->partner];
	if (flow->ctl & HG_FLOW_REPLY)
		return is_in(other, HG_FLOW_LIVE) && !(other->ctl & HG_FLOW_REPLY) &&
		       is_pair(table, flow->partner);
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
	__u32 vips[3];	      /* also whose flow ends: ENDS, ENDS_BY_REPLY */
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

/* There is a flow already. */
static void one_flow(const struct scenario *scenario)
{
	struct actor maker = { .packet = packet_of(0, A) };

	flows_begin(scenario->vips);
	assert_int_equal(open_flow(&maker), NEXT);
}

/* All who come promote it. */
static void one_embryo(const struct scenario *scenario)
{
	__u32 line;

	one_flow(scenario);
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
SCENARIO(a_flow_ends_while_its_successor_begins, one_flow, { ENDS, 0, 0 },
	 { { A, AT_N }, { B, END }, { A, END }, { C, END }, { NOBODY, END } })
SCENARIO(a_flow_ends_by_its_reply_while_another_begins, one_flow, { ENDS_BY_REPLY, 2, 0 },
	 { { A, AT_N }, { B, END }, { A, END }, { C, END }, { NOBODY, END } })
SCENARIO(a_flow_ends_twice_and_a_successor_begins, one_flow, { ENDS, ENDS_BY_REPLY, 0 },
	 { { A, AT_N }, { B, END }, { C, END }, { A, END }, { NOBODY, END } })
SCENARIO(
    a_flow_ends_twice_at_once, one_flow, { ENDS, ENDS_BY_REPLY, 2 },
    { { A, AT_N }, { B, AT_M }, { C, END }, { A, END }, { B, END }, { NOBODY, END } })
SCENARIO(a_flow_ends_while_it_is_made, nothing_yet, { 1, ENDS | 1, 0 },
	 { { A, AT_N }, { B, AT_M }, { A, END }, { B, END }, { NOBODY, END } })
SCENARIO(a_flow_ends_while_it_is_promoted, one_embryo, { 0, ENDS, 0 },
	 { { A, AT_N }, { B, AT_M }, { A, END }, { B, END }, { NOBODY, END } })
SCENARIO(a_promotion_stands_still_while_another_flow_begins, one_embryo, { 0, 2, 0 },
	 { { A, AT_N }, { B, END }, { C, END }, { A, END }, { NOBODY, END } })

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_flow_made_twice),
		cmocka_unit_test(two_flows_want_one_reply_key),
		cmocka_unit_test(two_makers_of_one_flow_stand_still),
		cmocka_unit_test(two_makers_of_two_flows_stand_still),
		cmocka_unit_test(one_flow_promoted_twice),
		cmocka_unit_test(a_promotion_stands_still_while_another_flow_begins),
		cmocka_unit_test(a_flow_ends_while_its_successor_begins),
		cmocka_unit_test(a_flow_ends_by_its_reply_while_another_begins),
		cmocka_unit_test(a_flow_ends_twice_and_a_successor_begins),
		cmocka_unit_test(a_flow_ends_twice_at_once),
		cmocka_unit_test(a_flow_ends_while_it_is_made),
		cmocka_unit_test(a_flow_ends_while_it_is_promoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
