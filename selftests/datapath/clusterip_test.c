// SPDX-License-Identifier: BSD-2-Clause
/*
 * A client outside opens a connection to a Service: the packet leaves for a backend from
 * our own address, once, whole, with everything counted. And who may not: refused with a
 * reason of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <headgate/hash.h>
#include <headgate/endian.h>
#include "answers.h"
#include "rows.h"

static enum role stranger_is_spoken_to(struct scene *scene, struct packet *packet)
{
	packet->dst = scene_addr(scene, STRANGER);
	return CLIENT;
}

static enum role client_asks_another_port(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->dport = 81;
	return CLIENT;
}

static enum role client_sends_data(struct scene *scene, struct packet *packet)
{
	return client_goes_on(scene, packet);
}

static void a_service_inside_only(struct scene *scene)
{
	scene_add_service(scene, &(struct scene_service){ .flags = HG_SERVICE_INSIDE_ONLY,
							  .endpoint = { BACKEND_A } });
}

static void a_service_inside_only_for_all(struct scene *scene)
{
	a_service_inside_only(scene);
	scene_allow_range(scene, 0, CLIENT, 24);
}

static void a_service_for_one_range(struct scene *scene)
{
	scene_add_service(scene,
			  &(struct scene_service){ .flags = HG_SERVICE_SOURCE_RANGES,
						   .endpoint = { BACKEND_A } });
}

static void a_service_for_the_clients_range(struct scene *scene)
{
	a_service_for_one_range(scene);
	scene_allow_range(scene, scene->services, CLIENT, 24);
}

static void a_service_for_another_services_range(struct scene *scene)
{
	a_service_for_one_range(scene);
	scene_allow_range(scene, scene->services + 1, CLIENT, 24);
}

static void no_endpoints_and_silence(struct scene *scene)
{
	scene_add_service(scene, &(struct scene_service){ .flags = HG_SERVICE_DROP });
}

static void no_local_endpoints(struct scene *scene)
{
	scene_add_service(scene, &(struct scene_service){ .flags = HG_SERVICE_NO_LOCAL });
}

static const struct row opening[] = {
	{ "a new connection leaves for the backend from our address",
	  ROW_PORTS & ~ROW_SCTP, 0, one_backend_on_the_same_link, client_opens, XDP_TX,
	  reaches_backend_a, .stats = ROW_NEW_FLOW },
	{ "a new connection leaves by the backend's interface", ROW_PORTS & ~ROW_SCTP, 0,
	  one_backend_on_another_link, client_opens, XDP_REDIRECT, reaches_backend_b,
	  .stats = ROW_NEW_FLOW },
	{ "an SCTP association keeps its ports", ROW_SCTP, 0,
	  one_backend_on_the_same_link, client_opens, XDP_TX, reaches_backend_a,
	  .stats = ROW_NEW_FLOW },
	{ "the opening sent again takes the same way", ROW_PORTS, 0, an_open_flow,
	  client_opens, XDP_TX, reaches_backend_a, .stats = ROW_TO_BACKEND },
	{ "an established connection keeps its port", ROW_PORTS, 0, an_established_flow,
	  client_sends_data, XDP_TX, reaches_backend_a, .stats = ROW_TO_BACKEND },
	{ "an established connection keeps its port across links", ROW_PORTS, 0,
	  an_established_flow_across, client_sends_data, XDP_REDIRECT, reaches_backend_b,
	  .stats = ROW_TO_BACKEND },
	{ "what is not ours passes", ROW_PORTS, 0, one_backend_on_the_same_link,
	  stranger_is_spoken_to, XDP_PASS, .stats = ROW_NOTHING },
};

static const struct row refused[] = {
	{ "a port without Service answers RST", ROW_TCP, 0, one_backend_on_the_same_link,
	  client_asks_another_port, XDP_TX, answered_by_reset,
	  .reason = HG_REASON_no_service },
	{ "a port without Service is unreachable", ROW_UDP | ROW_SCTP, 0,
	  one_backend_on_the_same_link, client_asks_another_port, XDP_TX,
	  answered_port_unreachable, .reason = HG_REASON_no_service },
	{ "no backend answers RST", ROW_TCP, 0, no_endpoints, client_opens, XDP_TX,
	  answered_by_reset, .reason = HG_REASON_no_backend },
	{ "no backend is unreachable", ROW_UDP | ROW_SCTP, 0, no_endpoints, client_opens,
	  XDP_TX, answered_port_unreachable, .reason = HG_REASON_no_backend },
	{ "no backend is silence when so configured", ROW_PORTS, 0,
	  no_endpoints_and_silence, client_opens, XDP_DROP,
	  .reason = HG_REASON_no_backend },
	{ "no backend on this node is silence", ROW_PORTS, 0, no_local_endpoints,
	  client_opens, XDP_DROP, .reason = HG_REASON_no_local_backend },
	{ "a segment inside an unknown connection answers RST", ROW_TCP, 0,
	  one_backend_on_the_same_link, client_sends_data, XDP_TX, answered_by_reset,
	  .reason = HG_REASON_no_flow },
	{ "a clusterIP takes clients of the cluster", ROW_PORTS, 0,
	  a_service_inside_only_for_all, client_opens, XDP_TX, reaches_backend_a,
	  .stats = ROW_NEW_FLOW },
	{ "a source range takes those inside it", ROW_PORTS, 0,
	  a_service_for_the_clients_range, client_opens, XDP_TX, reaches_backend_a,
	  .stats = ROW_NEW_FLOW },
};

/* Whether the refused client is answered is not promised, that it is counted is. */
static const struct {
	const char *sentence;
	void (*state)(struct scene *scene);
	enum hg_reason reason;
} kept_out[] = {
	{ "a clusterIP stays inside", a_service_inside_only, HG_REASON_outside_cluster },
	{ "a source outside the ranges is refused", a_service_for_one_range,
	  HG_REASON_source_range },
	{ "another Service's range does not help", a_service_for_another_services_range,
	  HG_REASON_source_range },
};

