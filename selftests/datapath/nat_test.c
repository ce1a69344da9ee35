// SPDX-License-Identifier: BSD-2-Clause
/*
 * Forwarding `nat`: the backend sees the client's own address, and its reply, addressed
 * to the client, passes back through us. Two flows whose replies would look alike are
 * told apart by the client's port, never by its address.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "answers.h"
#include "rows.h"

static void add_nat_service(struct scene *scene, enum role address)
{
	scene_add_service(scene, &(struct scene_service){ .address = address,
							  .flags = HG_SERVICE_NAT,
							  .backend_flags = HG_BACKEND_NAT,
							  .endpoint = { BACKEND_A } });
}

static void a_nat_service(struct scene *scene)
{
	add_nat_service(scene, SERVICE);
}

static void open_by(struct scene *scene, enum role vip)
{
	struct packet opening;

	scene_from_client(scene, CLIENT, &opening);
	opening.dst = scene_addr(scene, vip);
	scene_send(scene, CLIENT, &opening);
}

static void an_open_nat_flow(struct scene *scene)
{
	a_nat_service(scene);
	open_by(scene, SERVICE);
}

static void keeps_the_client(struct scene *scene, struct packet *packet)
{
	packet->dst = scene_addr(scene, BACKEND_A);
	packet->sport = scene_port_apart(scene, packet->sport);
	packet->dport = scene_target_port(scene);
	packet->ttl--;
	topology_mac(BACKEND_A, packet->dmac);
	topology_link_mac(NIC0, packet->smac);
}

static enum role backend_answers_the_client(struct scene *scene, struct packet *packet)
{
	scene_from_backend(scene, BACKEND_A, packet);
	packet->dst = scene_addr(scene, CLIENT);
	packet->dport = scene_port_apart(scene, CLIENT_PORT);
	return BACKEND_A;
}

static enum role backend_speaks_for_itself(struct scene *scene, struct packet *packet)
{
	backend_answers_the_client(scene, packet);
	packet->sport = 2222;
	return BACKEND_A;
}

/* The slot's last change took it from BACKEND_B (member 1) to BACKEND_A (member 0). */
static void add_moved(struct scene *scene, uint32_t width)
{
	struct hg_service service;

	scene_add_service(
	    scene, &(struct scene_service){ .flags = HG_SERVICE_NAT | width,
					    .backend_flags = HG_BACKEND_NAT,
					    .endpoint = { BACKEND_A, BACKEND_B } });
	service = scene_read_service(scene, scene->services);
	for (uint32_t i = 0; i < service.slot_count; i++)
		scene_write_slot(scene, &service, i, (struct hg_slot){ 0, 1 });
}

static void a_nat_service_that_moved(struct scene *scene)
{
	add_moved(scene, 0);
}

static void a_wide_nat_service_that_moved(struct scene *scene)
{
	add_moved(scene, HG_SERVICE_WIDE);
}

static void goes_to_the_previous(struct scene *scene, struct packet *packet)
{
	keeps_the_client(scene, packet);
	packet->dst = scene_addr(scene, BACKEND_B);
	topology_mac(BACKEND_B, packet->dmac);
	topology_link_mac(NIC1, packet->smac);
}

static const struct row rows[] = {
	{ "nat mode keeps the client's address", ROW_PORTS, 0, a_nat_service,
	  client_opens, XDP_TX, keeps_the_client, .stats = ROW_NEW_FLOW },
	{ "a nat reply is the Service's", ROW_PORTS, 0, an_open_nat_flow,
	  backend_answers_the_client, XDP_TX, reaches_client, .stats = ROW_FROM_BACKEND },
	{ "what else a nat backend sends is its own", ROW_PORTS, 0, an_open_nat_flow,
	  backend_speaks_for_itself, XDP_PASS, .stats = ROW_NOTHING },
	{ "an opening goes to the slot's current backend", ROW_PORTS, 0,
	  a_nat_service_that_moved, client_opens, XDP_TX, keeps_the_client,
	  .stats = ROW_NEW_FLOW },
	{ "a segment without flow belongs to the slot's previous backend", ROW_TCP, 0,
	  a_nat_service_that_moved, client_goes_on, XDP_REDIRECT, goes_to_the_previous,
	  .stats = ROW_NEW_FLOW },
	{ "so it is when slots are wide", ROW_TCP, 0, a_wide_nat_service_that_moved,
	  client_goes_on, XDP_REDIRECT, goes_to_the_previous, .stats = ROW_NEW_FLOW },
};

