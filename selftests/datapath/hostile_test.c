// SPDX-License-Identifier: BSD-2-Clause
/*
 * Packets that somebody made to deceive: acknowledgements of what was never heard, headers
 * that lead parsers astray, questions whose answers would harm others. None of them may get
 * more than an honest client gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/if_ether.h>
#include <string.h>
#include "rows.h"

static void client_acknowledges(struct scene *scene, uint32_t ack)
{
	struct packet packet;

	scene_from_client(scene, CLIENT, &packet);
	packet.flags = TCP_ACK;
	packet.ack = ack;
	scene_send(scene, CLIENT, &packet);
}

static void forged_ack_proves_nothing(void **state)
{
	struct scene scene;
	struct packet packet;

	for (uint8_t family = 4; family <= 6; family += 2) {
		scene_begin(&scene, *state, family, PROTOCOL_TCP);
		one_backend_on_the_same_link(&scene);
		scene_from_client(&scene, CLIENT, &packet);
		scene_send(&scene, CLIENT, &packet);
		scene_from_backend(&scene, BACKEND_A, &packet);
		scene_send(&scene, BACKEND_A, &packet);
		client_acknowledges(&scene, 0xdeadbeef);
		assert_int_equal(scene_count_live(scene.harness->flows), 0);
		client_acknowledges(&scene, packet.seq);
		assert_int_equal(scene_count_live(scene.harness->flows), 0);
		client_acknowledges(&scene, packet.seq + 1);
		assert_int_equal(scene_count_live(scene.harness->flows), 2);
	}
}

/* The first acknowledgement was lost; a later one covers the server's first data. */
static void late_ack_proves_too(void **state)
{
	struct scene scene;

	scene_begin(&scene, *state, 4, PROTOCOL_TCP);
	an_open_flow(&scene);
	struct packet packet;
	scene_from_backend(&scene, BACKEND_A, &packet);
	scene_send(&scene, BACKEND_A, &packet);
	client_acknowledges(&scene, packet.seq + 1 + 14600);
	assert_int_equal(scene_count_live(scene.harness->flows), 2);
}

/*
 * A destination-options header of 1,024 bytes: its end lies where an offset of ten bits
 * would point back into the header itself, which begins like a TCP header for port 80.
 */
static void long_extension_header_hides_no_port(void **state)
{
	uint8_t frame[FRAME_ROOM];
	struct scene scene;
	struct packet packet;

	scene_begin(&scene, *state, 6, PROTOCOL_TCP);
	one_backend_on_the_same_link(&scene);
	scene_from_client(&scene, CLIENT, &packet);
	size_t size = packet_build(&packet, frame);
	uint8_t *ip = frame + ETH_HLEN, *option = ip + 40;
	size_t tcp = size - ETH_HLEN - 40;

	memmove(option + 1024, option, tcp);
	memset(option, 0, 1024);
	memcpy(option, (uint8_t[]){ 6, 127, 0, 80 }, 4);
	option[12] = 5 << 4;
	option[13] = TCP_SYN;
	option[1024 + 3] = 22;
	ip[6] = 60;
	ip[4] = (uint8_t)((1024 + tcp) >> 8);
	ip[5] = (uint8_t)(1024 + tcp);
	scene_send_frame(&scene, CLIENT, frame, size + 1024);
	assert_int_equal(scene.run.verdict, XDP_DROP);
	assert_int_equal(harness_reason(*state, HG_REASON_extension_headers), 1);
	assert_int_equal(scene_count_live(scene.harness->embryos), 0);
}

/* Live connections side by side, as the cursor made them, do not stop a search. */
static void ports_in_a_row_are_leapt_over(void **state)
{
	struct scene scene;
	struct packet packet;
	uint16_t first = 0;

	scene_begin(&scene, *state, 4, PROTOCOL_TCP);
	one_backend_on_the_same_link(&scene);
	for (uint16_t i = 0; i < 300; i++) {
		scene_from_client(&scene, CLIENT, &packet);
		packet.sport = 1000 + i;
		scene_send(&scene, CLIENT, &packet);
		first = first ? first : scene.snat_port;
		scene_from_backend(&scene, BACKEND_A, &packet);
		scene_send(&scene, BACKEND_A, &packet);
		scene_from_client(&scene, CLIENT, &packet);
		packet.sport = 1000 + i;
		packet.flags = TCP_ACK;
		scene_send(&scene, CLIENT, &packet);
	}
	assert_int_equal(scene_count_live(scene.harness->flows), 600);
	harness_rewind_ports(scene.harness, first);
	for (uint16_t i = 0; i < 20; i++) {
		scene_from_client(&scene, CLIENT, &packet);
		packet.sport = 5000 + i;
		scene_send(&scene, CLIENT, &packet);
		assert_int_equal(scene.run.verdict, XDP_TX);
	}
}

