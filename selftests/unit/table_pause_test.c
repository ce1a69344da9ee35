// SPDX-License-Identifier: BSD-2-Clause
/*
 * Insertion when CPUs stand still for seconds, at every point and in twos: the real
 * table_insert(), see pause.h. A comes first; B, three seconds later, takes its lock over;
 * C comes three seconds after B.
 *
 * After each step: no key has two LIVE lines, each is found, and a lock changes hands only when
 * its holder is stale. In the end each LIVE line is as its maker wrote it, no lock is held
 * and nothing is PENDING. A line that was taken from who wrote it may end (`may_end`).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "pause.h"

#define HOME  7U
#define BEGIN 5000U /* A's tick */
#define KEYS  4	    /* 0 is of those who were there before */
#define MANY  600   /* pause points: more than an insert has */

enum who { A, B, C, SWEEPER, NOBODY };
enum until { AT_N, AT_M, END };

struct step {
	enum who who;
	enum until until;
};

struct scenario {
	const char *sentence;
	bool may_end;
	bool same_clock; /* C has read the clock when A did, and comes after B */
	__u32 keys[3];
	struct step steps[7]; /* until NOBODY's */
};

static struct world {
	struct actor actors[3];
	struct hg_flow published[3]; /* as it was when its maker was done */
	__u32 table;
	__u32 ticks[3];
} world;

static struct hg_flow *line_at(__u32 line)
{
	return line & LINE_EMBRYO ? &shared.embryos[line & ~LINE_EMBRYO]
				  : &shared.flows[line];
}

static struct hg_flow *near_home(__u32 distance)
{
	return line_at((HOME + distance) | world.table);
}

static bool is_in(const struct hg_flow *flow, __u32 state)
{
	return (flow->ctl & HG_FLOW_STATE) == state;
}

static __u32 count(const struct hg_flow_key *key, __u32 state)
{
	__u32 found = 0;

	for (__u32 i = 0; i < HG_FLOW_WINDOW; i++)
		found +=
		    is_in(near_home(i), state) && key_matches(&near_home(i)->key, key);
	return found;
}

static int insert(struct actor *actor)
{
	return table_insert(&actor->order);
}

/* All share home and lock, and nothing else. */
static struct flow_order order_of(__u32 key, enum who who)
{
	struct flow_order order = { .hash = HOME,
				    .table = world.table,
				    .from = LINE_NONE };
	struct hg_flow *flow = &order.flow;

	flow->key.src.words[3] = key;
	flow->key.dst.words[3] = 100 + key;
	flow->key.ports = 200 + key;
	flow->key.protocol = IPPROTO_TCP;
	flow->ctl = HG_FLOW_LIVE | HG_FLOW_SYN;
	flow->partner = 300 + who;
	flow->backend = 1 | (400 + who) << HG_BACKEND_BITS;
	flow->port = (__be16)(500 + who);
	flow->hop = (__u16)(600 + who);
	flow->seen = world.ticks[who];
	return order;
}

static __u32 holder(enum who who)
{
	return hg_lock_holder(world.ticks[who], (__u32)who + 1);
}

static void world_begin(const struct scenario *scenario, __u32 table, __u32 before)
{
	world_clear();
	memset(&world, 0, sizeof(world));
	world.table = table;
	for (enum who who = A; who <= C; who++)
		world.ticks[who] =
		    BEGIN + (scenario->same_clock ? who & 1 : who) * HG_TICKS(3);
	for (__u32 i = 0; i < before; i++) {
		struct flow_order order = order_of(0, A);

		order.flow.key.sport = (__be16)i;
		assert_int_equal(table_insert(&order), 0);
	}
	for (enum who who = A; who <= C; who++)
		world.actors[who] =
		    (struct actor){ .run = insert,
				    .cpu = who,
				    .order = order_of(scenario->keys[who], who) };
}

/* What the sweeper does to a line that it met PENDING for two seconds. */
static void sweep(void)
{
	for (__u32 i = 0; i < HG_FLOW_WINDOW; i++)
		if (is_in(near_home(i), HG_FLOW_PENDING))
			near_home(i)->ctl = hg_flow_ctl_free(near_home(i)->ctl);
}

/* ---- what must hold ---- */
static bool is_as_published(enum who who)
{
	const struct actor *actor = &world.actors[who];
	struct hg_flow now, then = world.published[who];

	if (!actor->over || actor->result)
		return false;
	now = *line_at(actor->order.line);
	/* Of the home line, not of its tenant; and the last packet's. */
	then.reach = now.reach;
	then.seen = now.seen;
	return memcmp(&now, &then, sizeof(now)) == 0;
}

static bool is_somebodys(const struct hg_flow *flow)
{
	for (enum who who = A; who <= C; who++)
		if (is_as_published(who) && line_at(world.actors[who].order.line) == flow)
			return true;
	return flow->key.src.words[3] == 0;
}

