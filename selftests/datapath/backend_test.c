// SPDX-License-Identifier: BSD-2-Clause
/*
 * What becomes of flows when backends, tables and routes change under them: a connection
 * stays where it is while its backend's record keeps its meaning, and learns of the end by
 * its next packet, in either direction.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <headgate/endian.h>
#include "answers.h"
#include "rows.h"

static void next_generation(struct scene *scene)
{
	struct hg_backend backend = scene_read_backend(scene, 1);

	backend.generation++;
	scene_write_backend(scene, 1, &backend);
}

static void a_flow_whose_backend_left(struct scene *scene)
{
	an_established_flow(scene);
	next_generation(scene);
}

/* The index now means another endpoint, of another Service's even. */
static void a_flow_whose_backend_is_another(struct scene *scene)
{
	struct hg_backend backend;

	an_established_flow(scene);
	backend = scene_read_backend(scene, 1);
	backend.generation++;
	backend.addr = scene_addr(scene, STRANGER);
	backend.vip = scene_addr(scene, OTHER_SERVICE);
	scene_write_backend(scene, 1, &backend);
}

/* BACKEND_A keeps its record, but the table and the members name BACKEND_B alone. */
static void replace_table(struct scene *scene)
{
	struct hg_service service = scene_read_service(scene, scene->services);
	struct scene_service other = { .address = OTHER_SERVICE,
				       .endpoint = { BACKEND_B } };
	struct hg_service donor;
	uint32_t index = scene->services;

	scene_add_service(scene, &other);
	donor = scene_read_service(scene, scene->services);
	service.member_base = donor.member_base;
	service.slot_base = donor.slot_base;
	scene_write_service(scene, index, &service);
}

static void a_flow_whose_backend_is_draining(struct scene *scene)
{
	an_established_flow(scene);
	replace_table(scene);
}

static void a_flow_whose_backend_stopped_serving(struct scene *scene)
{
	struct hg_backend backend;

	an_established_flow(scene);
	backend = scene_read_backend(scene, 1);
	backend.flags |= HG_BACKEND_MOVE_UDP;
	scene_write_backend(scene, 1, &backend);
	replace_table(scene);
}

static void an_unresolved_hop(struct scene *scene)
{
	struct hg_hop hop;

	one_backend_on_the_same_link(scene);
	hop = scene_read_hop(scene, scene_hop(scene, BACKEND_A));
	hop.flags &= ~(uint32_t)HG_HOP_RESOLVED;
	scene_write_hop(scene, scene_hop(scene, BACKEND_A), &hop);
}

static void a_link_without_xdp(struct scene *scene)
{
	struct hg_hop hop;

	one_backend_on_another_link(scene);
	hop = scene_read_hop(scene, scene_hop(scene, BACKEND_B));
	hop.flags &= ~(uint32_t)HG_HOP_NIC;
	scene_write_hop(scene, scene_hop(scene, BACKEND_B), &hop);
}

/* The kernel writes layer 2 there: it is still as it came. */
static void is_left_to_the_kernel(struct scene *scene, enum role backend,
				  struct packet *packet)
{
	uint8_t smac[6], dmac[6];
	struct packet_fields fields;

	memcpy(smac, packet->smac, 6);
	memcpy(dmac, packet->dmac, 6);
	packet_read_fields(scene->run.out, scene->run.out_size, &fields);
	if (scene->protocol != PROTOCOL_SCTP) {
		const char *layer = scene->protocol == PROTOCOL_TCP ? "tcp" : "udp";

		scene->snat_port = (uint16_t)packet_field_value(
		    scene->run.out, scene->run.out_size, layer, "sport");
	} else {
		scene->snat_port = CLIENT_PORT;
	}
	scene_to_backend(scene, backend, packet);
	memcpy(packet->smac, smac, 6);
	memcpy(packet->dmac, dmac, 6);
}

static void a_is_left_to_the_kernel(struct scene *scene, struct packet *packet)
{
	is_left_to_the_kernel(scene, BACKEND_A, packet);
}

static void b_is_left_to_the_kernel(struct scene *scene, struct packet *packet)
{
	is_left_to_the_kernel(scene, BACKEND_B, packet);
}

/* What SERVICE leads to: an address and port, in place of BACKEND_A's. */
static void lead_to(struct scene *scene, enum role role, uint16_t port)
{
	struct hg_backend backend = scene_read_backend(scene, 1);

	backend.addr = scene_addr(scene, role);
	backend.port = be16(port);
	scene_write_backend(scene, 1, &backend);
}

static void an_address_that_leads_to_itself(struct scene *scene)
{
	one_backend_on_the_same_link(scene);
	lead_to(scene, SERVICE, SERVICE_PORT);
}

static void an_address_that_leads_to_another(struct scene *scene)
{
	one_backend_on_the_same_link(scene);
	lead_to(scene, OTHER_SERVICE, SERVICE_PORT);
	scene_add_service(scene, &(struct scene_service){ .address = OTHER_SERVICE,
							  .endpoint = { BACKEND_B } });
}

/* A host that has other ports at an address of which a Service claims one. */
static void an_address_that_leads_to_an_unclaimed_port(struct scene *scene)
{
	an_address_that_leads_to_another(scene);
	lead_to(scene, OTHER_SERVICE, 7777);
}

static void reaches_the_unclaimed_port(struct scene *scene, struct packet *packet)
{
	scene_to_backend(scene, BACKEND_A, packet);
	packet->dst = scene_addr(scene, OTHER_SERVICE);
	packet->dport = 7777;
}

