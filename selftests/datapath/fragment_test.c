// SPDX-License-Identifier: BSD-2-Clause
/*
 * Only the first fragment of a datagram has ports; the later ones follow it. One that
 * comes before its first cannot be placed and is dropped with that reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "rows.h"

#define SLICE 608

static void cut(const struct scene *scene, struct packet *packet, uint16_t slice)
{
	packet->payload = 1500;
	packet->dont_fragment = false;
	packet->fragmented = true;
	packet->slice = slice;
	packet->slice_size = SLICE;
	packet->id = 0x4711;
	if (scene->family == 6) {
		packet->extensions = 1;
		packet->extension[0] = PROTOCOL_FRAGMENT;
	}
}

static enum role client_sends_first_fragment(struct scene *scene, struct packet *packet)
{
	scene_from_client(scene, CLIENT, packet);
	cut(scene, packet, 0);
	return CLIENT;
}

static enum role client_sends_middle_fragment(struct scene *scene, struct packet *packet)
{
	scene_from_client(scene, CLIENT, packet);
	cut(scene, packet, SLICE);
	return CLIENT;
}

static enum role client_sends_last_fragment(struct scene *scene, struct packet *packet)
{
	scene_from_client(scene, CLIENT, packet);
	cut(scene, packet, 2 * SLICE);
	return CLIENT;
}

static enum role client_sends_another_datagrams_fragment(struct scene *scene,
							 struct packet *packet)
{
	client_sends_middle_fragment(scene, packet);
	packet->id = 0x4712;
	return CLIENT;
}

static enum role backend_sends_first_fragment(struct scene *scene, struct packet *packet)
{
	scene_from_backend(scene, BACKEND_A, packet);
	cut(scene, packet, 0);
	return BACKEND_A;
}

static enum role backend_sends_middle_fragment(struct scene *scene, struct packet *packet)
{
	scene_from_backend(scene, BACKEND_A, packet);
	cut(scene, packet, SLICE);
	return BACKEND_A;
}

static void a_first_fragment_passed(struct scene *scene)
{
	struct packet packet;

	one_backend_on_the_same_link(scene);
	client_sends_first_fragment(scene, &packet);
	scene_send(scene, CLIENT, &packet);
}

static void a_first_fragment_passed_on_a_cpu_ahead(struct scene *scene)
{
	a_first_fragment_passed(scene);
	scene_lead(scene, 4);
}

static void a_first_fragment_came_back(struct scene *scene)
{
	struct packet packet;

	an_established_flow(scene);
	backend_sends_first_fragment(scene, &packet);
	scene_send(scene, BACKEND_A, &packet);
}

static enum role fragment_for_a_stranger(struct scene *scene, struct packet *packet)
{
	client_sends_middle_fragment(scene, packet);
	packet->dst = scene_addr(scene, STRANGER);
	return CLIENT;
}

static enum role fragment_for_the_node(struct scene *scene, struct packet *packet)
{
	client_sends_middle_fragment(scene, packet);
	packet->dst = scene_addr(scene, OURS);
	return CLIENT;
}

/* A whole IPv6 packet may carry a fragment header (RFC 6946): it is whole. */
static enum role client_sends_an_atomic_fragment(struct scene *scene,
						 struct packet *packet)
{
	scene_from_client(scene, CLIENT, packet);
	packet->extensions = 1;
	packet->extension[0] = PROTOCOL_FRAGMENT;
	return CLIENT;
}

/* A datagram of one byte more than the first fragment holds. */
static enum role client_sends_a_tiny_last_fragment(struct scene *scene,
						   struct packet *packet)
{
	client_sends_first_fragment(scene, packet);
	packet->payload = SLICE - 8 + 1;
	packet->slice = SLICE;
	return CLIENT;
}

/* ---- echo ---- */
static enum role client_pings(const struct scene *scene, struct packet *packet,
			      uint16_t slice)
{
	scene_from_client(scene, CLIENT, packet);
	packet->protocol = scene->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMP6;
	packet->icmp_type = scene->family == 4 ? 8 : 128;
	packet->icmp_word = 0x12340007;
	cut(scene, packet, slice);
	return CLIENT;
}

static enum role client_pings_first(struct scene *scene, struct packet *packet)
{
	return client_pings(scene, packet, 0);
}

static enum role client_pings_later(struct scene *scene, struct packet *packet)
{
	return client_pings(scene, packet, SLICE);
}

static enum role client_pings_last(struct scene *scene, struct packet *packet)
{
	return client_pings(scene, packet, 2 * SLICE);
}

static enum role client_pings_the_node_later(struct scene *scene, struct packet *packet)
{
	client_pings(scene, packet, SLICE);
	packet->dst = scene_addr(scene, OURS);
	return CLIENT;
}

/* The fragment of the reply that has the same place in it. */
static void pong(struct scene *scene, struct packet *packet)
{
	struct packet ping = *packet;

	packet->icmp_type = scene->family == 4 ? 0 : 129;
	packet->src = ping.dst;
	packet->dst = ping.src;
	memcpy(packet->smac, ping.dmac, 6);
	memcpy(packet->dmac, ping.smac, 6);
	packet->ttl = 64;
}