static const char *keys_fault(void)
{
	for (enum who who = A; who <= C; who++)
		if (stands_still(&world.actors[who]) && world.actors[who].moves > 1)
			return NULL; /* perhaps it has begun to write into another's line */
	for (__u32 key = 1; key < KEYS; key++) {
		struct flow_order order = order_of(key, A);
		__u32 live = count(&order.flow.key, HG_FLOW_LIVE);

		if (live > 1)
			return "a key has two LIVE lines";
		if (live &&
		    table_search(&order.flow.key, HOME | world.table) == LINE_NONE)
			return "a LIVE line is not found";
	}
	return NULL;
}

/* The lock was `before` when `who` went on. */
static const char *lock_fault(enum who who, __u32 before)
{
	__u32 now = shared.locks[HOME];

	if (!before || before == holder(who) || now == before)
		return NULL;
	return hg_lock_age(holder(who), before) > (__s32)HG_LOCK_STALE_TICKS
		   ? NULL
		   : "a stranger released or took a lock";
}

/* What was left PENDING under this actor's key, within reach. */
static __u32 left_for(const struct actor *actor)
{
	const struct hg_flow *wanted = &actor->order.flow;
	__u32 line = table_search_all(&wanted->key, HOME | world.table);

	return line != LINE_NONE && is_in(line_at(line), HG_FLOW_PENDING) &&
		       line_age(line_at(line), wanted->seen) > HG_TICKS(2)
		   ? line
		   : LINE_NONE;
}

static const char *end_fault(bool may_end)
{
	const char *fault = keys_fault();

	if (shared.locks[HOME])
		return "a lock is held by nobody";
	for (__u32 i = 0; i < HG_FLOW_WINDOW; i++) {
		if (is_in(near_home(i), HG_FLOW_PENDING))
			return "a line is PENDING and nobody makes it";
		if (is_in(near_home(i), HG_FLOW_LIVE) && !is_somebodys(near_home(i)))
			return "a line is not as its maker wrote it";
	}
	for (enum who who = A; who <= C && !may_end; who++)
		if (world.actors[who].over && !world.actors[who].result &&
		    !is_as_published(who))
			return "a line that was published is gone";
	return fault;
}

static const char *take_step(const struct step *step, unsigned n, unsigned m)
{
	const unsigned until[] = { [AT_N] = n, [AT_M] = m, [END] = TO_THE_END };
	__u32 before = shared.locks[HOME], left = LINE_NONE;
	struct actor *actor;

	if (step->who == SWEEPER) {
		sweep();
		return keys_fault();
	}
	actor = &world.actors[step->who];
	if (!actor->moves)
		left = left_for(actor);
	if (!actor->over && goes_on(actor, until[step->until]) && !actor->result)
		world.published[step->who] = *line_at(actor->order.line);
	if (left != LINE_NONE && actor->over && left_for(actor) == left)
		return "a line of this key was left PENDING";
	return lock_fault(step->who, before) ?: keys_fault();
}

/* Plays one schedule and says what went wrong, if so. *ret_n_done: the last pause point lies
 * before n; so for m. */
static unsigned play(const struct scenario *scenario, unsigned n, unsigned m,
		     bool *ret_n_done, bool *ret_m_done)
{
	const char *fault = NULL;
	const struct step *step;

	*ret_n_done = false;
	*ret_m_done = true;
	for (step = scenario->steps; step->who != NOBODY; step++) {
		const char *here = take_step(step, n, m);

		fault = fault ?: here;
		if (step->until == AT_N)
			*ret_n_done = world.actors[step->who].over;
		if (step->until == AT_M)
			*ret_m_done = world.actors[step->who].over;
	}
	fault = fault ?: end_fault(scenario->may_end);
	if (fault)
		fprintf(stderr, "%s, n = %u, m = %u: %s\n", scenario->sentence, n, m,
			fault);
	return !!fault;
}

/* Every n, and with each every m. */
static unsigned play_all(const struct scenario *scenario, __u32 table, __u32 before)
{
	bool n_done = false, m_done;
	unsigned faults = 0;

	for (unsigned n = 1; !n_done; n++) {
		assert_true(n < MANY);
		m_done = false;
		for (unsigned m = 1; !m_done && !n_done; m++) {
			assert_true(m < MANY);
			world_begin(scenario, table, before);
			faults += play(scenario, n, m, &n_done, &m_done);
		}
	}
	return faults;
}

static void play_everywhere(const struct scenario *scenario)
{
	unsigned faults = 0;

	for (__u32 before = 0; before < 3; before++) {
		faults += play_all(scenario, 0, before);
		faults += play_all(scenario, LINE_EMBRYO, before);
	}
	assert_int_equal(faults, 0);
}