static const struct row rows[] = {
	{ "an address that is its own endpoint is no way", ROW_PORTS, 0,
	  an_address_that_leads_to_itself, client_opens, XDP_DROP,
	  .reason = HG_REASON_vip_loop },
	{ "an address whose endpoint is another is no way either", ROW_PORTS, 0,
	  an_address_that_leads_to_another, client_opens, XDP_DROP,
	  .reason = HG_REASON_vip_loop },
	{ "a port that no frontend claims is an endpoint", ROW_TCP | ROW_UDP, 0,
	  an_address_that_leads_to_an_unclaimed_port, client_opens, XDP_TX,
	  reaches_the_unclaimed_port, .stats = ROW_NEW_FLOW },
	{ "a segment of a lost backend's connection answers RST", ROW_TCP, 0,
	  a_flow_whose_backend_left, client_goes_on, XDP_TX, answered_by_reset,
	  .reason = HG_REASON_backend_gone },
	{ "a datagram of a lost backend's flow opens another", ROW_UDP, 0,
	  a_flow_whose_backend_left, client_goes_on, XDP_TX, reaches_backend_a,
	  .stats = ROW_NEW_FLOW },
	{ "a connection is opened anew after its backend was lost", ROW_TCP | ROW_SCTP, 0,
	  a_flow_whose_backend_left, client_opens, XDP_TX, reaches_backend_a,
	  .stats = ROW_NEW_FLOW },
	{ "a segment never follows the index to another endpoint", ROW_TCP, 0,
	  a_flow_whose_backend_is_another, client_goes_on, XDP_TX, answered_by_reset,
	  .reason = HG_REASON_backend_gone },
	{ "a connection stays with a backend that left the table", ROW_PORTS, 0,
	  a_flow_whose_backend_is_draining, client_goes_on, XDP_TX, reaches_backend_a,
	  .stats = ROW_TO_BACKEND },
	{ "the reply of a backend that left the table is the Service's", ROW_PORTS, 0,
	  a_flow_whose_backend_is_draining, backend_a_replies, XDP_TX, reaches_client,
	  .stats = ROW_FROM_BACKEND },
	{ "a connection stays with a backend that stopped serving", ROW_TCP | ROW_SCTP, 0,
	  a_flow_whose_backend_stopped_serving, client_goes_on, XDP_TX, reaches_backend_a,
	  .stats = ROW_TO_BACKEND },
	{ "a UDP flow leaves a backend that stopped serving", ROW_UDP, 0,
	  a_flow_whose_backend_stopped_serving, client_goes_on, XDP_REDIRECT,
	  reaches_backend_b, .stats = ROW_NEW_FLOW },
	{ "an unresolved next hop is the kernel's to resolve", ROW_PORTS, 0,
	  an_unresolved_hop, client_opens, XDP_PASS, a_is_left_to_the_kernel,
	  .stats = ROW_NEW_FLOW, .mark = HG_META_NEIGH },
	{ "a link that cannot take frames from XDP gets them by tc", ROW_PORTS, 0,
	  a_link_without_xdp, client_opens, XDP_PASS, b_is_left_to_the_kernel,
	  .stats = ROW_NEW_FLOW, .mark = HG_META_NEIGH },
};

static void flows_outlive_changes_that_do_not_concern_them(void **state)
{
	assert_int_equal(rows_run(*state, ROWS(rows)), 0);
}

/* Whatever becomes of it: it must not reach the client as a lost backend's reply. */
static void reply_of_a_lost_backend_is_not_passed_on(void **state)
{
	struct scene scene;
	struct packet packet;

	for (int i = 0; i < 4; i++) {
		scene_begin(&scene, *state, i & 1 ? 6 : 4,
			    i & 2 ? PROTOCOL_UDP : PROTOCOL_TCP);
		a_flow_whose_backend_is_another(&scene);
		backend_a_replies(&scene, &packet);
		packet.flags = TCP_ACK;
		scene_send(&scene, BACKEND_A, &packet);
		if (scene.run.verdict == XDP_PASS)
			continue;
		assert_int_equal(harness_reason(*state, HG_REASON_backend_gone), 1);
		assert_int_not_equal(
		    packet_field_value(scene.run.out, scene.run.out_size, "tcp", "dport"),
		    CLIENT_PORT);
	}
}

/* A route change bumps the epoch: the next reply asks again, and remembers. */
static void route_change_is_noticed_by_the_next_reply(void **state)
{
	struct scene scene;
	struct packet packet, want;
	struct hg_hop_key key;
	struct hg_hop hop;
	uint32_t other = 60;

	for (int i = 0; i < 2; i++) {
		scene_begin(&scene, *state, i ? 6 : 4, PROTOCOL_TCP);
		an_established_flow(&scene);
		hop = scene_read_hop(&scene, scene_hop(&scene, ROUTER));
		memset(hop.dmac, 0x44, 6);
		scene_write_hop(&scene, other, &hop);
		key = (struct hg_hop_key){ .addr = hop.addr, .ifindex = hop.ifindex };
		harness_put(*state, "hg_hop_index", &key, &other);
		backend_a_replies(&scene, &packet);
		for (int epoch = 0; epoch < 2; epoch++) {
			scene_send(&scene, BACKEND_A, &packet);
			want = packet;
			reaches_client(&scene, &want);
			if (epoch)
				memset(want.dmac, 0x44, 6);
			assert_true(
			    scene_saw(&scene, "the epoch decides", XDP_TX, &want));
			scene.harness->state->route_epoch++;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_outlive_changes_that_do_not_concern_them),
		cmocka_unit_test(reply_of_a_lost_backend_is_not_passed_on),
		cmocka_unit_test(route_change_is_noticed_by_the_next_reply),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
