// SPDX-License-Identifier: BSD-2-Clause
/*
 * Errors about flows of ours, from both sides, translated outside and inside, whether
 * they quote the packet whole or 8 bytes of its layer 4; echo; and the errors that we
 * make. The outer source of a translated error may stay the router's or become the
 * address that the receiver knows: both are right, so it is read from the packet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "answers.h"
#include "rows.h"

struct error {
	uint8_t type, code;
	uint32_t word;
};

/* [0] IPv4, [1] IPv6: no way, too big, time exceeded. */
static const struct error errors[3][2] = {
	{ { 3, 1, 0 }, { 1, 0, 0 } },
	{ { 3, 4, 1400 }, { 2, 0, 1400 } },
	{ { 11, 0, 0 }, { 3, 0, 0 } },
};

static struct packet make_error(const struct scene *scene, const struct error *error,
				const struct packet *quote, uint16_t quote_size)
{
	struct packet packet = {
		.family = scene->family,
		.src = scene_addr(scene, STRANGER),
		.dst = quote->src,
		.ttl = 61,
		.protocol = scene->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMP6,
		.icmp_type = error->type,
		.icmp_code = error->code,
		.icmp_word = error->word,
		.quote = quote,
		.quote_size = quote_size,
	};

	topology_mac(ROUTER, packet.smac);
	topology_link_mac(NIC0, packet.dmac);
	return packet;
}

/* The source as it left, if it is one of the two that are right. */
static struct hg_addr outer_source(const struct scene *scene, struct hg_addr kept,
				   struct hg_addr translated)
{
	struct packet_fields fields;
	struct hg_addr got = kept;

	packet_read_fields(scene->run.out, scene->run.out_size, &fields);
	for (size_t i = 0; i < fields.count; i++) {
		const struct packet_field *field = &fields.field[i];

		if (strcmp(field->layer, "ip") != 0 || strcmp(field->name, "src") != 0)
			continue;
		memcpy(got.bytes + 16 - field->size, scene->run.out + field->offset,
		       field->size);
		break;
	}
	return memcmp(&got, &translated, sizeof(got)) ? kept : translated;
}

/* On the way to the backend something went wrong: the client hears about its own packet.
 */
static bool error_reaches_client(struct scene *scene, const struct error *error,
				 uint16_t quote_size)
{
	struct packet sent, seen, in, out;

	client_goes_on(scene, &sent);
	sent.ttl = 40;
	seen = sent;
	scene_to_backend(scene, BACKEND_A, &seen);
	in = make_error(scene, error, &seen, quote_size);
	scene_send(scene, BACKEND_A, &in);
	out = in;
	sent.ttl = seen.ttl;
	out.quote = &sent;
	out.dst = sent.src;
	out.ttl--;
	topology_mac(ROUTER, out.dmac);
	topology_link_mac(NIC0, out.smac);
	out.src = outer_source(scene, in.src, scene_addr(scene, SERVICE));
	return scene_saw(scene, "an error about a packet to the backend", XDP_TX, &out);
}

/* On the way to the client something went wrong: the backend hears about its own. */
static bool error_reaches_backend(struct scene *scene, const struct error *error,
				  uint16_t quote_size)
{
	struct packet sent, seen, in, out;

	scene_from_backend(scene, BACKEND_A, &sent);
	sent.payload = 700;
	seen = sent;
	scene_to_client(scene, CLIENT, &seen);
	in = make_error(scene, error, &seen, quote_size);
	scene_send(scene, CLIENT, &in);
	out = in;
	sent.ttl = seen.ttl;
	out.quote = &sent;
	out.dst = sent.src;
	out.ttl--;
	topology_mac(BACKEND_A, out.dmac);
	topology_link_mac(NIC0, out.smac);
	out.src = outer_source(scene, in.src, scene_addr(scene, OURS));
	return scene_saw(scene, "an error about a packet to the client", XDP_TX, &out);
}

