// SPDX-License-Identifier: BSD-2-Clause
/*
 * SNAT ports are few, here four, and shared by all CPUs: a port whose connection was reset
 * serves the next one at once, one whose connection was closed when no fresh one is found,
 * one that only an embryo holds may be taken, one of an established connection never.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "flow_check.h"
#include "rows.h"

#define PORTS 4

/* Behind its SYN, and FIN, each side's numbers go on; the other's are acknowledged. */
static void client_says_at(struct scene *scene, uint16_t port, uint8_t flags,
			   uint32_t said, uint32_t heard)
{
	struct packet packet;

	scene_from_client(scene, CLIENT, &packet);
	packet.sport = port;
	packet.flags = flags;
	packet.seq += said;
	packet.ack += heard;
	scene_send(scene, CLIENT, &packet);
}

static void backend_says_at(struct scene *scene, uint8_t flags, uint32_t said,
			    uint32_t heard)
{
	struct packet packet;

	scene_from_backend(scene, BACKEND_A, &packet);
	packet.flags = flags;
	packet.seq += said;
	packet.ack += heard;
	scene_send(scene, BACKEND_A, &packet);
}

static void client_says(struct scene *scene, uint16_t port, uint8_t flags)
{
	client_says_at(scene, port, flags, !(flags & TCP_SYN), 0);
}

static void backend_says(struct scene *scene, uint8_t flags)
{
	backend_says_at(scene, flags, !(flags & TCP_SYN), 0);
}

static bool establish(struct scene *scene, uint16_t port)
{
	client_says(scene, port, TCP_SYN);
	if (scene->run.verdict != XDP_TX)
		return false;
	backend_says(scene, TCP_SYN | TCP_ACK);
	client_says(scene, port, TCP_ACK);
	return scene->run.verdict == XDP_TX;
}

static void client_closes(struct scene *scene, uint16_t port)
{
	client_says(scene, port, TCP_FIN | TCP_ACK);
	backend_says_at(scene, TCP_FIN | TCP_ACK, 1, 1);
	client_says_at(scene, port, TCP_ACK, 2, 1);
}

static void backend_closes(struct scene *scene, uint16_t port)
{
	backend_says(scene, TCP_FIN | TCP_ACK);
	client_says_at(scene, port, TCP_FIN | TCP_ACK, 1, 1);
	backend_says_at(scene, TCP_ACK, 2, 1);
}

static void port_of_a_closed_connection_serves_at_once(void **state)
{
	struct scene scene;

	for (uint8_t family = 4; family <= 6; family += 2) {
		scene_begin(&scene, *state, family, PROTOCOL_TCP);
		one_backend_on_the_same_link(&scene);
		for (uint16_t port = 1000; port < 1100; port++) {
			assert_true(establish(&scene, port));
			client_closes(&scene, port);
		}
		assert_int_equal(harness_reason(*state, HG_REASON_snat_ports), 0);
		assert_int_equal(flow_check(*state), 0);
	}
}

static void port_that_may_be_in_time_wait_serves_last(void **state)
{
	uint16_t used[PORTS];
	struct scene scene;

	for (uint8_t family = 4; family <= 6; family += 2) {
		scene_begin(&scene, *state, family, PROTOCOL_TCP);
		one_backend_on_the_same_link(&scene);
		harness_rewind_ports(*state, scene.harness->config.port_last);
		for (uint16_t i = 0; i < PORTS; i++) {
			if (i == PORTS / 2)
				harness_rewind_ports(*state,
						     scene.harness->config.port_last);
			assert_true(establish(&scene, 1000 + i));
			used[i] = scene.snat_port;
			if (i < PORTS / 2)
				backend_closes(&scene, 1000 + i);
		}
		for (uint16_t i = 0; i < PORTS; i++)
			for (uint16_t j = 0; j < i; j++)
				assert_int_not_equal(used[i], used[j]);
		assert_true(establish(&scene, 2000));
		assert_int_equal(harness_reason(*state, HG_REASON_snat_ports), 0);
		assert_int_equal(flow_check(*state), 0);
	}
}

static void port_of_a_reset_connection_serves_at_once(void **state)
{
	struct scene scene;

	for (uint8_t family = 4; family <= 6; family += 2) {
		scene_begin(&scene, *state, family, PROTOCOL_TCP);
		one_backend_on_the_same_link(&scene);
		for (uint16_t port = 1000; port < 1100; port++) {
			assert_true(establish(&scene, port));
			if (port & 1)
				client_says(&scene, port, TCP_RST);
			else
				backend_says(&scene, TCP_RST);
		}
		assert_int_equal(harness_reason(*state, HG_REASON_snat_ports), 0);
		assert_int_equal(flow_check(*state), 0);
	}
}

static void port_of_an_embryo_may_be_taken(void **state)
{
	struct scene scene;

	for (uint8_t family = 4; family <= 6; family += 2) {
		scene_begin(&scene, *state, family, PROTOCOL_TCP);
		one_backend_on_the_same_link(&scene);
		for (uint16_t port = 1000; port < 1000 + PORTS; port++)
			client_says(&scene, port, TCP_SYN);
		scene_age(&scene, 5);
		for (uint16_t port = 2000; port < 2000 + PORTS; port++)
			assert_true(establish(&scene, port));
		assert_int_equal(flow_check(*state), 0);
	}
}

static void port_of_an_established_connection_is_never_taken(void **state)
{
	struct scene scene;
	struct packet packet, want;
	uint16_t ours[PORTS];

	for (uint8_t family = 4; family <= 6; family += 2) {
		scene_begin(&scene, *state, family, PROTOCOL_TCP);
		one_backend_on_the_same_link(&scene);
		for (uint16_t i = 0; i < PORTS; i++) {
			assert_true(establish(&scene, 1000 + i));
			ours[i] = scene.snat_port;
		}
		for (uint16_t port = 2000; port < 2050; port++)
			assert_false(establish(&scene, port));
		assert_int_equal(harness_reason(*state, HG_REASON_snat_ports), 50);
		for (uint16_t i = 0; i < PORTS; i++) {
			scene.snat_port = ours[i];
			scene_from_backend(&scene, BACKEND_A, &packet);
			scene_send(&scene, BACKEND_A, &packet);
			want = packet;
			reaches_client(&scene, &want);
			want.dport = 1000 + i;
			assert_true(scene_saw(&scene, "its reply", XDP_TX, &want));
		}
	}
}

static int open_narrow(void **state)
{
	struct hg_config config = harness_config();
	struct harness *harness = calloc(1, sizeof(*harness));

	if (!harness)
		return -1;
	topology_enter();
	config.port_last = config.port_first + PORTS - 1;
	*state = harness;
	return harness_open(&config, harness);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_of_a_closed_connection_serves_at_once),
		cmocka_unit_test(port_that_may_be_in_time_wait_serves_last),
		cmocka_unit_test(port_of_a_reset_connection_serves_at_once),
		cmocka_unit_test(port_of_an_embryo_may_be_taken),
		cmocka_unit_test(port_of_an_established_connection_is_never_taken),
	};

	return cmocka_run_group_tests(tests, open_narrow, rows_close);
}
