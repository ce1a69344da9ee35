// SPDX-License-Identifier: BSD-2-Clause
/* What the sweeper decides: time-outs by both directions, reach, freeing a pair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>
#include <headgate/hash.h>
#include "../../control/datapath/expiry.h"
#include "../../control/datapath/pairs.h"

/* Each time-out is a number of its own, so that a mix-up shows. */
static const uint32_t timeouts[HG_TIMEOUTS] = {
	[HG_TIMEOUT_SYN] = 60,	       [HG_TIMEOUT_ESTABLISHED] = 9000,
	[HG_TIMEOUT_FIN] = 120,	       [HG_TIMEOUT_CLOSED] = 50,
	[HG_TIMEOUT_RST] = 10,	       [HG_TIMEOUT_UDP] = 30,
	[HG_TIMEOUT_UDP_STREAM] = 180, [HG_TIMEOUT_SCTP_INIT] = 61,
	[HG_TIMEOUT_SCTP] = 8000,      [HG_TIMEOUT_SCTP_SHUTDOWN] = 11,
};

#define DATA (HG_FLOW_SYN | HG_FLOW_ACK)

#define FIN   HG_FLOW_FIN
#define ENDED (DATA | HG_FLOW_FIN | HG_FLOW_ENDED)
#define RESET (DATA | HG_FLOW_RST | HG_FLOW_RESET)

static void timeouts_are_those_of_the_state(void **state)
{
	const struct {
		uint8_t protocol;
		bool embryonic;
		uint32_t a, b;
		enum hg_timeout expected;
	} rows[] = {
		{ IPPROTO_TCP, true, HG_FLOW_SYN, 0, HG_TIMEOUT_SYN },
		{ IPPROTO_TCP, true, HG_FLOW_SYN, DATA, HG_TIMEOUT_SYN },
		{ IPPROTO_TCP, false, DATA, DATA, HG_TIMEOUT_ESTABLISHED },
		{ IPPROTO_TCP, false, DATA | FIN | HG_FLOW_ENDING, DATA | HG_FLOW_ASKED,
		  HG_TIMEOUT_ESTABLISHED },
		{ IPPROTO_TCP, false, DATA | FIN, DATA | FIN, HG_TIMEOUT_ESTABLISHED },
		{ IPPROTO_TCP, false, DATA, DATA | HG_FLOW_RST, HG_TIMEOUT_ESTABLISHED },
		{ IPPROTO_TCP, false, ENDED, DATA, HG_TIMEOUT_FIN },
		{ IPPROTO_TCP, false, DATA, ENDED, HG_TIMEOUT_FIN },
		{ IPPROTO_TCP, false, ENDED, ENDED, HG_TIMEOUT_CLOSED },
		{ IPPROTO_TCP, false, DATA, RESET, HG_TIMEOUT_RST },
		{ IPPROTO_TCP, true, HG_FLOW_SYN, RESET, HG_TIMEOUT_RST },
		{ IPPROTO_UDP, true, HG_FLOW_ACK, 0, HG_TIMEOUT_UDP },
		{ IPPROTO_UDP, false, HG_FLOW_ACK, HG_FLOW_ACK, HG_TIMEOUT_UDP_STREAM },
		{ IPPROTO_SCTP, true, HG_FLOW_SYN, 0, HG_TIMEOUT_SCTP_INIT },
		{ IPPROTO_SCTP, false, DATA, DATA, HG_TIMEOUT_SCTP },
		{ IPPROTO_SCTP, false, DATA | FIN, DATA | HG_FLOW_RST, HG_TIMEOUT_SCTP },
		{ IPPROTO_SCTP, false, ENDED, DATA, HG_TIMEOUT_SCTP_SHUTDOWN },
		{ IPPROTO_SCTP, false, RESET, DATA, HG_TIMEOUT_RST },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint32_t got = hg_flow_timeout(timeouts, rows[i].protocol, rows[i].a,
					       rows[i].b, rows[i].embryonic);

		if (got != timeouts[rows[i].expected])
			fail_msg("row %zu: %u, not %u", i, got,
				 timeouts[rows[i].expected]);
	}
}

/* A backend that left first remembers the port for 60 s, whatever --timeout-closed says. */
static void a_port_that_the_backend_closed_rests(void **state)
{
	uint32_t reply = ENDED | HG_FLOW_REPLY | HG_FLOW_LEFT_FIRST;
	uint32_t longer[HG_TIMEOUTS] = { [HG_TIMEOUT_CLOSED] = HG_TICKS(100) };

	(void)state;
	assert_int_equal(hg_flow_timeout(timeouts, IPPROTO_TCP, ENDED, reply, false),
			 HG_TICKS(60));
	assert_int_equal(hg_flow_timeout(timeouts, IPPROTO_TCP, reply, ENDED, false),
			 HG_TICKS(60));
	assert_int_equal(hg_flow_timeout(longer, IPPROTO_TCP, reply, ENDED, false),
			 HG_TICKS(100));
}

/* Or flows would be looked at too late, or never: the leader is one of the two. */
static void one_direction_always_leads_in_time(void **state)
{
	const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

	(void)state;
	for (unsigned row = 0; row < 3 * 2 * 16 * 16; row++) {
		uint8_t protocol = protocols[row % 3];
		bool embryonic = row / 3 % 2;
		uint32_t a = (row / 6 % 16) << 3, b = (row / 96 % 16) << 3;
		uint32_t both = hg_flow_timeout(timeouts, protocol, a, b, embryonic);
		uint32_t by_a = expiry_earliest(timeouts, protocol, a, embryonic);
		uint32_t by_b = expiry_earliest(timeouts, protocol, b, embryonic);

		assert_true(by_a <= both || by_b <= both);
	}
}