static void errors_are_translated_inside_and_outside(void **state)
{
	static const uint8_t protocols[] = { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP };
	static const uint16_t quotes[] = { 8, 0, 64, 21 };
	struct scene scene;
	unsigned failed = 0;

	for (unsigned i = 0; i < 2 * 3 * 3 * 4; i++) {
		const struct error *error = &errors[i / 6 % 3][i & 1];
		uint16_t quote = quotes[i / 18];

		scene_begin(&scene, *state, i & 1 ? 6 : 4, protocols[i / 2 % 3]);
		an_established_flow(&scene);
		failed += !error_reaches_client(&scene, error, quote);
		failed += !error_reaches_backend(&scene, error, quote);
	}
	assert_int_equal(failed, 0);
}

/* The end host itself objects: it shows by the address that the other side knows. */
static void error_of_an_end_host_hides_it(void **state)
{
	struct scene scene;
	struct packet sent, seen, in, out;
	const struct error refused[2] = { { 3, 3, 0 }, { 1, 4, 0 } };

	for (int i = 0; i < 4; i++) {
		scene_begin(&scene, *state, i & 1 ? 6 : 4,
			    i & 2 ? PROTOCOL_UDP : PROTOCOL_TCP);
		an_open_flow(&scene);
		client_opens(&scene, &sent);
		seen = sent;
		scene_to_backend(&scene, BACKEND_A, &seen);
		sent.ttl = seen.ttl;
		in = make_error(&scene, &refused[i & 1], &seen, 0);
		in.src = scene_addr(&scene, BACKEND_A);
		scene_send(&scene, BACKEND_A, &in);
		out = in;
		out.quote = &sent;
		out.src = scene_addr(&scene, SERVICE);
		out.dst = sent.src;
		out.ttl--;
		topology_mac(ROUTER, out.dmac);
		topology_link_mac(NIC0, out.smac);
		assert_true(scene_saw(&scene, "the backend objects", XDP_TX, &out));
	}
}

static void error_about_an_embryonic_flow_is_translated(void **state)
{
	struct scene scene;

	for (int i = 0; i < 4; i++) {
		scene_begin(&scene, *state, i & 1 ? 6 : 4,
			    i & 2 ? PROTOCOL_UDP : PROTOCOL_TCP);
		an_open_flow(&scene);
		assert_true(error_reaches_client(&scene, &errors[0][i & 1], 8));
	}
}

/* Our own address takes errors of the node's own traffic: those are the stack's. */
static void error_about_the_nodes_own_traffic_passes(void **state)
{
	struct scene scene;
	struct packet quoted, in;

	for (int i = 0; i < 2; i++) {
		scene_begin(&scene, *state, i ? 6 : 4, PROTOCOL_TCP);
		an_established_flow(&scene);
		scene_from_client(&scene, CLIENT, &quoted);
		quoted.src = scene_addr(&scene, OURS);
		quoted.dst = scene_addr(&scene, STRANGER);
		in = make_error(&scene, &errors[0][i], &quoted, 8);
		scene_send(&scene, CLIENT, &in);
		assert_true(scene_saw(&scene, "the node's own", XDP_PASS, &in));
	}
}

static enum role client_pings(struct scene *scene, struct packet *packet)
{
	packet->protocol = scene->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMP6;
	packet->icmp_type = scene->family == 4 ? 8 : 128;
	packet->icmp_word = 0x12340007;
	packet->payload = 57;
	return CLIENT;
}

static void pong(struct scene *scene, struct packet *packet)
{
	struct hg_addr addr = packet->src;
	uint8_t mac[6];

	packet->icmp_type = scene->family == 4 ? 0 : 129;
	packet->src = packet->dst;
	packet->dst = addr;
	memcpy(mac, packet->smac, 6);
	memcpy(packet->smac, packet->dmac, 6);
	memcpy(packet->dmac, mac, 6);
	answers_leave_open(scene, packet);
}

