/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests of the API are answered from a made-up world, without a datapath. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <headgate/reasons.h>

#include "../../control/serve/answer.h"
#include "api_request.h"
#include "api_world.h"

static struct json_object *ask(const char *text, unsigned expected)
{
	struct request_error error;
	struct request request;
	struct body body;

	assert_int_equal(read_request(text, &request, &error), 200);
	assert_int_equal(answer_request(&world, &request, &body), expected);
	assert_false(body.lost);
	return body.root;
}

static struct json_object *at(struct json_object *json, const char *path)
{
	static char copy[128];
	struct json_object *found = json;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *rest = copy, *part; (part = strsep(&rest, "."));) {
		if (*part >= '0' && *part <= '9')
			found = json_object_array_get_idx(found, strtoul(part, NULL, 10));
		else if (!json_object_object_get_ex(found, part, &found))
			fail_msg("no %s in %s", path, json_object_to_json_string(json));
	}
	return found;
}

static void assert_at(struct json_object *json, const char *path, const char *text)
{
	const char *found = json_object_get_string(at(json, path));

	if (!found || strcmp(found, text) != 0)
		fail_msg("%s is %s, not %s", path, found, text);
}

static void status_says_what_is_and_what_is_not(void **state)
{
	struct json_object *json = ask("GET /v1/status", 200);

	(void)state;
	assert_at(json, "schemaVersion", "1");
	assert_at(json, "version", HEADGATE_VERSION);
	assert_at(json, "uptimeSeconds", "61");
	assert_at(json, "attachments.0.interface", "eth0");
	assert_at(json, "attachments.0.remark", "no dispatcher");
	assert_at(json, "maps.0.name", "hg_slots");
	assert_at(json, "maps.0.used", "211");
	assert_at(json, "objects.Service", "1");
	assert_at(json, "policy.mode", "audit");
	assert_at(json, "policy.established", "cut");
	assert_at(json, "policy.sourceCheck", "true");
	assert_at(json, "policy.podsHere", "5");
	assert_at(json, "policy.podsIsolated", "2");
	assert_at(json, "policy.held", "true");
	assert_at(json, "policy.addressesHeldIsolated", "3");
	assert_at(json, "complaints.0.line", "7");
	assert_at(json, "complaints.0.object", "Service shop/cart");
	assert_at(json, "complaints.0.kind", "Service");
	assert_at(json, "complaints.0.namespace", "shop");
	assert_at(json, "complaints.0.name", "cart");
	assert_at(json, "complaints.0.cause", "invalid");
	assert_non_null(strstr(json_object_get_string(at(json, "notServed.0")), "host"));
	json_object_put(json);
}

static void services_show_frontends_backends_and_counters(void **state)
{
	struct json_object *json = ask("GET /v1/services/shop/cart", 200);

	(void)state;
	assert_at(json, "service.check", "http");
	assert_at(json, "service.ports.0.protocol", "TCP");
	assert_at(json, "service.ports.0.activeBackends", "1");
	assert_at(json, "service.ports.0.frontends.0.address", SERVICE);
	assert_at(json, "service.ports.0.frontends.0.insideOnly", "true");
	/* three backends, five connections each, at this address */
	assert_at(json, "service.ports.0.frontends.0.counters.connections", "15");
	assert_at(json, "service.ports.0.backends.0.address", A);
	assert_at(json, "service.ports.0.backends.0.state", "active");
	assert_at(json, "service.ports.0.backends.0.pod", "shop/cart-0");
	assert_at(json, "service.ports.0.backends.0.check.result", "HTTP 200");
	assert_at(json, "service.ports.0.backends.0.check.unchangedMilliseconds", "4000");
	assert_at(json, "service.ports.0.backends.0.reachable", "true");
	assert_at(json, "service.ports.0.backends.0.counters.inPackets", "20");
	assert_at(json, "service.ports.0.backends.1.state", "down");
	assert_at(json, "service.ports.0.backends.1.reachable", "false");
	assert_null(at(json, "service.ports.0.backends.1.check"));
	assert_at(json, "service.ports.0.backends.2.address", GONE);
	assert_at(json, "service.ports.0.backends.2.state", "draining");
	assert_at(json, "service.ports.0.backends.2.counters.activeConnections", "2");
	json_object_put(json);
}

