// SPDX-License-Identifier: BSD-2-Clause
/*
 * Trains of segments longer than 64 KiB (BIG TCP), which only tc sees: the IP header's length
 * is 0, the frame's counts. IPv6 may carry a hop-by-hop header with the length (RFC 2675).
 * Where frames are single ones a length of 0 is a lie, as it always was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "rows.h"
#include "scene_direct.h"

#define SEGMENT 1200
/* IPv4, IPv6 without the header, IPv6 with it. */
#define CASES 3

static void begin(struct scene *scene, void **state, int number)
{
	struct hg_addr addr;

	scene_begin(scene, *state, number ? 6 : 4, PROTOCOL_TCP);
	for (enum role role = POD_A; role <= POD_B; role++) {
		addr = scene_addr(scene, role);
		scene_mark_ours(scene, &addr);
	}
}

static void make_train(struct packet *packet, int number)
{
	packet->flags = TCP_ACK | TCP_PSH;
	packet->payload = 3 * SEGMENT;
	packet->no_length = true;
	packet->extensions = number == 2;
	packet->extension[0] = PROTOCOL_HOPOPTS;
}

static void send_train(struct scene *scene, int program, int link,
		       const struct packet *packet)
{
	scene->run.segment = SEGMENT;
	scene_send_tc(scene, program, link, packet);
	scene->run.segment = 0;
}

static bool passed(const struct scene *scene)
{
	return scene->run.verdict == TC_OK || scene->run.verdict == UINT32_MAX;
}

/* Layer 2 of what tc redirects is the kernel's to fill. */
static bool left(struct scene *scene, const char *sentence, struct packet *want)
{
	memcpy(want->dmac, scene->run.out, 6);
	memcpy(want->smac, scene->run.out + 6, 6);
	return scene_saw(scene, sentence, TC_REDIRECT, want);
}

static void pod_to_pod_through_a_service(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct scene scene;
		struct packet packet, want;

		begin(&scene, state, i);
		one_pod_on_this_node(&scene);
		scene_from_client(&scene, POD_B, &packet);
		scene_send_tc(&scene, scene.harness->pod_out, POD1, &packet);
		make_train(&packet, i);
		send_train(&scene, scene.harness->pod_out, POD1, &packet);
		want = packet;
		scene_to_backend(&scene, POD_A, &want);
		assert_true(left(&scene, "a train to the Service", &want));
		scene_from_backend(&scene, POD_A, &packet);
		packet.dst = scene_addr(&scene, POD_B);
		packet.dport = want.sport;
		make_train(&packet, i);
		send_train(&scene, scene.harness->pod_out, POD0, &packet);
		want = packet;
		scene_to_client(&scene, POD_B, &want);
		assert_true(left(&scene, "a train of the Service", &want));
		assert_int_equal(harness_stats(*state, 1).packets[0], 2);
		assert_int_equal(harness_stats(*state, 1).bytes[1], packet_size(&packet));
	}
}

/* Its segments fit the link, whatever the train's length. */
static void pod_to_a_remote_backend(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct scene scene;
		struct packet packet, want;

		begin(&scene, state, i);
		one_backend_on_the_same_link(&scene);
		scene_from_client(&scene, POD_B, &packet);
		scene_send_tc(&scene, scene.harness->pod_out, POD1, &packet);
		make_train(&packet, i);
		send_train(&scene, scene.harness->pod_out, POD1, &packet);
		want = packet;
		want.dst = scene_addr(&scene, BACKEND_A);
		want.sport = scene_port_apart(&scene, want.sport);
		want.dport = scene_target_port(&scene);
		want.ttl--;
		assert_true(left(&scene, "a train to another host", &want));
	}
}

static void isolated_pods_directly(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct scene scene;
		struct packet packet, answer;

		begin(&scene, state, i);
		scene_know_pods(&scene);
		scene_isolate(&scene, POD_A, INGRESS,
			      TO({ .peers = { POD_B }, .port = TARGET_PORT }));
		scene_isolate(&scene, POD_A, EGRESS, NOTHING);
		scene_switch_policy(&scene);
		packet = direct_packet(&scene, POD_B, POD_A, TCP_SYN);
		assert_true(direct_enters(&scene, POD_A, &packet));
		make_train(&packet, i);
		send_train(&scene, scene.harness->pod_in, POD0, &packet);
		assert_true(passed(&scene));
		answer = direct_answer(&packet, TCP_ACK);
		make_train(&answer, i);
		send_train(&scene, scene.harness->pod_out, POD0, &answer);
		assert_true(passed(&scene));
		packet.dport++;
		send_train(&scene, scene.harness->pod_in, POD0, &packet);
		assert_false(passed(&scene));
		assert_int_equal(harness_reason(*state, HG_REASON_policy_ingress), 1);
		assert_int_equal(harness_reason(*state, HG_REASON_policy_malformed), 0);
	}
}

/* A single frame is as long as its header says. */
static void without_a_train_a_length_of_zero_is_malformed(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct scene scene;
		struct packet packet;

		begin(&scene, state, i);
		one_pod_on_this_node(&scene);
		scene_from_client(&scene, CLIENT, &packet);
		make_train(&packet, i);
		packet.payload = 200;
		scene_send(&scene, CLIENT, &packet);
		assert_int_equal(scene.run.verdict, XDP_DROP);
		assert_int_equal(harness_reason(*state, HG_REASON_malformed), 1);
		scene_from_client(&scene, POD_B, &packet);
		make_train(&packet, i);
		packet.payload = 200;
		scene_send_tc(&scene, scene.harness->pod_out, POD1, &packet);
		assert_int_equal(scene.run.verdict, TC_SHOT);
		assert_int_equal(harness_reason(*state, HG_REASON_malformed), 2);
	}
}

/* The kernel quotes the train that did not fit, with the length it bears. */
static void error_that_quotes_a_train_is_translated(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct scene scene;
		struct packet sent, error, want;

		begin(&scene, state, i);
		an_established_flow(&scene);
		client_goes_on(&scene, &sent);
		make_train(&sent, i);
		want = sent;
		scene_to_backend(&scene, BACKEND_A, &sent);
		error = (struct packet){
			.family = scene.family,
			.src = scene_addr(&scene, STRANGER),
			.dst = sent.src,
			.ttl = 61,
			.protocol = i ? PROTOCOL_ICMP6 : PROTOCOL_ICMP,
			.icmp_type = i ? 2 : 3,
			.icmp_code = i ? 0 : 4,
			.icmp_word = 1400,
			.quote = &sent,
			.quote_size = 8,
		};
		topology_mac(ROUTER, error.smac);
		topology_link_mac(NIC0, error.dmac);
		scene_send(&scene, BACKEND_A, &error);
		want.ttl = sent.ttl;
		error.quote = &want;
		error.dst = want.src;
		error.ttl--;
		topology_mac(ROUTER, error.dmac);
		topology_link_mac(NIC0, error.smac);
		assert_true(scene_saw(&scene, "an error about a train", XDP_TX, &error));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pod_to_pod_through_a_service),
		cmocka_unit_test(pod_to_a_remote_backend),
		cmocka_unit_test(isolated_pods_directly),
		cmocka_unit_test(without_a_train_a_length_of_zero_is_malformed),
		cmocka_unit_test(error_that_quotes_a_train_is_translated),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