static void time_ahead_of_ours_is_no_age(void **state)
{
	(void)state;
	assert_int_equal(hg_flow_age(100, 90), 10);
	assert_int_equal(hg_flow_age(100, 101), 0);
	assert_int_equal(hg_flow_age(2, UINT32_MAX), 3);
}

static void a_freed_line_is_of_the_next_generation(void **state)
{
	uint32_t ctl = 0x12345U << 4 | HG_FLOW_LIVE | HG_FLOW_ACK;

	(void)state;
	uint32_t freed = hg_flow_ctl_free(ctl);
	assert_int_equal(freed & HG_FLOW_STATE, HG_FLOW_FREE);
	assert_int_equal(freed & HG_FLOW_SEEN, 0);
	assert_int_equal(freed >> 16, (ctl >> 16) + 1);
	assert_int_equal(hg_flow_ctl_free(0xffff0002U), 0);
}

static void reach_is_the_farthest_key_of_this_home(void **state)
{
	enum { MASK = 4095, SEED = 99 };
	struct hg_flow lines[HG_FLOW_WINDOW] = { 0 };
	struct hg_flow_key key = { .protocol = IPPROTO_TCP };

	(void)state;
	uint32_t home = (uint32_t)hg_hash_flow(&key, SEED) & MASK;
	assert_int_equal(expiry_reach(lines, home, HG_FLOW_WINDOW, SEED, MASK), 0);
	lines[0] = (struct hg_flow){ .key = key, .ctl = HG_FLOW_LIVE };
	assert_int_equal(expiry_reach(lines, home, HG_FLOW_WINDOW, SEED, MASK), 0);
	lines[9] = (struct hg_flow){ .key = key, .ctl = HG_FLOW_PENDING };
	lines[20] = (struct hg_flow){ .key = key, .ctl = HG_FLOW_FREE };
	lines[30].ctl = HG_FLOW_LIVE;
	lines[30].key.ports = 1;
	assert_int_equal(expiry_reach(lines, home, HG_FLOW_WINDOW, SEED, MASK), 9);
	lines[31] = (struct hg_flow){ .key = key, .ctl = HG_FLOW_LIVE };
	assert_int_equal(expiry_reach(lines, home, HG_FLOW_WINDOW, SEED, MASK), 31);
}

static struct pair make_pair(struct hg_flow *forward, struct hg_flow *reply)
{
	struct pair pair = { .line = forward, .partner = reply };

	*forward = (struct hg_flow){ .ctl = HG_FLOW_LIVE | HG_FLOW_ACK };
	*reply = (struct hg_flow){ .ctl = HG_FLOW_LIVE | HG_FLOW_REPLY };
	pair.copy = *forward;
	pair.partner_copy = *reply;
	return pair;
}

static void a_flow_that_moved_on_is_not_freed(void **state)
{
	struct hg_flow forward, reply;
	struct pair pair = make_pair(&forward, &reply);

	(void)state;
	forward.ctl |= HG_FLOW_FIN;
	assert_false(pair_free(&pair));
	assert_int_equal(reply.ctl & HG_FLOW_STATE, HG_FLOW_LIVE);
}

static void both_directions_are_freed_whichever_leads(void **state)
{
	struct hg_flow forward, reply;
	struct pair pair = make_pair(&forward, &reply);

	(void)state;
	/* A packet of the reply came meanwhile: the forward line decides. */
	reply.ctl |= HG_FLOW_ACK;
	assert_true(pair_free(&pair));
	assert_int_equal(forward.ctl & HG_FLOW_STATE, HG_FLOW_FREE);
	assert_int_equal(reply.ctl & HG_FLOW_STATE, HG_FLOW_FREE);

	pair = make_pair(&forward, &reply);
	struct pair led = { .line = pair.partner,
			    .copy = pair.partner_copy,
			    .partner = pair.line,
			    .partner_copy = pair.copy };
	assert_true(pair_free(&led));
	assert_int_equal(forward.ctl & HG_FLOW_STATE, HG_FLOW_FREE);
	assert_int_equal(reply.ctl & HG_FLOW_STATE, HG_FLOW_FREE);
}

static void a_line_of_another_generation_is_left(void **state)
{
	struct hg_flow forward, reply;
	struct pair pair = make_pair(&forward, &reply);

	(void)state;
	reply.ctl = 1U << HG_FLOW_GENERATION_SHIFT | HG_FLOW_LIVE;
	assert_true(pair_free(&pair));
	assert_int_equal(reply.ctl & HG_FLOW_STATE, HG_FLOW_LIVE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timeouts_are_those_of_the_state),
		cmocka_unit_test(a_port_that_the_backend_closed_rests),
		cmocka_unit_test(one_direction_always_leads_in_time),
		cmocka_unit_test(time_ahead_of_ours_is_no_age),
		cmocka_unit_test(a_freed_line_is_of_the_next_generation),
		cmocka_unit_test(reach_is_the_farthest_key_of_this_home),
		cmocka_unit_test(a_flow_that_moved_on_is_not_freed),
		cmocka_unit_test(both_directions_are_freed_whichever_leads),
		cmocka_unit_test(a_line_of_another_generation_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
