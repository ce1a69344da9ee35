// SPDX-License-Identifier: BSD-2-Clause
/*
 * What policy makes of parts of packets, and of frames that cannot be read: it fails closed
 * for isolated pods, and for them alone. POD_B hears CLIENT on one port, and OTHER_CLIENT on
 * all; POD_A is free.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "rows.h"
#include "scene_direct.h"

static void begin(struct scene *scene, void **state, uint8_t family)
{
	direct_begin(scene, state, family == 6);
	scene_isolate(scene, POD_B, INGRESS,
		      TO({ .peers = { CLIENT }, .port = TARGET_PORT },
			 { .peers = { OTHER_CLIENT }, .all_ports = true }));
	scene_isolate(scene, POD_B, EGRESS, NOTHING);
	scene_switch_policy(scene);
}

static bool passed(const struct scene *scene)
{
	return scene->run.verdict == TC_OK || scene->run.verdict == UINT32_MAX;
}

static uint64_t refused(const struct scene *scene, enum hg_reason reason)
{
	return harness_reason(scene->harness, reason);
}

static struct packet to_pod(const struct scene *scene, enum role from)
{
	return direct_packet(scene, from, POD_B, TCP_SYN);
}

/* Its first 96 bytes. */
static void cut(struct packet *packet, uint32_t id)
{
	packet->payload = 200;
	packet->dont_fragment = false;
	packet->fragmented = true;
	packet->id = id;
	packet->slice_size = 96;
	packet->extensions = packet->family == 6;
	packet->extension[0] = PROTOCOL_FRAGMENT;
}

static void fragments_follow_their_first(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct scene scene;
		struct packet first, later;

		begin(&scene, state, family);
		first = to_pod(&scene, CLIENT);
		first.protocol = PROTOCOL_UDP;
		cut(&first, 77);
		later = first;
		later.slice = 96;
		later.slice_size = 0;
		assert_false(direct_enters(&scene, POD_B, &later));
		assert_int_equal(refused(&scene, HG_REASON_policy_fragment), 1);
		assert_true(direct_enters(&scene, POD_B, &first));
		assert_true(direct_enters(&scene, POD_B, &later));
	}
}

/* A large ping and its reply: later parts have no identifier, and follow their first. */
static void large_echo_of_an_isolated_pod_passes(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct scene scene;
		struct packet ping, pong;

		begin(&scene, state, family);
		ping = to_pod(&scene, OTHER_CLIENT);
		ping.protocol = family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMP6;
		ping.icmp_type = family == 4 ? 8 : 128;
		ping.icmp_word = 0x12340001;
		cut(&ping, 78);
		pong = direct_answer(&ping, 0);
		pong.icmp_type = family == 4 ? 0 : 129;
		pong.id = 79;
		assert_true(direct_enters(&scene, POD_B, &ping));
		ping.slice = 96;
		assert_true(direct_enters(&scene, POD_B, &ping));
		assert_true(direct_leaves(&scene, POD_B, &pong));
		pong.slice = 96;
		assert_true(direct_leaves(&scene, POD_B, &pong));
		pong.slice = 192;
		assert_true(direct_leaves(&scene, POD_B, &pong));
		assert_int_equal(scene_count_live(scene.harness->embryos), 2);
		/* An echo of its own it may not send. */
		ping = direct_answer(&ping, 0);
		ping.icmp_word = 0x99990001;
		ping.id = 80;
		ping.slice = 0;
		assert_false(direct_leaves(&scene, POD_B, &ping));
		ping.slice = 96;
		assert_false(direct_leaves(&scene, POD_B, &ping));
	}
}

/* Neither ports nor echo: parts follow their first too, by address. */
static void fragments_of_other_protocols_follow_their_first(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct scene scene;
		struct packet packet;

		begin(&scene, state, family);
		packet = to_pod(&scene, OTHER_CLIENT);
		packet.protocol = 47;
		cut(&packet, 81);
		assert_true(direct_enters(&scene, POD_B, &packet));
		packet.slice = 96;
		assert_true(direct_enters(&scene, POD_B, &packet));
		packet.src = scene_addr(&scene, CLIENT);
		packet.slice = 0;
		assert_false(direct_enters(&scene, POD_B, &packet));
		packet.slice = 96;
		assert_false(direct_enters(&scene, POD_B, &packet));
	}
}

