// SPDX-License-Identifier: BSD-2-Clause
/*
 * A backend's reply comes to our address and the flow's port, and leaves as the Service's
 * own: the client never learns that there is a backend.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <string.h>
#include "rows.h"

static void an_open_flow_across(struct scene *scene)
{
	struct packet opening;

	one_backend_on_another_link(scene);
	scene_from_client(scene, CLIENT, &opening);
	scene_send(scene, CLIENT, &opening);
}

static enum role backend_sends_data(struct scene *scene, struct packet *packet)
{
	scene_from_backend(scene, BACKEND_A, packet);
	packet->flags = TCP_ACK | TCP_PSH;
	packet->chunk = SCTP_DATA;
	packet->payload = 1001;
	return BACKEND_A;
}

static enum role backend_resets(struct scene *scene, struct packet *packet)
{
	scene_from_backend(scene, BACKEND_A, packet);
	packet->flags = TCP_RST | TCP_ACK;
	packet->chunk = SCTP_ABORT;
	packet->tcp_options = 0;
	return BACKEND_A;
}

static enum role backend_uses_another_port(struct scene *scene, struct packet *packet)
{
	scene_from_backend(scene, BACKEND_A, packet);
	packet->sport = 9999;
	return BACKEND_A;
}

static enum role another_host_replies(struct scene *scene, struct packet *packet)
{
	scene_from_backend(scene, BACKEND_A, packet);
	packet->src = scene_addr(scene, STRANGER);
	return BACKEND_A;
}

static enum role the_node_itself_is_meant(struct scene *scene, struct packet *packet)
{
	scene_from_client(scene, CLIENT, packet);
	packet->dst = scene_addr(scene, OURS);
	packet->dport = 22;
	return CLIENT;
}

static const struct row rows[] = {
	{ "the first reply is the Service's", ROW_PORTS, 0, an_open_flow,
	  backend_a_replies, XDP_TX, reaches_client, .stats = ROW_FROM_BACKEND },
	{ "a reply from another link leaves by the client's", ROW_PORTS, 0,
	  an_open_flow_across, backend_b_replies, XDP_REDIRECT, reaches_client,
	  .stats = ROW_FROM_BACKEND },
	{ "a reply inside a connection is the Service's", ROW_PORTS, 0,
	  an_established_flow, backend_sends_data, XDP_TX, reaches_client,
	  .stats = ROW_FROM_BACKEND },
	{ "a reset from the backend reaches the client", ROW_TCP | ROW_SCTP, 0,
	  an_established_flow, backend_resets, XDP_TX, reaches_client,
	  .stats = ROW_FROM_BACKEND },
	{ "a reply from another port of the backend is the node's own affair", ROW_PORTS,
	  0, an_established_flow, backend_uses_another_port, XDP_PASS,
	  .stats = ROW_NOTHING },
	{ "a reply from another host is the node's own affair", ROW_PORTS, 0,
	  an_established_flow, another_host_replies, XDP_PASS, .stats = ROW_NOTHING },
	{ "traffic of the node itself passes", ROW_PORTS, 0, an_established_flow,
	  the_node_itself_is_meant, XDP_PASS, .stats = ROW_NOTHING },
};

static void clusterip_reply_restores_service_address(void **state)
{
	assert_int_equal(rows_run(*state, ROWS(rows)), 0);
}

/* Until the control process has entered the gateway, the FIB answers for each packet. */
static void reply_finds_its_way_without_a_hop(void **state)
{
	struct scene scene;
	struct packet packet, want;

	for (int i = 0; i < 2; i++) {
		struct hg_hop_key key;

		scene_begin(&scene, *state, i ? 6 : 4, PROTOCOL_TCP);
		key = (struct hg_hop_key){ .addr = scene_addr(&scene, ROUTER),
					   .ifindex = topology_ifindex(NIC0) };
		assert_int_equal(
		    bpf_map_delete_elem(harness_map(*state, "hg_hop_index"), &key), 0);
		an_open_flow(&scene);
		backend_a_replies(&scene, &packet);
		scene_send(&scene, BACKEND_A, &packet);
		want = packet;
		reaches_client(&scene, &want);
		assert_true(scene_saw(&scene, "the FIB knows the way", XDP_TX, &want));
	}
}

/* A gateway changes its address card: the next packet already carries it. */
static void reply_follows_the_hop_table(void **state)
{
	struct scene scene;
	struct packet packet, want;
	struct hg_hop hop;

	for (int i = 0; i < 2; i++) {
		scene_begin(&scene, *state, i ? 6 : 4, PROTOCOL_UDP);
		an_established_flow(&scene);
		hop = scene_read_hop(&scene, scene_hop(&scene, ROUTER));
		memset(hop.dmac, 0x42, 6);
		scene_write_hop(&scene, scene_hop(&scene, ROUTER), &hop);
		backend_a_replies(&scene, &packet);
		scene_send(&scene, BACKEND_A, &packet);
		want = packet;
		reaches_client(&scene, &want);
		memset(want.dmac, 0x42, 6);
		assert_true(scene_saw(&scene, "the new card is used", XDP_TX, &want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clusterip_reply_restores_service_address),
		cmocka_unit_test(reply_finds_its_way_without_a_hop),
		cmocka_unit_test(reply_follows_the_hop_table),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