/* Lines seen a tick ahead of this CPU's clock are young, not four billion ticks old. */
static void clock_that_is_ahead_evicts_nobody(void **state)
{
	struct scene scene;
	struct packet packet;

	scene_begin(&scene, *state, 4, PROTOCOL_TCP);
	an_open_flow(&scene);
	scene_from_backend(&scene, BACKEND_A, &packet);
	scene_send(&scene, BACKEND_A, &packet);
	for (uint32_t i = 0; i < HARNESS_LINES; i++) {
		scene.harness->flows[i].key.protocol = PROTOCOL_TCP;
		scene.harness->flows[i].partner = HG_FLOW_PARTNER_NONE;
		scene.harness->flows[i].backend = 1;
		scene.harness->flows[i].seen =
		    scene.harness->embryos[0].seen + UINT32_MAX / 4;
		scene.harness->flows[i].ctl = HG_FLOW_LIVE;
	}
	client_acknowledges(&scene, packet.seq + 1);
	assert_int_equal(harness_reason(*state, HG_REASON_flow_table_full), 1);
	assert_int_equal(scene_count_live(scene.harness->flows), HARNESS_LINES);
}

/* Each would be answered if it were honest: a closed port, or the last hop. */
static void nobody_else_is_answered(void **state)
{
	static const uint8_t sources[][4] = {
		{ 255, 255, 255, 255 }, { 224, 0, 0, 1 }, { 127, 0, 0, 1 }, { 0, 0, 0, 0 }
	};
	struct scene scene;
	struct packet packet;

	for (unsigned i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		scene_begin(&scene, *state, 4, PROTOCOL_UDP);
		one_backend_on_the_same_link(&scene);
		scene_from_client(&scene, CLIENT, &packet);
		packet.dport = 81;
		memcpy(packet.src.bytes + 12, sources[i], 4);
		scene_send(&scene, CLIENT, &packet);
		assert_int_equal(scene.run.verdict, XDP_DROP);
		assert_int_equal(harness_reason(*state, HG_REASON_no_service), 1);
	}
}

static void icmp_error_about_an_error_is_not_sent(void **state)
{
	struct scene scene;
	struct packet sent, packet;

	for (uint8_t family = 4; family <= 6; family += 2) {
		scene_begin(&scene, *state, family, PROTOCOL_TCP);
		an_established_flow(&scene);
		client_goes_on(&scene, &sent);
		scene_to_backend(&scene, BACKEND_A, &sent);
		packet = (struct packet){ .family = family,
					  .src = scene_addr(&scene, STRANGER),
					  .dst = sent.src,
					  .ttl = 1,
					  .protocol = family == 4 ? PROTOCOL_ICMP
								  : PROTOCOL_ICMP6,
					  .icmp_type = family == 4 ? 3 : 1,
					  .quote = &sent,
					  .quote_size = 8 };
		topology_mac(ROUTER, packet.smac);
		topology_link_mac(NIC0, packet.dmac);
		scene_send(&scene, BACKEND_A, &packet);
		assert_int_equal(scene.run.verdict, XDP_DROP);
		assert_int_equal(harness_reason(*state, HG_REASON_ttl_expired), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forged_ack_proves_nothing),
		cmocka_unit_test(late_ack_proves_too),
		cmocka_unit_test(long_extension_header_hides_no_port),
		cmocka_unit_test(ports_in_a_row_are_leapt_over),
		cmocka_unit_test(clock_that_is_ahead_evicts_nobody),
		cmocka_unit_test(nobody_else_is_answered),
		cmocka_unit_test(icmp_error_about_an_error_is_not_sent),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
