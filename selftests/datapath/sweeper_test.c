// SPDX-License-Identifier: BSD-2-Clause
/* The sweeper on real, mapped tables of several views. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <unistd.h>
#include <headgate/endian.h>
#include "swept.h"

static void an_idle_flow_goes_with_both_directions(void **state)
{
	(void)state;
	for (uint32_t view = 0; view < 4; view++) {
		uint32_t reply = view * 65536 + 77;
		uint32_t index =
		    put_flow(swept.flows, reply, (uint16_t)(5000 + view), 4000);

		sweep_all();
		assert_false(is_live(&swept.flows[index]));
		assert_false(is_live(&swept.flows[reply]));
		assert_int_equal(swept.flows[index].ctl >> 16, 1);
		assert_int_equal(expired_flows(), view + 1);
	}
}

/* More than a tick looks at, behind others that are idle in one direction only. */
static void many_flows_that_end_at_once_all_go(void **state)
{
	enum { MANY = 9000, BUSY = 5000 };

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		struct hg_flow line = { .ctl = HG_FLOW_LIVE | HG_FLOW_ACK,
					.backend = swept.backend | swept.generation
								       << HG_BACKEND_BITS,
					.seen = now_tick() - HG_TICKS(4000),
					.partner = 2 * 65536 + i };

		line.key.protocol = IPPROTO_TCP;
		line.key.sport = be16((uint16_t)i);
		swept.flows[i] = line;
		line.ctl |= HG_FLOW_REPLY;
		line.seen = i < BUSY ? now_tick() : line.seen;
		line.partner = i;
		swept.flows[2 * 65536 + i] = line;
	}
	for (int passes = 0; passes < 6; passes++)
		sweep_all();
	for (uint32_t i = 0; i < MANY; i++) {
		assert_int_equal(is_live(&swept.flows[i]), i < BUSY);
		assert_int_equal(is_live(&swept.flows[2 * 65536 + i]), i < BUSY);
	}
	assert_int_equal(expired_flows(), MANY - BUSY);
}

static void one_busy_direction_keeps_both(void **state)
{
	(void)state;
	uint32_t reply = 200000, index = put_flow(swept.flows, reply, 5001, 4000);

	swept.flows[reply].seen = now_tick();
	sweep_all();
	assert_true(is_live(&swept.flows[index]));
	swept.flows[reply].seen = swept.flows[index].seen;
	swept.flows[index].seen = now_tick();
	sweep_all();
	assert_true(is_live(&swept.flows[reply]));
	assert_int_equal(expired_flows(), 0);
}

static void a_reset_ends_the_flow_soon(void **state)
{
	(void)state;
	uint32_t reply = 100000, index = put_flow(swept.flows, reply, 5002, 20);

	sweep_all();
	assert_true(is_live(&swept.flows[index]));
	swept.flows[reply].ctl |= HG_FLOW_RST;
	sweep_all();
	assert_true(is_live(&swept.flows[index]));
	swept.flows[reply].ctl |= HG_FLOW_RESET;
	sweep_all();
	assert_false(is_live(&swept.flows[index]));
	assert_false(is_live(&swept.flows[reply]));
}

static void embryonic_flows_have_their_own_timeout(void **state)
{
	(void)state;
	uint32_t old = put_flow(swept.embryos, 9, 5003, 70),
		 young = put_flow(swept.embryos, 10, 5004, 20);

	sweep_all();
	assert_false(is_live(&swept.embryos[old]));
	assert_false(is_live(&swept.embryos[9]));
	assert_true(is_live(&swept.embryos[young]));
	assert_int_equal(expired_flows(), 1);
}

static void an_expired_flow_of_an_earlier_backend_is_not_counted(void **state)
{
	(void)state;
	uint32_t index = put_flow(swept.flows, 5, 5005, 4000);

	swept.flows[index].backend += 1U << HG_BACKEND_BITS;
	swept.flows[5].backend = swept.flows[index].backend;
	sweep_all();
	assert_false(is_live(&swept.flows[index]));
	assert_int_equal(expired_flows(), 0);
}