static void a_first_part_of_a_ping_came(struct scene *scene)
{
	struct packet packet;

	one_backend_on_the_same_link(scene);
	client_pings_first(scene, &packet);
	scene_send(scene, CLIENT, &packet);
}

/* The same, of a message that is no question: its later parts are not turned either. */
static void a_first_part_of_another_message_came(struct scene *scene)
{
	struct packet packet;

	one_backend_on_the_same_link(scene);
	client_pings_first(scene, &packet);
	packet.icmp_type = scene->family == 4 ? 13 : 200;
	scene_send(scene, CLIENT, &packet);
}

static const struct row rows[] = {
	{ "a first fragment opens a flow", ROW_UDP, 0, one_backend_on_the_same_link,
	  client_sends_first_fragment, XDP_TX, reaches_backend_a, .stats = ROW_NEW_FLOW },
	{ "a later fragment follows its first", ROW_UDP, 0, a_first_fragment_passed,
	  client_sends_middle_fragment, XDP_TX, reaches_backend_a,
	  .stats = ROW_TO_BACKEND },
	{ "a first fragment that a clock ahead has seen is not old", ROW_UDP, 0,
	  a_first_fragment_passed_on_a_cpu_ahead, client_sends_middle_fragment, XDP_TX,
	  reaches_backend_a, .stats = ROW_TO_BACKEND },
	{ "the last fragment follows its first", ROW_UDP, 0, a_first_fragment_passed,
	  client_sends_last_fragment, XDP_TX, reaches_backend_a,
	  .stats = ROW_TO_BACKEND },
	{ "first fragments inside a connection are translated", ROW_UDP | ROW_TCP, 0,
	  an_established_flow, client_sends_first_fragment, XDP_TX, reaches_backend_a,
	  .stats = ROW_TO_BACKEND },
	{ "a later fragment before its first cannot be placed", ROW_UDP | ROW_TCP, 0,
	  one_backend_on_the_same_link, client_sends_middle_fragment, XDP_DROP,
	  .reason = HG_REASON_fragment },
	{ "another datagram's fragment cannot be placed", ROW_UDP, 0,
	  a_first_fragment_passed, client_sends_another_datagrams_fragment, XDP_DROP,
	  .reason = HG_REASON_fragment },
	{ "a reply's first fragment is the Service's", ROW_UDP, 0, an_established_flow,
	  backend_sends_first_fragment, XDP_TX, reaches_client,
	  .stats = ROW_FROM_BACKEND },
	{ "a reply's later fragment is the Service's", ROW_UDP, 0,
	  a_first_fragment_came_back, backend_sends_middle_fragment, XDP_TX,
	  reaches_client, .stats = ROW_FROM_BACKEND },
	{ "a stranger's fragment passes", ROW_UDP, 0, one_backend_on_the_same_link,
	  fragment_for_a_stranger, XDP_PASS, .stats = ROW_NOTHING },
	{ "the node's own fragment passes", ROW_UDP, 0, one_backend_on_the_same_link,
	  fragment_for_the_node, XDP_PASS, .stats = ROW_NOTHING },
	{ "a tiny last fragment follows its first", ROW_UDP, 0, a_first_fragment_passed,
	  client_sends_a_tiny_last_fragment, XDP_TX, reaches_backend_a,
	  .stats = ROW_TO_BACKEND },
	{ "the first part of a large ping is answered", ROW_UDP, 0,
	  one_backend_on_the_same_link, client_pings_first, XDP_TX, pong,
	  .stats = ROW_NOTHING },
	{ "so is a later one", ROW_UDP, 0, a_first_part_of_a_ping_came,
	  client_pings_later, XDP_TX, pong, .stats = ROW_NOTHING },
	{ "so is the last one", ROW_UDP, 0, a_first_part_of_a_ping_came,
	  client_pings_last, XDP_TX, pong, .stats = ROW_NOTHING },
	{ "a later part of a ping before its first cannot be placed", ROW_UDP, 0,
	  one_backend_on_the_same_link, client_pings_later, XDP_DROP,
	  .reason = HG_REASON_fragment },
	{ "a later part of what is no ping is not answered", ROW_UDP, 0,
	  a_first_part_of_another_message_came, client_pings_later, XDP_DROP,
	  .reason = HG_REASON_protocol },
	{ "part of a ping for the node is the node's", ROW_UDP, 0,
	  a_first_part_of_a_ping_came, client_pings_the_node_later, XDP_PASS,
	  .stats = ROW_NOTHING },
	{ "an atomic fragment is a whole packet", ROW_UDP | ROW_TCP, ROW_V6,
	  one_backend_on_the_same_link, client_sends_an_atomic_fragment, XDP_TX,
	  reaches_backend_a, .stats = ROW_NEW_FLOW },
};

static void later_fragments_follow_the_first(void **state)
{
	assert_int_equal(rows_run(*state, ROWS(rows)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_fragments_follow_the_first),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
