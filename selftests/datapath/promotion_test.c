// SPDX-License-Identifier: BSD-2-Clause
/*
 * A flow stays among the embryos until its client has proved itself: TCP by the ACK to
 * our SYN/ACK, UDP by a packet two seconds after the first with a reply in between, SCTP
 * by its cookie. Each test walks one step further and looks where the flow is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "rows.h"

enum place { NOWHERE, EMBRYO, GROWN };

static bool lies_in(const struct scene *scene, enum place place)
{
	unsigned embryos = scene_count_live(scene->harness->embryos);
	unsigned grown = scene_count_live(scene->harness->flows);

	if (embryos == (place == EMBRYO ? 2 : 0) && grown == (place == GROWN ? 2 : 0))
		return true;
	print_error("%s: %u lines in hg_embryos, %u in hg_flows\n",
		    scene_title(scene, "the flow's place"), embryos, grown);
	return false;
}

static void client_says(struct scene *scene, uint8_t flags, uint8_t chunk)
{
	struct packet packet;

	scene_from_client(scene, CLIENT, &packet);
	packet.flags = flags;
	packet.chunk = chunk;
	scene_send(scene, CLIENT, &packet);
}

static void backend_says(struct scene *scene, uint8_t flags, uint8_t chunk)
{
	struct packet packet;

	scene_from_backend(scene, BACKEND_A, &packet);
	packet.flags = flags;
	packet.chunk = chunk;
	scene_send(scene, BACKEND_A, &packet);
}

static void tcp_proves_itself_by_its_ack(void **state)
{
	struct scene scene;

	for (uint8_t family = 4; family <= 6; family += 2) {
		scene_begin(&scene, *state, family, PROTOCOL_TCP);
		one_backend_on_the_same_link(&scene);
		client_says(&scene, TCP_SYN, 0);
		assert_true(lies_in(&scene, EMBRYO));
		client_says(&scene, TCP_ACK, 0);
		assert_true(lies_in(&scene, EMBRYO));
		backend_says(&scene, TCP_SYN | TCP_ACK, 0);
		assert_true(lies_in(&scene, EMBRYO));
		backend_says(&scene, TCP_SYN | TCP_ACK, 0);
		assert_true(lies_in(&scene, EMBRYO));
		client_says(&scene, TCP_SYN, 0);
		assert_true(lies_in(&scene, EMBRYO));
		client_says(&scene, TCP_ACK, 0);
		assert_true(lies_in(&scene, GROWN));
		assert_int_equal(scene.run.verdict, XDP_TX);
	}
}

static void tcp_reset_of_the_backend_proves_nothing(void **state)
{
	struct scene scene;

	for (uint8_t family = 4; family <= 6; family += 2) {
		scene_begin(&scene, *state, family, PROTOCOL_TCP);
		one_backend_on_the_same_link(&scene);
		client_says(&scene, TCP_SYN, 0);
		backend_says(&scene, TCP_RST | TCP_ACK, 0);
		client_says(&scene, TCP_ACK, 0);
		assert_int_equal(scene_count_live(scene.harness->flows), 0);
	}
}

static void udp_proves_itself_by_time_and_a_reply(void **state)
{
	struct scene scene;

	for (uint8_t family = 4; family <= 6; family += 2) {
		scene_begin(&scene, *state, family, PROTOCOL_UDP);
		one_backend_on_the_same_link(&scene);
		client_says(&scene, 0, 0);
		backend_says(&scene, 0, 0);
		client_says(&scene, 0, 0);
		assert_true(lies_in(&scene, EMBRYO));
		scene_age(&scene, 3);
		backend_says(&scene, 0, 0);
		assert_true(lies_in(&scene, EMBRYO));
		client_says(&scene, 0, 0);
		assert_true(lies_in(&scene, GROWN));
	}
}

static void udp_without_reply_never_proves_itself(void **state)
{
	struct scene scene;

	for (uint8_t family = 4; family <= 6; family += 2) {
		scene_begin(&scene, *state, family, PROTOCOL_UDP);
		one_backend_on_the_same_link(&scene);
		for (int i = 0; i < 5; i++) {
			client_says(&scene, 0, 0);
			assert_true(lies_in(&scene, EMBRYO));
			scene_age(&scene, 3);
		}
	}
}

static void sctp_proves_itself_by_its_cookie(void **state)
{
	struct scene scene;

	for (uint8_t family = 4; family <= 6; family += 2) {
		scene_begin(&scene, *state, family, PROTOCOL_SCTP);
		one_backend_on_the_same_link(&scene);
		client_says(&scene, 0, SCTP_INIT);
		assert_true(lies_in(&scene, EMBRYO));
		client_says(&scene, 0, SCTP_COOKIE_ECHO);
		assert_true(lies_in(&scene, EMBRYO));
		backend_says(&scene, 0, SCTP_INIT_ACK);
		assert_true(lies_in(&scene, EMBRYO));
		client_says(&scene, 0, SCTP_COOKIE_ECHO);
		assert_true(lies_in(&scene, GROWN));
	}
}

static void grown_flow_keeps_its_mapping(void **state)
{
	static const uint8_t protocols[] = { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP };
	struct scene scene;
	struct packet packet, want;
	uint16_t port;

	for (int i = 0; i < 6; i++) {
		scene_begin(&scene, *state, i & 1 ? 6 : 4, protocols[i / 2]);
		one_backend_on_the_same_link(&scene);
		client_says(&scene, TCP_SYN, SCTP_INIT);
		port = scene.snat_port;
		backend_says(&scene, TCP_SYN | TCP_ACK, SCTP_INIT_ACK);
		scene_age(&scene, 3);
		client_says(&scene, TCP_ACK, SCTP_COOKIE_ECHO);
		assert_int_equal(scene.snat_port, port);
		assert_true(lies_in(&scene, GROWN));
		scene_from_backend(&scene, BACKEND_A, &packet);
		scene_send(&scene, BACKEND_A, &packet);
		want = packet;
		reaches_client(&scene, &want);
		assert_true(scene_saw(&scene, "the reply still finds it", XDP_TX, &want));
		assert_int_equal(harness_stats(*state, 1).created, 1);
		assert_int_equal(harness_stats(*state, 1).closed, 0);
	}
}

#define FLOOD 60000U

/* Forged clients, each with an address of its own, whose SYNs are even answered. */
static void flood_never_reaches_the_main_table(void **state)
{
	struct scene scene;
	struct packet packet;

	scene_begin(&scene, *state, 4, PROTOCOL_TCP);
	one_backend_on_the_same_link(&scene);
	assert_true(scene_establish(&scene, OTHER_CLIENT, BACKEND_A));
	for (uint32_t i = 0; i < FLOOD; i++) {
		scene_from_client(&scene, CLIENT, &packet);
		packet.src.words[3] ^= i << 8 & 0xffff00;
		packet.sport = (uint16_t)(i * 7 + 1);
		scene_send(&scene, CLIENT, &packet);
		scene_from_backend(&scene, BACKEND_A, &packet);
		scene_send(&scene, BACKEND_A, &packet);
	}
	assert_int_equal(scene_count_live(scene.harness->flows), 2);
	scene_from_client(&scene, OTHER_CLIENT, &packet);
	packet.flags = TCP_ACK;
	scene_send(&scene, OTHER_CLIENT, &packet);
	assert_int_equal(scene.run.verdict, XDP_TX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_proves_itself_by_its_ack),
		cmocka_unit_test(tcp_reset_of_the_backend_proves_nothing),
		cmocka_unit_test(udp_proves_itself_by_time_and_a_reply),
		cmocka_unit_test(udp_without_reply_never_proves_itself),
		cmocka_unit_test(sctp_proves_itself_by_its_cookie),
		cmocka_unit_test(grown_flow_keeps_its_mapping),
		cmocka_unit_test(flood_never_reaches_the_main_table),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