static void services_unknown_is_404(void **state)
{
	struct json_object *json = ask("GET /v1/services/shop/none", 404);

	(void)state;
	assert_non_null(strstr(json_object_get_string(at(json, "error")), "shop/none"));
	json_object_put(json);
	json = ask("GET /v1/flows?service=shop/none", 404);
	json_object_put(json);
	json = ask("DELETE /v1/flows?service=shop/none", 404);
	json_object_put(json);
}

static void backends_are_listed_with_their_service(void **state)
{
	struct json_object *json = ask("GET /v1/backends", 200);

	(void)state;
	assert_int_equal(json_object_array_length(at(json, "backends")), 3);
	assert_at(json, "backends.2.service", "cart");
	assert_at(json, "backends.2.state", "draining");
	json_object_put(json);
}

static void flows_are_sorted_and_name_their_service(void **state)
{
	struct json_object *json = ask("GET /v1/flows", 200);

	(void)state;
	assert_at(json, "matched", "3");
	assert_at(json, "truncated", "false");
	assert_at(json, "flows.0.id", "tcp/" CLIENT ":40000/" PUBLIC ":80");
	assert_at(json, "flows.0.service", "cart");
	assert_at(json, "flows.0.snat.port", "1024");
	assert_at(json, "flows.1.client.port", "40001");
	assert_null(at(json, "flows.1.snat"));
	assert_at(json, "flows.2.protocol", "UDP");
	assert_null(at(json, "flows.2.service"));
	json_object_put(json);
}

