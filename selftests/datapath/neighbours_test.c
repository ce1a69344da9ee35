// SPDX-License-Identifier: BSD-2-Clause
/*
 * --answer-neighbours: ARP requests and neighbour solicitations for a VIP are answered
 * with the card of the interface they came in by; those for anybody else are the stack's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "rows.h"

static struct packet who_has(const struct scene *scene, enum role target)
{
	struct packet packet = { .family = 4,
				 .arp = 1,
				 .src = scene_addr(scene, ROUTER),
				 .dst = scene_addr(scene, target) };

	topology_mac(ROUTER, packet.smac);
	memset(packet.dmac, 0xff, 6);
	return packet;
}

static struct packet is_at(const struct packet *request)
{
	struct packet packet = *request;

	packet.arp = 2;
	packet.src = request->dst;
	packet.dst = request->src;
	memcpy(packet.arp_dmac, request->smac, 6);
	memcpy(packet.dmac, request->smac, 6);
	topology_link_mac(NIC0, packet.smac);
	return packet;
}

static void arp_for_a_virtual_address_is_answered(void **state)
{
	struct scene scene;
	struct packet packet, want;

	scene_begin(&scene, *state, 4, PROTOCOL_TCP);
	one_backend_on_the_same_link(&scene);
	packet = who_has(&scene, SERVICE);
	scene_send(&scene, CLIENT, &packet);
	want = is_at(&packet);
	assert_true(scene_saw(&scene, "ARP for a VIP", XDP_TX, &want));
	packet = who_has(&scene, STRANGER);
	scene_send(&scene, CLIENT, &packet);
	assert_true(scene_saw(&scene, "ARP for a stranger", XDP_PASS, &packet));
	packet = who_has(&scene, OURS);
	scene_send(&scene, CLIENT, &packet);
	assert_true(scene_saw(&scene, "ARP for the node", XDP_PASS, &packet));
	packet = who_has(&scene, SERVICE);
	packet.arp = 2;
	scene_send(&scene, CLIENT, &packet);
	assert_true(scene_saw(&scene, "an ARP reply", XDP_PASS, &packet));
}

/* Target address and one option: a link-layer address (RFC 4861 §4.3, §4.4). */
static void write_body(uint8_t body[24], const struct hg_addr *target, uint8_t option,
		       const uint8_t mac[6])
{
	memcpy(body, target->bytes, 16);
	body[16] = option;
	body[17] = 1;
	memcpy(body + 18, mac, 6);
}

static struct packet solicitation(const struct scene *scene, enum role target,
				  uint8_t body[24])
{
	struct hg_addr addr = scene_addr(scene, target);
	struct packet packet = { .family = 6,
				 .ttl = 255,
				 .protocol = PROTOCOL_ICMP6,
				 .icmp_type = 135,
				 .src = scene_addr(scene, ROUTER),
				 .body = body,
				 .payload = 24 };
	static const uint8_t group[13] = { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff };
	const uint8_t mac[6] = { 0x33,		 0x33,		 0xff,
				 addr.bytes[13], addr.bytes[14], addr.bytes[15] };

	memcpy(packet.dst.bytes, group, 13);
	memcpy(packet.dst.bytes + 13, addr.bytes + 13, 3);
	memcpy(packet.dmac, mac, 6);
	topology_mac(ROUTER, packet.smac);
	write_body(body, &addr, 1, packet.smac);
	return packet;
}

static void solicitation_for_a_virtual_address_is_answered(void **state)
{
	struct scene scene;
	struct packet packet, want;
	uint8_t question[24], answer[24], mac[6];
	struct hg_addr vip;

	scene_begin(&scene, *state, 6, PROTOCOL_TCP);
	one_backend_on_the_same_link(&scene);
	vip = scene_addr(&scene, SERVICE);
	topology_link_mac(NIC0, mac);
	packet = solicitation(&scene, SERVICE, question);
	scene_send(&scene, CLIENT, &packet);
	want = packet;
	want.icmp_type = 136;
	want.icmp_word = (uint32_t)packet_field_value(scene.run.out, scene.run.out_size,
						      "icmp", "word");
	assert_true(want.icmp_word & 0x40000000); /* solicited */
	want.src = vip;
	want.dst = packet.src;
	memcpy(want.dmac, packet.smac, 6);
	memcpy(want.smac, mac, 6);
	write_body(answer, &vip, 2, mac);
	want.body = answer;
	assert_true(scene_saw(&scene, "a solicitation for a VIP", XDP_TX, &want));
	packet = solicitation(&scene, STRANGER, question);
	scene_send(&scene, CLIENT, &packet);
	assert_true(scene_saw(&scene, "one for a stranger", XDP_PASS, &packet));
}

/* Flooded probes of another balancer's entry; the same to us is confirmed. */
static void question_to_another_machine_is_not_answered(void **state)
{
	const uint8_t foreign[6] = { 2, 9, 9, 9, 9, 9 };
	struct scene scene;
	struct packet packet;
	uint8_t body[24];

	for (int i = 0; i < 2; i++) {
		scene_begin(&scene, *state, i ? 6 : 4, PROTOCOL_TCP);
		one_backend_on_the_same_link(&scene);
		packet =
		    i ? solicitation(&scene, SERVICE, body) : who_has(&scene, SERVICE);
		memcpy(packet.dmac, foreign, 6);
		scene_send(&scene, CLIENT, &packet);
		assert_true(scene_saw(&scene, "for another", XDP_PASS, &packet));
		topology_link_mac(NIC0, packet.dmac);
		scene_send(&scene, CLIENT, &packet);
		assert_int_equal(scene.run.verdict, XDP_TX);
	}
}

/* RFC 4861 §7.1.1: with a hop limit other than 255 it came from beyond the link. */
static void solicitation_from_afar_is_not_answered(void **state)
{
	struct scene scene;
	struct packet packet;
	uint8_t body[24];

	scene_begin(&scene, *state, 6, PROTOCOL_TCP);
	one_backend_on_the_same_link(&scene);
	packet = solicitation(&scene, SERVICE, body);
	packet.ttl = 254;
	scene_send(&scene, CLIENT, &packet);
	assert_int_not_equal(scene.run.verdict, XDP_TX);
}

static void unasked_for_neighbours_are_not_answered(void **state)
{
	struct hg_config config = harness_config();
	struct harness *harness = calloc(1, sizeof(*harness));
	struct scene scene;
	struct packet packet;
	uint8_t body[24];

	(void)state;
	config.answer_neighbours = 0;
	assert_non_null(harness);
	assert_int_equal(harness_open(&config, harness), 0);
	scene_begin(&scene, harness, 4, PROTOCOL_TCP);
	one_backend_on_the_same_link(&scene);
	packet = who_has(&scene, SERVICE);
	scene_send(&scene, CLIENT, &packet);
	assert_true(scene_saw(&scene, "ARP passes", XDP_PASS, &packet));
	scene_begin(&scene, harness, 6, PROTOCOL_TCP);
	one_backend_on_the_same_link(&scene);
	packet = solicitation(&scene, SERVICE, body);
	scene_send(&scene, CLIENT, &packet);
	assert_true(scene_saw(&scene, "a solicitation passes", XDP_PASS, &packet));
	harness_close(harness);
	free(harness);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_for_a_virtual_address_is_answered),
		cmocka_unit_test(solicitation_for_a_virtual_address_is_answered),
		cmocka_unit_test(question_to_another_machine_is_not_answered),
		cmocka_unit_test(solicitation_from_afar_is_not_answered),
		cmocka_unit_test(unasked_for_neighbours_are_not_answered),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