static bool is_free(void *context)
{
	const struct hg_flow *line = context;

	return (line->ctl & HG_FLOW_STATE) == HG_FLOW_FREE;
}

static void a_line_left_pending_is_freed(void **state)
{
	uint32_t now = now_tick();

	(void)state;
	swept.flows[123456].seen = now;
	swept.flows[123456].ctl = HG_FLOW_PENDING;
	swept.flows[123457].seen = now - HG_TICKS(3);
	swept.flows[123457].ctl = HG_FLOW_PENDING;
	sweep_all();
	assert_int_equal(swept.flows[123456].ctl, HG_FLOW_PENDING);
	assert_int_equal(swept.flows[123457].ctl, 1U << HG_FLOW_GENERATION_SHIFT);
	swept.flows[123456].seen = now - HG_TICKS(3);
	sweep_all();
	assert_true(is_free(&swept.flows[123456]));
}

/* Who makes it still holds it; alone, it would leave a reply that nobody frees. */
static void a_flow_whose_reply_is_not_published_is_left(void **state)
{
	uint32_t index = put_flow(swept.flows, 60000, 5010, 100000);

	(void)state;
	struct hg_flow *reply = &swept.flows[swept.flows[index].partner];
	uint32_t ctl = swept.flows[index].ctl, published = reply->ctl;
	reply->ctl = (published & ~HG_FLOW_STATE) | HG_FLOW_PENDING;
	reply->seen = now_tick();
	sweep_all();
	assert_int_equal(swept.flows[index].ctl, ctl);
	reply->ctl = published;
	reply->seen = swept.flows[index].seen;
	sweep_all();
	assert_true(is_free(&swept.flows[index]));
	assert_true(is_free(reply));
}

static void reach_is_lowered_when_the_farthest_key_has_gone(void **state)
{
	(void)state;
	uint32_t index = put_flow(swept.flows, 60000, 5006, 0);
	uint32_t far = (index + 20) & (LINES - 1);

	swept.flows[index].reach = 20;
	swept.flows[far] = swept.flows[index];
	swept.flows[far].reach = 0;
	sweep_all();
	assert_int_equal(swept.flows[index].reach, 20);
	swept.flows[far].ctl = HG_FLOW_FREE;
	sweep_all();
	assert_int_equal(swept.flows[index].reach, 0);
}

static void reach_is_left_while_somebody_inserts(void **state)
{
	uint32_t index = put_flow(swept.flows, 60000, 5007, 0), none = 0;
	uint32_t held = hg_lock_holder(now_tick(), 1);
	uint32_t lock = index & (HG_LOCKS - 1);
	int fd = applied_map("hg_locks");

	(void)state;
	swept.flows[index].reach = 7;
	assert_int_equal(bpf_map_update_elem(fd, &lock, &held, BPF_ANY), 0);
	sweep_all();
	assert_int_equal(swept.flows[index].reach, 7);
	assert_int_equal(bpf_map_update_elem(fd, &lock, &none, BPF_ANY), 0);
	sweep_all();
	assert_int_equal(swept.flows[index].reach, 0);
	close(fd);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, swept_setup, swept_teardown)
	const struct CMUnitTest tests[] = {
		CASE(an_idle_flow_goes_with_both_directions),
		CASE(many_flows_that_end_at_once_all_go),
		CASE(one_busy_direction_keeps_both),
		CASE(a_reset_ends_the_flow_soon),
		CASE(embryonic_flows_have_their_own_timeout),
		CASE(an_expired_flow_of_an_earlier_backend_is_not_counted),
		CASE(a_line_left_pending_is_freed),
		CASE(a_flow_whose_reply_is_not_published_is_left),
		CASE(reach_is_lowered_when_the_farthest_key_has_gone),
		CASE(reach_is_left_while_somebody_inserts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