static void flows_filters_narrow_down(void **state)
{
	static const struct {
		const char *text, *matched;
	} rows[] = {
		{ "GET /v1/flows?client=" CLIENT, "3" },
		{ "GET /v1/flows?client=192.0.2.0/24", "3" },
		{ "GET /v1/flows?client=192.0.2.8", "0" },
		{ "GET /v1/flows?client=" CLIENT ":40000", "1" },
		{ "GET /v1/flows?vip=" SERVICE, "1" },
		{ "GET /v1/flows?vip=" SERVICE ":81", "0" },
		{ "GET /v1/flows?backend=" A, "2" },
		{ "GET /v1/flows?backend=" A "&protocol=udp", "1" },
		{ "GET /v1/flows?protocol=TCP", "2" },
		{ "GET /v1/flows?service=shop/cart", "2" },
		{ "GET /v1/flows?service=shop/cart&vip=" PUBLIC, "1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct json_object *json = ask(rows[i].text, 200);

		assert_at(json, "matched", rows[i].matched);
		json_object_put(json);
	}
}

static void flows_are_bounded_and_say_so(void **state)
{
	(void)state;
	flow_copies = 1000;
	struct json_object *json = ask("GET /v1/flows?limit=5", 200);

	assert_int_equal(json_object_array_length(at(json, "flows")), 5);
	assert_at(json, "matched", "3000");
	assert_at(json, "truncated", "true");
	json_object_put(json);
	json = ask("GET /v1/flows", 200);
	assert_int_equal(json_object_array_length(at(json, "flows")),
			 REQUEST_FLOWS_DEFAULT);
	json_object_put(json);
}

static void flows_one_is_shown_by_its_id(void **state)
{
	struct json_object *json =
	    ask("GET /v1/flows/tcp/" CLIENT ":40000/" PUBLIC ":80", 200);

	(void)state;
	assert_at(json, "flow.backend.address", B);
	assert_at(json, "flow.state", "ESTABLISHED");
	json_object_put(json);
	json = ask("GET /v1/flows/udp/" CLIENT ":40000/" PUBLIC ":80", 404);
	json_object_put(json);
}

static void flows_that_are_direct_have_no_virtual_address(void **state)
{
	(void)state;
	flows[0].direct = true;
	flows[0].backend = flows[0].vip;
	struct json_object *json = ask("GET /v1/flows?client=" CLIENT ":40001", 200);

	assert_at(json, "flows.0.id", "tcp/" CLIENT ":40001/" SERVICE ":80");
	assert_at(json, "flows.0.direct", "true");
	assert_null(at(json, "flows.0.vip"));
	assert_null(at(json, "flows.0.service"));
	assert_at(json, "flows.0.backend.address", SERVICE);
	json_object_put(json);
	json = ask("GET /v1/flows?service=shop/cart", 200);
	assert_at(json, "matched", "1");
	json_object_put(json);
}

static void flows_deletion_counts_what_it_matched(void **state)
{
	struct json_object *json = ask("DELETE /v1/flows?backend=" A, 200);

	(void)state;
	assert_at(json, "deleted", "2");
	json_object_put(json);
	json = ask("DELETE /v1/flows?service=shop/cart", 200);
	assert_at(json, "deleted", "2");
	json_object_put(json);
}

static void flows_unreadable_table_is_told(void **state)
{
	(void)state;
	flows_error = -EIO;
	struct json_object *json = ask("GET /v1/flows", 500);

	assert_non_null(strstr(json_object_get_string(at(json, "error")), "flow table"));
	json_object_put(json);
}

static void policies_are_listed_shown_and_asked(void **state)
{
	struct json_object *json = ask("GET /v1/policies", 200);

	(void)state;
	assert_at(json, "policies.0.name", "deny");
	json_object_put(json);
	json = ask("GET /v1/policies?namespace=other", 200);
	assert_int_equal(json_object_array_length(at(json, "policies")), 0);
	json_object_put(json);
	json = ask("GET /v1/policies/shop/deny", 200);
	assert_at(json, "policy.pods", "1");
	json_object_put(json);
	json = ask("GET /v1/policies/shop/none", 404);
	assert_non_null(strstr(json_object_get_string(at(json, "error")), "shop/none"));
	json_object_put(json);
	json = ask("GET /v1/pods/shop/none", 404);
	json_object_put(json);
	json = ask("GET /v1/pods/shop/cart-0", 200);
	assert_at(json, "pod.addresses.0", A);
	json_object_put(json);
	json = ask("GET /v1/verdict?from=" B "&to=shop/cart-0&port=80/never", 400);
	assert_true(strlen(json_object_get_string(at(json, "error"))) > 10);
	json_object_put(json);
}

static void drops_hold_every_reason(void **state)
{
	struct json_object *json = ask("GET /v1/drops", 200);
	struct json_object *drops = at(json, "drops");
	size_t count = 0;

	(void)state;
#define CHECK_REASON(number, name_, sentence_)                                           \
	{                                                                                \
		struct json_object *drop = json_object_array_get_idx(drops, count++);    \
		assert_int_equal(json_object_get_int(at(drop, "number")), number);       \
		assert_at(drop, "name", #name_);                                         \
		assert_at(drop, "sentence", sentence_);                                  \
		assert_int_equal(json_object_get_int(at(drop, "packets")), (number)*10); \
	}
	HG_REASONS(CHECK_REASON)
#undef CHECK_REASON
	assert_int_equal(json_object_array_length(drops), count);
	struct json_object *refused = json_object_array_get_idx(at(json, "policy"), 0);
	assert_string_equal(json_object_get_string(at(refused, "from")), "192.0.2.7");
	assert_string_equal(json_object_get_string(at(refused, "to")),
			    A " (shop/cart-0)");
	assert_int_equal(json_object_get_int(at(refused, "port")), 8080);
	assert_string_equal(json_object_get_string(at(refused, "direction")), "ingress");
	assert_string_equal(json_object_get_string(at(refused, "policies")), "shop/deny");
	assert_int_equal(json_object_get_int(at(refused, "number")), 12);
	json_object_put(json);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, make_world)
	const struct CMUnitTest tests[] = {
		TEST(status_says_what_is_and_what_is_not),
		TEST(services_show_frontends_backends_and_counters),
		TEST(services_unknown_is_404),
		TEST(backends_are_listed_with_their_service),
		TEST(flows_are_sorted_and_name_their_service),
		TEST(flows_filters_narrow_down),
		TEST(flows_are_bounded_and_say_so),
		TEST(flows_one_is_shown_by_its_id),
		TEST(flows_that_are_direct_have_no_virtual_address),
		TEST(flows_deletion_counts_what_it_matched),
		TEST(flows_unreadable_table_is_told),
		TEST(policies_are_listed_shown_and_asked),
		TEST(drops_hold_every_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
