/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP and DNS checks through the real loop against a UDP backend on loopback. */
#include "udp_backend.h"

#define HOST "127.0.0.1"

static void health_udp_any_answer_is_up(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_UDP);
	static struct udp_backend backend;

	open_udp(stage, &backend, "::1", ECHOING);
	want(stage, "cart", &spec, backend.check);
	expect_result(stage, &spec, backend.check, HEALTH_UP, "answered");
	close_udp(stage, &backend);
}

static void health_udp_answer_must_contain_what_is_expected(void **state)
{
	struct stage *stage = *state;
	struct check_spec good = fast(CHECK_UDP), bad = fast(CHECK_UDP);
	char question[] = "are you there", absent[] = "yes";
	static struct udp_backend backend;

	good.send = bad.send = question;
	good.expect = question + 4;
	bad.expect = absent;
	open_udp(stage, &backend, HOST, ECHOING);
	want(stage, "cart", &good, backend.check);
	want(stage, "till", &bad, backend.check);
	expect_result(stage, &good, backend.check, HEALTH_UP, "answered");
	expect_result(stage, &bad, backend.check, HEALTH_DOWN,
		      "the answer lacks the expected text");
	close_udp(stage, &backend);
}

/* The time-out is longer than the deadline: only the ICMP error can decide. */
static void health_udp_unreachable_port_fails_at_once(void **state)
{
	static const char *const addresses[] = { HOST, "::1" };
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_UDP);

	spec.timeout_ms = 10 * DEADLINE_MS;
	for (size_t i = 0; i < 2; i++) {
		int fd = bind_socket(addresses[i], SOCK_DGRAM, 0);
		struct wanted_check check = at(addresses[i], port_of(fd));

		close(fd);
		want(stage, "cart", &spec, check);
		expect_result(stage, &spec, check, HEALTH_DOWN, "connection refused");
	}
}

static void health_udp_silence_is_down_after_its_time_out(void **state)
{
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_UDP);
	static struct udp_backend backend;

	spec.timeout_ms = 100;
	open_udp(stage, &backend, HOST, SILENT);
	want(stage, "cart", &spec, backend.check);
	expect_result(stage, &spec, backend.check, HEALTH_DOWN,
		      "no answer within 100 ms");
	backend.manner = ECHOING;
	expect_result(stage, &spec, backend.check, HEALTH_UP, "answered");
	close_udp(stage, &backend);
}

static void health_dns_is_judged_by_id_and_code(void **state)
{
	static const struct {
		enum manner manner;
		int state;
		const char *text;
	} rows[] = {
		{ DNS_GOOD, HEALTH_UP, "DNS NOERROR" },
		{ DNS_SERVFAIL, HEALTH_DOWN, "DNS SERVFAIL" },
		{ DNS_BAD_ID, HEALTH_DOWN, "no matching answer within 150 ms" },
	};
	struct stage *stage = *state;
	struct check_spec spec = fast(CHECK_DNS);
	char name[] = "cart.shop.example";

	spec.send = name;
	spec.timeout_ms = 150;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct udp_backend backend;

		open_udp(stage, &backend, HOST, rows[i].manner);
		want(stage, "cart", &spec, backend.check);
		expect_result(stage, &spec, backend.check, rows[i].state, rows[i].text);
		close_udp(stage, &backend);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)
	const struct CMUnitTest tests[] = {
		TEST(health_udp_any_answer_is_up),
		TEST(health_udp_answer_must_contain_what_is_expected),
		TEST(health_udp_unreachable_port_fails_at_once),
		TEST(health_udp_silence_is_down_after_its_time_out),
		TEST(health_dns_is_judged_by_id_and_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
