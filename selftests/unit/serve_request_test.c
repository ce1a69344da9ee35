/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests of the API are read and bounded; flows have names that users know. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api_request.h"

static void request_bad_ones_are_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *text;
		unsigned code;
	} rows[] = {
		{ "GET /", 404 },
		{ "GET ", 404 },
		{ "GET v1/status", 404 },
		{ "GET /v2/status", 404 },
		{ "GET /v1//status", 404 },
		{ "GET /v1/status/more", 404 },
		{ "GET /v1/services/shop", 404 },
		{ "GET /v1/services/a/b/c/d", 404 },
		{ "POST /v1/status", 405 },
		{ "DELETE /v1/status", 405 },
		{ "DELETE /v1/flows", 400 },
		{ "DELETE /v1/flows?limit=3", 400 },
		{ "GET /v1/status?client=10.0.0.1", 400 },
		{ "GET /v1/flows?colour=red", 400 },
		{ "GET /v1/flows?limit=0", 400 },
		{ "GET /v1/flows?limit=10001", 400 },
		{ "GET /v1/flows?limit=-1", 400 },
		{ "GET /v1/flows?limit=", 400 },
		{ "GET /v1/flows?limit", 400 },
		{ "GET /v1/flows?client=ten", 400 },
		{ "GET /v1/flows?client=10.0.0.1:0", 400 },
		{ "GET /v1/flows?client=10.0.0.1:65536", 400 },
		{ "GET /v1/flows?client=10.0.0.1:", 400 },
		{ "GET /v1/flows?client=[fd00::1", 400 },
		{ "GET /v1/flows?client=[fd00::1]80", 400 },
		{ "GET /v1/flows?vip=10.0.0.0/33", 400 },
		{ "GET /v1/flows?protocol=icmp", 400 },
		{ "GET /v1/flows?service=cart", 400 },
		{ "GET /v1/flows?service=/cart", 400 },
		{ "GET /v1/flows?service=shop/", 400 },
		{ "GET /v1/flows?service=a/b/c", 400 },
		{ "GET /v1/flows/tcp/10.0.0.1/10.0.0.2:80", 400 },
		{ "GET /v1/policies/shop", 404 },
		{ "GET /v1/policies?service=a/b", 400 },
		{ "GET /v1/policies?namespace=", 400 },
		{ "DELETE /v1/policies/shop/deny", 405 },
		{ "GET /v1/pods", 404 },
		{ "GET /v1/verdict", 400 },
		{ "GET /v1/verdict?from=a/b&to=c/d", 400 },
		{ "GET /v1/verdict?from=a/b&to=c/d&port=", 400 },
		{ "GET /v1/verdict?from=a/b&to=c/d&port=12345678901234567890123456789012",
		  400 },
		{ "GET /v1/flows/quic/10.0.0.1:1/10.0.0.2:80", 400 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct request_error error = { "" };
		struct request request;
		unsigned code = read_request(rows[i].text, &request, &error);

		if (code != rows[i].code)
			fail_msg("%s: %u, not %u", rows[i].text, code, rows[i].code);
		assert_true(strlen(error.sentence) > 10);
	}
}

static void request_long_segments_are_not_found(void **state)
{
	char text[1024] = "GET /v1/services/shop/";
	struct request_error error;
	struct request request;

	(void)state;
	memset(text + strlen(text), 'a', 254);
	assert_int_equal(read_request(text, &request, &error), 404);
	text[strlen(text) - 1] = '\0';
	assert_int_equal(read_request(text, &request, &error), 200);
	assert_int_equal(strlen(request.name), 253);
}

static void request_only_deletion_changes(void **state)
{
	struct request_error error;
	struct request request;

	(void)state;
	assert_int_equal(read_request("GET /v1/flows?vip=10.0.0.1", &request, &error),
			 200);
	assert_false(request.changes);
	assert_int_equal(read_request("DELETE /v1/flows?vip=10.0.0.1", &request, &error),
			 200);
	assert_true(request.changes);
}