static void nat_keeps_the_client(void **state)
{
	assert_int_equal(rows_run(*state, ROWS(rows)), 0);
}

static bool clash_is_resolved(struct scene *scene)
{
	struct packet packet, want;
	uint16_t port;

	add_nat_service(scene, SERVICE);
	add_nat_service(scene, OTHER_SERVICE);
	open_by(scene, SERVICE);
	open_by(scene, OTHER_SERVICE);
	port = scene->snat_port;
	scene_from_client(scene, CLIENT, &want);
	keeps_the_client(scene, &want);
	want.sport = port;
	if (!scene_saw(scene, "the second flow goes by another port", XDP_TX, &want))
		return false;
	assert_int_not_equal(port, CLIENT_PORT);
	backend_answers_the_client(scene, &packet);
	packet.dport = port;
	scene_send(scene, BACKEND_A, &packet);
	want = packet;
	scene_to_client(scene, CLIENT, &want);
	want.src = scene_addr(scene, OTHER_SERVICE);
	if (!scene_saw(scene, "its reply is the second Service's", XDP_TX, &want))
		return false;
	backend_answers_the_client(scene, &packet);
	scene_send(scene, BACKEND_A, &packet);
	want = packet;
	scene_to_client(scene, CLIENT, &want);
	return scene_saw(scene, "the first flow's reply is the first's", XDP_TX, &want);
}

static void clash_of_replies_changes_the_port_only(void **state)
{
	struct scene scene;

	for (int i = 0; i < 4; i++) {
		scene_begin(&scene, *state, i & 1 ? 6 : 4,
			    i & 2 ? PROTOCOL_UDP : PROTOCOL_TCP);
		assert_true(clash_is_resolved(&scene));
	}
}

/* Two clients with the same source port: both must reach the one backend, told apart. */
static void snat_tells_clients_apart(void **state)
{
	struct scene scene;
	struct packet packet, want;
	uint16_t first;

	for (int i = 0; i < 4; i++) {
		scene_begin(&scene, *state, i & 1 ? 6 : 4,
			    i & 2 ? PROTOCOL_UDP : PROTOCOL_TCP);
		an_open_flow(&scene);
		first = scene.snat_port;
		scene_from_client(&scene, OTHER_CLIENT, &packet);
		scene_send(&scene, OTHER_CLIENT, &packet);
		assert_int_not_equal(scene.snat_port, first);
		scene_from_backend(&scene, BACKEND_A, &packet);
		scene_send(&scene, BACKEND_A, &packet);
		want = packet;
		scene_to_client(&scene, OTHER_CLIENT, &want);
		assert_true(scene_saw(&scene, "the other client's reply", XDP_TX, &want));
		scene.snat_port = first;
		scene_from_backend(&scene, BACKEND_A, &packet);
		scene_send(&scene, BACKEND_A, &packet);
		want = packet;
		scene_to_client(&scene, CLIENT, &want);
		assert_true(scene_saw(&scene, "the client's reply", XDP_TX, &want));
	}
}

static void snat_ports_stay_in_their_range(void **state)
{
	struct scene scene;
	struct packet packet;

	for (int i = 0; i < 4; i++) {
		scene_begin(&scene, *state, i & 1 ? 6 : 4,
			    i & 2 ? PROTOCOL_UDP : PROTOCOL_TCP);
		one_backend_on_the_same_link(&scene);
		for (uint16_t port = 1; port < 1200; port++) {
			scene_from_client(&scene, CLIENT, &packet);
			packet.sport = port;
			scene_send(&scene, CLIENT, &packet);
			assert_int_equal(scene.run.verdict, XDP_TX);
			assert_in_range(scene.snat_port, scene.harness->config.port_first,
					scene.harness->config.port_last);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nat_keeps_the_client),
		cmocka_unit_test(clash_of_replies_changes_the_port_only),
		cmocka_unit_test(snat_tells_clients_apart),
		cmocka_unit_test(snat_ports_stay_in_their_range),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
