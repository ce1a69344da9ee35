// SPDX-License-Identifier: BSD-2-Clause
/*
 * What other balancers were reported to get wrong and this one was found to do right, where no
 * other test says so: marks of congestion, datagrams without checksum, a client that uses its
 * port again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "rows.h"

#define ECT 0x02 /* RFC 3168: the sender takes marks */
#define CE  0x03 /* a router has marked */
#define ECE 0x40
#define CWR 0x80

/* ---- marks of congestion ---- */
static enum role client_opens_with_marks(struct scene *scene, struct packet *packet)
{
	client_opens(scene, packet);
	packet->flags |= ECE | CWR;
	return CLIENT;
}

static enum role client_data_was_marked(struct scene *scene, struct packet *packet)
{
	client_goes_on(scene, packet);
	packet->tos = 0xb8 | CE;
	packet->flags |= CWR;
	return CLIENT;
}

static enum role backend_takes_marks(struct scene *scene, struct packet *packet)
{
	backend_a_replies(scene, packet);
	packet->flags |= ECE;
	packet->tos = ECT;
	return BACKEND_A;
}

static enum role reply_was_marked(struct scene *scene, struct packet *packet)
{
	backend_a_replies(scene, packet);
	packet->tos = 0x20 | CE;
	packet->payload = 900;
	return BACKEND_A;
}

/* ---- datagrams without checksum ---- */
static enum role client_sends_no_sum(struct scene *scene, struct packet *packet)
{
	client_goes_on(scene, packet);
	packet->no_checksum = true;
	return CLIENT;
}

static enum role backend_sends_no_sum(struct scene *scene, struct packet *packet)
{
	backend_a_replies(scene, packet);
	packet->no_checksum = true;
	return BACKEND_A;
}

/* ---- ports used again ---- */
static void client_says(struct scene *scene, uint8_t flags)
{
	struct packet packet;

	scene_from_client(scene, CLIENT, &packet);
	packet.flags = flags;
	scene_send(scene, CLIENT, &packet);
}

static void backend_says(struct scene *scene, uint8_t flags)
{
	struct packet packet;

	scene_from_backend(scene, BACKEND_A, &packet);
	packet.flags = flags;
	packet.seq += !!(flags & TCP_RST); /* behind its SYN, where it is believed */
	scene_send(scene, BACKEND_A, &packet);
}

static void a_connection_that_the_client_closed(struct scene *scene)
{
	an_established_flow(scene);
	client_says(scene, TCP_FIN | TCP_ACK);
	backend_says(scene, TCP_FIN | TCP_ACK);
	client_says(scene, TCP_ACK);
}

static void a_connection_that_the_backend_closed(struct scene *scene)
{
	an_established_flow(scene);
	backend_says(scene, TCP_FIN | TCP_ACK);
	client_says(scene, TCP_FIN | TCP_ACK);
	backend_says(scene, TCP_ACK);
}

static void a_connection_that_the_backend_reset(struct scene *scene)
{
	an_established_flow(scene);
	backend_says(scene, TCP_RST);
}

static const struct row rows[] = {
	{ "a SYN that offers marks opens", ROW_TCP, 0, one_backend_on_the_same_link,
	  client_opens_with_marks, XDP_TX, reaches_backend_a, .stats = ROW_NEW_FLOW },
	{ "a mark on the way to the backend stays", ROW_PORTS, 0, an_established_flow,
	  client_data_was_marked, XDP_TX, reaches_backend_a, .stats = ROW_TO_BACKEND },
	{ "a SYN/ACK that takes marks says so to the client", ROW_TCP, 0, an_open_flow,
	  backend_takes_marks, XDP_TX, reaches_client, .stats = ROW_FROM_BACKEND },
	{ "a mark on the way to the client stays", ROW_PORTS, 0, an_established_flow,
	  reply_was_marked, XDP_TX, reaches_client, .stats = ROW_FROM_BACKEND },
	/* IPv6 allows it to tunnels (RFC 6935). */
	{ "a datagram without checksum stays without", ROW_UDP, 0, an_established_flow,
	  client_sends_no_sum, XDP_TX, reaches_backend_a, .stats = ROW_TO_BACKEND },
	{ "so does a reply", ROW_UDP, 0, an_established_flow, backend_sends_no_sum,
	  XDP_TX, reaches_client, .stats = ROW_FROM_BACKEND },
	{ "a port is used again after the client closed", ROW_TCP, 0,
	  a_connection_that_the_client_closed, client_opens, XDP_TX, reaches_backend_a,
	  .stats = ROW_NEW_FLOW },
	{ "a port is used again after the backend closed", ROW_TCP, 0,
	  a_connection_that_the_backend_closed, client_opens, XDP_TX, reaches_backend_a,
	  .stats = ROW_NEW_FLOW },
	{ "a port is used again after a reset", ROW_TCP, 0,
	  a_connection_that_the_backend_reset, client_opens, XDP_TX, reaches_backend_a,
	  .stats = ROW_NEW_FLOW },
};

static void what_held_still_holds(void **state)
{
	assert_int_equal(rows_run(*state, ROWS(rows)), 0);
}

/* By the helper's arithmetic, which must be told that zero means none. */
static void pods_datagram_without_checksum_stays_without(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct scene scene;
		struct packet packet, want;

		scene_begin(&scene, *state, family, PROTOCOL_UDP);
		one_pod_on_this_node(&scene);
		scene_from_client(&scene, POD_B, &packet);
		packet.no_checksum = true;
		scene_send_tc(&scene, scene.harness->pod_out, POD1, &packet);
		want = packet;
		scene_to_backend(&scene, POD_A, &want);
		memcpy(want.dmac, scene.run.out, 6);
		memcpy(want.smac, scene.run.out + 6, 6);
		assert_true(scene_saw(&scene, "a pod's datagram", TC_REDIRECT, &want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_held_still_holds),
		cmocka_unit_test(pods_datagram_without_checksum_stays_without),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