static void request_of_a_verdict_holds_the_question(void **state)
{
	struct request_error error;
	struct request request;

	(void)state;
	assert_int_equal(
	    read_request("GET /v1/verdict?from=shop/web&to=10.0.0.1&port=80/tcp",
			 &request, &error),
	    200);
	assert_string_equal(request.from, "shop/web");
	assert_string_equal(request.to, "10.0.0.1");
	assert_string_equal(request.port, "80/tcp");
	assert_int_equal(
	    read_request("GET /v1/policies?namespace=shop", &request, &error), 200);
	assert_string_equal(request.namespace, "shop");
	assert_int_equal(read_request("GET /v1/pods/shop/web-0", &request, &error), 200);
	assert_string_equal(request.name, "web-0");
}

static void flow_ends_are_read_in_every_form(void **state)
{
	static const struct {
		const char *text;
		unsigned port, bits;
	} rows[] = {
		{ "10.0.0.1", 0, 128 },	     { "10.0.0.1:80", 80, 128 },
		{ "10.0.0.0/8", 0, 104 },    { "fd00::1", 0, 128 },
		{ "[fd00::1]:53", 53, 128 }, { "[fd00::1]", 0, 128 },
		{ "fd00::/64", 0, 64 },	     { "10.0.0.0/8:443", 443, 104 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct flow_end end;

		assert_int_equal(flow_end_parse(rows[i].text, &end), 0);
		assert_int_equal(end.port, rows[i].port);
		assert_int_equal(end.cidr.bits, rows[i].bits);
	}
}

static void flow_states_have_netfilters_names(void **state)
{
	enum { S = HG_FLOW_SYN, K = HG_FLOW_ACK, F = HG_FLOW_FIN, R = HG_FLOW_RST };
	static const struct {
		uint8_t protocol;
		uint32_t client, backend;
		bool embryonic;
		const char *name;
	} rows[] = {
		{ IPPROTO_TCP, S, 0, true, "SYN_SENT" },
		{ IPPROTO_TCP, S, S | K, true, "SYN_RECV" },
		{ IPPROTO_TCP, S | K, S | K, false, "ESTABLISHED" },
		{ IPPROTO_TCP, S | K | F, S | K, false, "FIN_WAIT" },
		{ IPPROTO_TCP, S | K, S | K | F, false, "CLOSE_WAIT" },
		{ IPPROTO_TCP, S | K | F, S | K | F, false, "TIME_WAIT" },
		{ IPPROTO_TCP, S | K, S | K | R, false, "CLOSE" },
		{ IPPROTO_UDP, K, 0, true, "UNREPLIED" },
		{ IPPROTO_UDP, K, K, true, "REPLIED" },
		{ IPPROTO_UDP, K, K, false, "ASSURED" },
		{ IPPROTO_ICMP, 0, 0, true, "UNREPLIED" },
		{ IPPROTO_SCTP, S, 0, true, "COOKIE_WAIT" },
		{ IPPROTO_SCTP, S, S, true, "COOKIE_ECHOED" },
		{ IPPROTO_SCTP, S | K, S | K, false, "ESTABLISHED" },
		{ IPPROTO_SCTP, S | K | F, S | K, false, "SHUTDOWN" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct datapath_flow flow = { .protocol = rows[i].protocol,
					      .embryonic = rows[i].embryonic,
					      .client_seen = rows[i].client,
					      .backend_seen = rows[i].backend };

		assert_string_equal(flow_state_name(&flow), rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_bad_ones_are_refused_with_a_sentence),
		cmocka_unit_test(request_long_segments_are_not_found),
		cmocka_unit_test(request_only_deletion_changes),
		cmocka_unit_test(request_of_a_verdict_holds_the_question),
		cmocka_unit_test(flow_ends_are_read_in_every_form),
		cmocka_unit_test(flow_states_have_netfilters_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