static void new_connection_reaches_backend(void **state)
{
	assert_int_equal(rows_run(*state, ROWS(opening)), 0);
}

static void refusal_has_reason_and_answer(void **state)
{
	assert_int_equal(rows_run(*state, ROWS(refused)), 0);
}

static void outsiders_are_kept_out(void **state)
{
	static const uint8_t protocols[] = { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP };
	struct scene scene;
	struct packet packet;

	for (size_t i = 0; i < 6 * sizeof(kept_out) / sizeof(kept_out[0]); i++) {
		scene_begin(&scene, *state, i & 1 ? 6 : 4, protocols[i % 6 / 2]);
		kept_out[i / 6].state(&scene);
		scene_from_client(&scene, CLIENT, &packet);
		scene_send(&scene, CLIENT, &packet);
		assert_int_equal(harness_reason(*state, kept_out[i / 6].reason), 1);
		assert_int_equal(scene_count_live(scene.harness->embryos), 0);
		assert_true(scene.run.verdict == XDP_DROP || scene.run.verdict == XDP_TX);
	}
}

static uint32_t predicted_backend(const struct scene *scene, uint32_t first,
				  uint16_t port)
{
	struct hg_flow_key key = { .src = scene_addr(scene, CLIENT),
				   .dst = scene_addr(scene, SERVICE),
				   .sport = be16(port),
				   .dport = be16(SERVICE_PORT),
				   .protocol = scene->protocol };
	struct hg_service service = scene_read_service(scene, scene->services);
	uint32_t slot = hg_slot_of(hg_hash_slot(&key, scene->harness->config.slot_seed),
				   service.slot_count);

	return first + scene_read_slot(scene, &service, slot).current;
}

static void backend_is_that_of_the_slot(void **state)
{
	static const uint8_t protocols[] = { PROTOCOL_TCP, PROTOCOL_UDP };
	static const uint32_t widths[] = { 0, HG_SERVICE_WIDE };
	struct scene scene;
	struct packet packet;

	for (int i = 0; i < 8; i++) {
		uint32_t first;

		scene_begin(&scene, *state, i & 1 ? 6 : 4, protocols[i / 2 % 2]);
		first = scene_add_service(
		    &scene, &(struct scene_service){
				.flags = widths[i / 4],
				.endpoint = { BACKEND_A, BACKEND_B, BACKEND_C } });
		for (uint16_t port = 1000; port < 1300; port++) {
			uint32_t backend = predicted_backend(&scene, first, port);
			uint64_t before = harness_stats(*state, backend).created;

			scene_from_client(&scene, CLIENT, &packet);
			packet.sport = port;
			scene_send(&scene, CLIENT, &packet);
			assert_int_equal(harness_stats(*state, backend).created,
					 before + 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_connection_reaches_backend),
		cmocka_unit_test(refusal_has_reason_and_answer),
		cmocka_unit_test(outsiders_are_kept_out),
		cmocka_unit_test(backend_is_that_of_the_slot),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
