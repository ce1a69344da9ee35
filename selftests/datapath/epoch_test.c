// SPDX-License-Identifier: BSD-2-Clause
/*
 * Numbers that come round: what lines remember of an old epoch, of routes (8 bits) or of policy
 * (16), never looks current; a lock whose holder was killed is free before its tick looks
 * young again. On real, mapped tables, swept between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "applied.h"
#include "../../control/datapath/clock.h"
#include "../../control/datapath/routes.h"
#include "../../control/datapath/state.h"

#define LINES 262144U /* several views */
#define LOCKS (2U * HG_LOCKS)

static struct applied applied;
static struct hg_flow *flows, *embryos;
static struct hg_state *in_force;
static uint32_t *locks; /* 8 bytes apart */

static void *map_array(const char *name, size_t size)
{
	int fd = applied_map(name);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_true(memory != MAP_FAILED);
	close(fd);
	return memory;
}

static int setup(void **state)
{
	(void)state;
	applied_defaults(&applied);
	applied.options.flows = LINES / 4;
	applied_open(&applied);
	flows = map_array("hg_flows", LINES * sizeof(*flows));
	embryos = map_array("hg_embryos", 65536 * sizeof(*embryos));
	in_force = map_array("hg_state", sizeof(*in_force));
	locks = map_array("hg_locks", LOCKS * sizeof(*locks));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	munmap(flows, LINES * sizeof(*flows));
	munmap(embryos, 65536 * sizeof(*embryos));
	munmap(in_force, sizeof(*in_force));
	munmap(locks, LOCKS * sizeof(*locks));
	applied_end(&applied);
	return 0;
}

/* To the end of the pass that the sweeper is in. */
static void end_pass(void)
{
	size_t passes = applied.datapath->sweep.passes;

	while (applied.datapath->sweep.passes == passes)
		datapath_tick(applied.datapath);
}

static void put_line(struct hg_flow *line)
{
	memset(line, 0, sizeof(*line));
	line->ctl = HG_FLOW_LIVE | HG_FLOW_REPLY | HG_FLOW_ACK;
	line->key.protocol = IPPROTO_TCP;
	line->partner = HG_FLOW_PARTNER_NONE;
	line->seen = clock_tick();
	line->route_epoch = (uint8_t)(in_force->route_epoch - 1);
	line->key.policy = (uint16_t)(in_force->policy - 1);
}

/* The first and the last line of views, in both tables. */
static struct hg_flow *const *old_lines(void)
{
	static struct hg_flow *lines[6];

	lines[0] = &flows[0];
	lines[1] = &flows[65535];
	lines[2] = &flows[65536];
	lines[3] = &flows[LINES - 1];
	lines[4] = &embryos[0];
	lines[5] = NULL;
	for (size_t i = 0; lines[i]; i++)
		put_line(lines[i]);
	return lines;
}

static void no_way_is_current(struct hg_flow *const *lines)
{
	for (; *lines; lines++)
		assert_int_not_equal((*lines)->route_epoch,
				     (uint8_t)in_force->route_epoch);
}

/* `burst` changes between two steps of the sweeper. */
static void change_routes(uint32_t burst)
{
	struct hg_flow *const *lines = old_lines();
	uint32_t until = in_force->route_epoch + 600;

	while ((int32_t)(until - in_force->route_epoch) > 0) {
		for (uint32_t i = 0; i < burst; i++) {
			datapath_reroute(applied.datapath, &applied.complaints);
			no_way_is_current(lines);
		}
		datapath_tick(applied.datapath);
		no_way_is_current(lines);
	}
}

static void an_old_way_never_looks_current(void **state)
{
	(void)state;
	change_routes(1);
	change_routes(7);
	change_routes(ROUTE_CHANGES);
	change_routes(300);
}

static void a_way_that_is_current_stays_so(void **state)
{
	(void)state;
	put_line(&flows[5]);
	flows[5].route_epoch = (uint8_t)in_force->route_epoch;
	flows[5].key.policy = (uint16_t)in_force->policy;
	end_pass();
	end_pass();
	assert_int_equal(flows[5].route_epoch, (uint8_t)in_force->route_epoch);
	assert_int_equal(flows[5].key.policy, (uint16_t)in_force->policy);
}

static void route_changes_beyond_a_pass_wait_for_its_end(void **state)
{
	(void)state;
	end_pass();
	uint32_t before = in_force->route_epoch;

	for (uint32_t i = 0; i < 3 * ROUTE_CHANGES; i++)
		datapath_reroute(applied.datapath, &applied.complaints);
	assert_int_equal(in_force->route_epoch, before + ROUTE_CHANGES);
	/* One more looks all of them up. */
	end_pass();
	assert_int_equal(in_force->route_epoch, before + ROUTE_CHANGES + 1);
	end_pass();
	assert_int_equal(in_force->route_epoch, before + ROUTE_CHANGES + 1);
	datapath_reroute(applied.datapath, &applied.complaints);
	assert_int_equal(in_force->route_epoch, before + ROUTE_CHANGES + 2);
}

/* More than 65,536 epochs; the sweeper comes by now and then. */
static void an_old_judgement_never_looks_current(void **state)
{
	struct hg_flow *const *lines = old_lines();

	(void)state;
	for (uint32_t i = 0; i < 80000; i++) {
		in_force->policy = (in_force->policy + 1) & HG_POLICY_EPOCH;
		for (size_t line = 0; lines[line]; line++)
			assert_int_not_equal(lines[line]->key.policy, in_force->policy);
		if (i % 8000 == 0)
			end_pass();
	}
}

static void locks_of_the_killed_are_freed(void **state)
{
	uint32_t now = clock_tick();
	const struct {
		uint32_t index, held;
		bool is_stale;
	} rows[] = {
		{ 0, hg_lock_holder(now - HG_TICKS(4), HG_LOCK_SWEEPER), true },
		{ 1, hg_lock_holder(now - HG_TICKS(4), 1), true },
		{ 2, hg_lock_holder(now - HG_TICKS(3600 * 9), HG_LOCK_SWEEPER), true },
		/* Its CPU's clock is ahead; far ahead, so that the test may take its time. */
		{ 3, hg_lock_holder(now + HG_TICKS(60), 2), false },
		{ HG_LOCKS - 1, hg_lock_holder(now - HG_TICKS(4), 4094), true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		locks[2 * rows[i].index] = rows[i].held;
	end_pass();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(locks[2 * rows[i].index],
				 rows[i].is_stale ? 0 : rows[i].held);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(an_old_way_never_looks_current),
		CASE(a_way_that_is_current_stays_so),
		CASE(route_changes_beyond_a_pass_wait_for_its_end),
		CASE(an_old_judgement_never_looks_current),
		CASE(locks_of_the_killed_are_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