static void what_cannot_be_read_is_dropped_for_isolated_pods_only(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct scene scene;
		uint8_t frame[FRAME_ROOM];
		struct packet packet;
		struct run *run = &scene.run;

		begin(&scene, state, family);
		packet = to_pod(&scene, OTHER_CLIENT);
		run->in_size = packet_build(&packet, frame);
		frame[14 + (family == 4 ? 20 : 40) + 12] = 0x40; /* TCP header of 16 */
		memcpy(run->in, frame, run->in_size);
		run->ifindex = topology_ifindex(POD1);
		run->ingress_ifindex = topology_ifindex(NIC0);
		harness_run(scene.harness->pod_in, false, run);
		assert_int_equal(run->verdict, TC_SHOT);
		assert_int_equal(refused(&scene, HG_REASON_policy_malformed), 1);
		run->ifindex = topology_ifindex(POD0);
		harness_run(scene.harness->pod_in, false, run);
		assert_int_equal(run->verdict, TC_OK);
	}
}

/* A frame as it is, past an isolated pod and past one that is not. */
static void check_unread(struct scene *scene, const uint8_t *frame, size_t size)
{
	const int programs[] = { scene->harness->pod_in, scene->harness->pod_out };
	struct run *run = &scene->run;

	memset(&run->given, 0, sizeof(run->given));
	memcpy(run->in, frame, size);
	run->in_size = size;
	for (int i = 0; i < 2; i++) {
		uint64_t before = refused(scene, HG_REASON_policy_malformed);

		run->ingress_ifindex = topology_ifindex(NIC0);
		run->ifindex = topology_ifindex(POD1);
		harness_run(programs[i], false, run);
		assert_int_equal(run->verdict, TC_SHOT);
		assert_int_equal(refused(scene, HG_REASON_policy_malformed), before + 1);
		run->ifindex = topology_ifindex(POD0);
		harness_run(programs[i], false, run);
		assert_true(passed(scene));
		assert_memory_equal(run->out, frame, size);
	}
}

/* Behind a bridge somebody may take off all the tags. One more is in the skb itself. */
static void more_tags_than_we_follow_are_dropped_for_isolated_pods_only(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		uint8_t frame[FRAME_ROOM];
		struct scene scene;
		struct packet packet;

		begin(&scene, state, family);
		packet = to_pod(&scene, OTHER_CLIENT);
		packet.vlans = 3;
		check_unread(&scene, frame, packet_build(&packet, frame));
	}
}

static void what_only_claims_to_be_ip_is_dropped_for_isolated_pods_only(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		uint8_t frame[FRAME_ROOM];
		struct scene scene;
		struct packet packet;
		size_t size;

		begin(&scene, state, family);
		packet = to_pod(&scene, OTHER_CLIENT);
		size = packet_build(&packet, frame);
		frame[14] ^= 0x20; /* the version is the other family's */
		check_unread(&scene, frame, size);
	}
}

static void what_is_no_ip_passes(void **state)
{
	struct scene scene;
	struct packet packet;

	begin(&scene, state, 4);
	packet = to_pod(&scene, STRANGER);
	packet.arp = 1;
	assert_true(direct_enters(&scene, POD_B, &packet));
	assert_true(direct_leaves(&scene, POD_B, &packet));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_follow_their_first),
		cmocka_unit_test(large_echo_of_an_isolated_pod_passes),
		cmocka_unit_test(fragments_of_other_protocols_follow_their_first),
		cmocka_unit_test(what_cannot_be_read_is_dropped_for_isolated_pods_only),
		cmocka_unit_test(
		    more_tags_than_we_follow_are_dropped_for_isolated_pods_only),
		cmocka_unit_test(
		    what_only_claims_to_be_ip_is_dropped_for_isolated_pods_only),
		cmocka_unit_test(what_is_no_ip_passes),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