static enum role client_pings_the_node(struct scene *scene, struct packet *packet)
{
	client_pings(scene, packet);
	packet->dst = scene_addr(scene, OURS);
	return CLIENT;
}

static void a_narrow_hop(struct scene *scene)
{
	struct hg_hop hop;

	one_backend_on_the_same_link(scene);
	if (!scene_establish(scene, CLIENT, BACKEND_A))
		return;
	hop = scene_read_hop(scene, scene_hop(scene, BACKEND_A));
	hop.mtu = 1300;
	scene_write_hop(scene, scene_hop(scene, BACKEND_A), &hop);
}

static enum role client_sends_too_much(struct scene *scene, struct packet *packet)
{
	client_goes_on(scene, packet);
	packet->tcp_options = 0;
	packet->payload = 1300;
	return CLIENT;
}

/* A packet of exactly the MTU still goes. */
static enum role client_sends_just_enough(struct scene *scene, struct packet *packet)
{
	client_goes_on(scene, packet);
	packet->payload = 0;
	packet->payload = (uint16_t)(1300 - packet_size(packet));
	return CLIENT;
}

static void too_big_for_1300(struct scene *scene, struct packet *packet)
{
	answered_too_big(scene, packet, 1300);
}

static const struct row rows[] = {
	{ "echo to a virtual address is answered", ROW_TCP, 0,
	  one_backend_on_the_same_link, client_pings, XDP_TX, pong,
	  .stats = ROW_NOTHING },
	{ "echo is answered without backends too", ROW_TCP, 0, no_endpoints, client_pings,
	  XDP_TX, pong, .stats = ROW_NOTHING },
	{ "echo to the node is the node's", ROW_TCP, 0, one_backend_on_the_same_link,
	  client_pings_the_node, XDP_PASS, .stats = ROW_NOTHING },
	{ "a packet that exceeds the next hop is sent back with its MTU", ROW_PORTS, 0,
	  a_narrow_hop, client_sends_too_much, XDP_TX, too_big_for_1300,
	  .reason = HG_REASON_too_big },
	{ "a packet of the next hop's MTU goes on", ROW_PORTS, 0, a_narrow_hop,
	  client_sends_just_enough, XDP_TX, reaches_backend_a, .stats = ROW_TO_BACKEND },
};

static void echo_and_path_mtu(void **state)
{
	assert_int_equal(rows_run(*state, ROWS(rows)), 0);
}

/* A reply that exceeds the client's next hop: the backend is told, about its own packet.
 */
static void too_big_a_reply_is_sent_back_to_the_backend(void **state)
{
	struct scene scene;
	struct packet in, out;
	struct hg_hop hop;

	for (int i = 0; i < 4; i++) {
		scene_begin(&scene, *state, i & 1 ? 6 : 4,
			    i & 2 ? PROTOCOL_UDP : PROTOCOL_TCP);
		an_established_flow(&scene);
		hop = scene_read_hop(&scene, scene_hop(&scene, ROUTER));
		hop.mtu = 1280;
		scene_write_hop(&scene, scene_hop(&scene, ROUTER), &hop);
		scene_from_backend(&scene, BACKEND_A, &in);
		in.payload = 1400;
		in.tcp_options = 0;
		scene_send(&scene, BACKEND_A, &in);
		out = in;
		answered_too_big(&scene, &out, 1280);
		assert_true(scene_saw(&scene, "too big a reply", XDP_TX, &out));
		assert_int_equal(harness_reason(*state, HG_REASON_too_big), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_translated_inside_and_outside),
		cmocka_unit_test(error_of_an_end_host_hides_it),
		cmocka_unit_test(error_about_an_embryonic_flow_is_translated),
		cmocka_unit_test(error_about_the_nodes_own_traffic_passes),
		cmocka_unit_test(echo_and_path_mtu),
		cmocka_unit_test(too_big_a_reply_is_sent_back_to_the_backend),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
