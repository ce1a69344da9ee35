/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The API without a datapath: requests are read and bounded, and answered from a made-up
 * world of one Service with two endpoints behind two virtual addresses.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <headgate/reasons.h>

#include "../../control/serve/answer.h"

#define CLIENT	"192.0.2.7"
#define SERVICE "10.96.0.10"
#define PUBLIC	"203.0.113.1"
#define A	"10.1.0.1"
#define B	"10.1.0.2"
#define GONE	"10.1.0.9"

static struct hg_addr addr(const char *text)
{
	struct hg_addr result;

	assert_int_equal(addr_parse(text, &result), 0);
	return result;
}

/* ---- the world ---- */
static struct wanted_frontend frontends[2];
static struct wanted_backend backends[2];
static char pod[] = "shop/cart-0", key[] = "shop/cart:http/TCP/IPv4", http[] = "http";
static struct wanted_port port = { .key = key,
				   .name = http,
				   .protocol = IPPROTO_TCP,
				   .port = 80,
				   .frontends = frontends,
				   .frontend_count = 2,
				   .backends = backends,
				   .backend_count = 2,
				   .active_count = 1,
				   .slot_count = 211 };
static char shop[] = "shop", cart[] = "cart";
static struct wanted_service service = { .namespace = shop,
					 .name = cart,
					 .ports = &port,
					 .port_count = 1,
					 .check = { .type = CHECK_HTTP } };
static struct datapath_flow flows[3];
static size_t flow_copies; /* the table holds each flow so many times */
static int flows_error, services_error;

static struct datapath_flow make_flow(uint8_t protocol, uint16_t client_port,
				      const char *vip, const char *backend)
{
	return (struct datapath_flow){
		.client = addr(CLIENT),
		.vip = addr(vip),
		.backend = addr(backend),
		.client_port = client_port,
		.vport = 80,
		.backend_port = 8080,
		.protocol = protocol,
		.client_seen = HG_FLOW_SYN | HG_FLOW_ACK,
		.backend_seen = HG_FLOW_SYN | HG_FLOW_ACK,
		.idle_s = 3,
		.expires_s = 86397,
	};
}

static int make_world(void **state)
{
	(void)state;
	frontends[0] = (struct wanted_frontend){ .addr = addr(SERVICE),
						 .port = 80,
						 .kind = FRONTEND_CLUSTER_IP,
						 .flags = HG_SERVICE_INSIDE_ONLY };
	frontends[1] = (struct wanted_frontend){ .addr = addr(PUBLIC),
						 .port = 80,
						 .kind = FRONTEND_LOAD_BALANCER };
	backends[0] = (struct wanted_backend){ .addr = addr(A),
					       .port = 8080,
					       .weight = 1,
					       .health = HEALTH_UP,
					       .pod = pod };
	backends[1] = (struct wanted_backend){ .addr = addr(B),
					       .port = 8080,
					       .weight = 1,
					       .state = BACKEND_DOWN,
					       .health = HEALTH_DOWN };
	flows[0] = make_flow(IPPROTO_TCP, 40001, SERVICE, A);
	flows[1] = make_flow(IPPROTO_TCP, 40000, PUBLIC, B);
	flows[1].snat = addr("198.51.100.1");
	flows[1].snat_port = 1024;
	flows[2] = make_flow(IPPROTO_UDP, 53000, "203.0.113.99", A);
	flow_copies = 1;
	flows_error = services_error = 0;
	return 0;
}

static void facts(void *context, struct serve_facts *ret_facts)
{
	(void)context;
	*ret_facts = (struct serve_facts){ .node_name = "node-1",
					   .manifests = "/m",
					   .pin_root = "/p",
					   .uptime_s = 61,
					   .objects = { [OBJECT_SERVICE] = 1 },
					   .checks = 2,
					   .now_ms = 5000 };
}

static int each_service(void *context,
			int (*visit)(void *visitor, const struct wanted_service *one),
			void *visitor)
{
	(void)context;
	return services_error ? services_error : visit(visitor, &service);
}

static const struct wanted_service *find_service(void *context, const char *namespace,
						 const char *name)
{
	(void)context;
	return strcmp(namespace, "shop") == 0 && strcmp(name, "cart") == 0 ? &service
									   : NULL;
}

static int each_complaint(void *context,
			  int (*visit)(void *visitor, const struct complaint *complaint),
			  void *visitor)
{
	static char file[] = "/m/cart.yaml", object[] = "Service shop/cart",
		    sentence[] = "port 70000 is not a port: use 1 to 65535";
	const struct complaint complaint = {
		COMPLAINT_ERROR, { file, 7, 9 }, object, sentence
	};

	(void)context;
	return visit(visitor, &complaint);
}

static int describe_check(void *context, const struct hg_addr *address,
			  uint16_t port_number, const struct check_spec *check,
			  struct health_result *ret_result)
{
	struct hg_addr down = addr(B);