#define SCENARIO(name, ...)                                                              \
	static void name(void **state)                                                   \
	{                                                                                \
		const struct scenario scenario = { #name, __VA_ARGS__ };                 \
                                                                                         \
		(void)state;                                                             \
		play_everywhere(&scenario);                                              \
	}

SCENARIO(who_stood_still_makes_no_second_line_of_a_key, true, false, { 1, 1, 1 },
	 { { A, AT_N }, { B, END }, { A, END }, { C, END }, { NOBODY, END } })
SCENARIO(who_stood_still_leaves_another_key_alone, false, false, { 1, 2, 3 },
	 { { A, AT_N }, { B, END }, { A, END }, { NOBODY, END } })
SCENARIO(a_line_that_was_swept_and_taken_is_its_takers_or_ends, true, false, { 1, 2, 1 },
	 { { A, AT_N },
	   { SWEEPER, END },
	   { B, END },
	   { A, END },
	   { C, END },
	   { NOBODY, END } })
SCENARIO(two_that_stand_still_with_one_key, true, false, { 1, 1, 1 },
	 { { A, AT_N }, { B, AT_M }, { A, END }, { B, END }, { NOBODY, END } })
SCENARIO(two_that_stand_still_with_two_keys, false, false, { 1, 2, 1 },
	 { { A, AT_N }, { B, AT_M }, { A, END }, { B, END }, { NOBODY, END } })
SCENARIO(
    two_that_stand_still_while_a_third_inserts, true, false, { 1, 1, 1 },
    { { A, AT_N }, { B, AT_M }, { C, END }, { A, END }, { B, END }, { NOBODY, END } })
SCENARIO(
    one_that_stands_still_twice, true, false, { 1, 1, 2 },
    { { A, AT_N }, { B, END }, { A, AT_M }, { C, END }, { A, END }, { NOBODY, END } })
SCENARIO(
    two_locks_of_one_tick_are_two, true, true, { 1, 2, 1 },
    { { A, AT_N }, { B, END }, { C, AT_M }, { A, END }, { C, END }, { NOBODY, END } })

/* By another lock's key, so that its maker has lost only the line; `n` as ever. */
static bool pending_line_is_taken(unsigned n)
{
	const struct scenario scenario = { .keys = { 1, 2, 3 } };
	struct actor *maker = &world.actors[A], *taker = &world.actors[B];
	struct flow_order before = order_of(0, A);
	bool over;

	world_begin(&scenario, 0, 0);
	before.hash = taker->order.hash = HOME - 1;
	assert_int_equal(table_insert(&before), 0);
	maker->order.flow.ctl = HG_FLOW_PENDING | HG_FLOW_REPLY;
	over = goes_on(maker, n);
	sweep();
	goes_on(taker, TO_THE_END);
	assert_int_equal(taker->result, 0);
	world.published[B] = *line_at(taker->order.line);
	goes_on(maker, TO_THE_END);
	assert_true(!is_in(line_at(taker->order.line), HG_FLOW_LIVE) ||
		    is_as_published(B));
	return over;
}

static void a_pending_line_that_was_taken_is_its_takers_or_ends(void **state)
{
	(void)state;
	for (unsigned n = 1; !pending_line_is_taken(n); n++)
		assert_true(n < MANY);
}

/* A mark would make its publication fail. */
static void a_line_that_is_made_is_not_marked(void **state)
{
	const struct scenario scenario = { .keys = { 1, 2, 3 } };
	struct actor *maker = &world.actors[A];
	bool over = false;

	(void)state;
	for (unsigned n = 1; !over; n++) {
		world_begin(&scenario, 0, 0);
		over = goes_on(maker, n);
		struct hg_flow *flow = near_home(0);
		__u32 ctl = flow->ctl;
		bool is_live = is_in(flow, HG_FLOW_LIVE);

		assert_int_equal(table_mark(HOME, ctl, HG_FLOW_ASKED, 0), is_live);
		assert_int_equal(flow->ctl, is_live ? ctl | HG_FLOW_ASKED : ctl);
		goes_on(maker, TO_THE_END);
		assert_int_equal(maker->result, 0);
		assert_true(is_in(flow, HG_FLOW_LIVE));
		/* One that has become another flow's is not marked either. */
		flow->ctl += 1U << HG_FLOW_GENERATION_SHIFT;
		assert_false(table_mark(HOME, maker->order.pending + 1, HG_FLOW_FIN, 0));
		assert_false(flow->ctl & HG_FLOW_FIN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_stood_still_makes_no_second_line_of_a_key),
		cmocka_unit_test(who_stood_still_leaves_another_key_alone),
		cmocka_unit_test(a_line_that_was_swept_and_taken_is_its_takers_or_ends),
		cmocka_unit_test(two_that_stand_still_with_one_key),
		cmocka_unit_test(two_that_stand_still_with_two_keys),
		cmocka_unit_test(two_that_stand_still_while_a_third_inserts),
		cmocka_unit_test(one_that_stands_still_twice),
		cmocka_unit_test(two_locks_of_one_tick_are_two),
		cmocka_unit_test(a_pending_line_that_was_taken_is_its_takers_or_ends),
		cmocka_unit_test(a_line_that_is_made_is_not_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