	(void)context;
	assert_int_equal(port_number, 8080);
	assert_int_equal(check->type, CHECK_HTTP);
	*ret_result = (struct health_result){
		.state = HEALTH_UP, .successes = 4, .changed_ms = 1000, .text = "HTTP 200"
	};
	if (addr_compare(address, &down) == 0)
		return -ENOENT;
	return 0;
}

static int each_backend(void *context, const char *port_key,
			int (*visit)(void *visitor,
				     const struct datapath_backend_view *view),
			void *visitor)
{
	const struct {
		const char *addr, *vip;
		bool wanted, reachable;
	} rows[] = {
		{ B, PUBLIC, true, false },	{ A, SERVICE, true, true },
		{ GONE, SERVICE, false, true }, { A, PUBLIC, true, true },
		{ B, SERVICE, true, true },	{ GONE, PUBLIC, false, true },
	};
	int r = 0;

	(void)context;
	assert_string_equal(port_key, key);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && !r; i++) {
		struct datapath_backend_view view = {
			.addr = addr(rows[i].addr),
			.port = 8080,
			.vip = addr(rows[i].vip),
			.wanted = rows[i].wanted,
			.reachable = rows[i].reachable,
			.counters = { { 10, 20 }, { 1000, 2000 }, 5, 1 },
		};

		r = visit(visitor, &view);
	}
	return r;
}

static int each_flow(void *context,
		     int (*visit)(void *visitor, const struct datapath_flow *flow),
		     void *visitor)
{
	int r = flows_error;

	(void)context;
	for (size_t i = 0; i < 3 * flow_copies && !r; i++)
		r = visit(visitor, &flows[i % 3]);
	return r;
}

static int delete_flows(void *context,
			bool (*match)(void *visitor, const struct datapath_flow *flow),
			void *visitor)
{
	int deleted = 0;

	(void)context;
	for (size_t i = 0; i < 3; i++)
		deleted += match(visitor, &flows[i]);
	return deleted;
}

static int reasons(void *context, struct datapath_reason *ret_reasons, size_t size)
{
	(void)context;
	for (size_t i = 0; i < size; i++)
		ret_reasons[i] = (struct datapath_reason){ i * 10, i * 1000 };
	return 0;
}

static size_t usage(void *context, struct datapath_usage *ret_usage, size_t size)
{
	(void)context;
	assert_true(size >= 1);
	ret_usage[0] = (struct datapath_usage){ "hg_slots", 211, 1024, 4096 };
	return 1;
}

static size_t attachments(void *context, struct datapath_attachment *ret_attachments,
			  size_t size)
{
	(void)context;
	assert_true(size >= 1);
	ret_attachments[0] =
	    (struct datapath_attachment){ 4, "eth0", "native", "no dispatcher" };
	return 1;
}

static const struct serve_world world = {
	NULL,		facts,		each_service, find_service,
	each_complaint, describe_check, each_backend, each_flow,
	delete_flows,	reasons,	usage,	      attachments,
};

/* ---- asking ---- */
/* "GET /v1/flows?vip=1.2.3.4": cut as libmicrohttpd would. */
static unsigned read_request(const char *text, struct request *ret_request,
			     struct request_error *error)
{
	static char copy[4096];
	struct argument arguments[8];
	size_t count = 0;

	assert_true(strlen(text) < sizeof(copy));
	memcpy(copy, text, strlen(text) + 1);
	char *rest = copy, *method = strsep(&rest, " "), *path = strsep(&rest, "?");

	for (char *pair; (pair = strsep(&rest, "&"));) {
		char *name = strsep(&pair, "=");

		arguments[count++] = (struct argument){ name, pair };
	}
	return request_parse(method, path, arguments, count, ret_request, error);
}

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
			found = json_object_array_get_idx(found, (size_t)atol(part));
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

/* ---- the promises ---- */
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
	assert_at(json, "complaints.0.line", "7");
	assert_at(json, "complaints.0.object", "Service shop/cart");
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
	json_object_put(json);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, make_world)
	const struct CMUnitTest tests[] = {
		TEST(request_bad_ones_are_refused_with_a_sentence),
		TEST(request_long_segments_are_not_found),
		TEST(request_only_deletion_changes),
		TEST(flow_ends_are_read_in_every_form),
		TEST(flow_states_have_netfilters_names),
		TEST(status_says_what_is_and_what_is_not),
		TEST(services_show_frontends_backends_and_counters),
		TEST(services_unknown_is_404),
		TEST(backends_are_listed_with_their_service),
		TEST(flows_are_sorted_and_name_their_service),
		TEST(flows_filters_narrow_down),
		TEST(flows_are_bounded_and_say_so),
		TEST(flows_one_is_shown_by_its_id),
		TEST(flows_deletion_counts_what_it_matched),
		TEST(flows_unreadable_table_is_told),
		TEST(drops_hold_every_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
