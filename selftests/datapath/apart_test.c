// SPDX-License-Identifier: BSD-2-Clause
/*
 * One client port, a Service and, directly, one of its backends: both connections work,
 * whoever was first. The flow through the Service shows the backend another port; and where
 * the client itself comes to use that one, its own connection is told apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "rows.h"

/* From outside to a pod here; from a pod here to a pod here, and to a backend elsewhere. */
static const struct way {
	enum role client, backend;
} ways[] = { { CLIENT, POD_A }, { POD_A, POD_B }, { POD_A, BACKEND_A } };

#define WAYS  (sizeof(ways) / sizeof(ways[0]))
#define CASES (4 * WAYS) /* IPv4 and IPv6, TCP and UDP */

static const struct way *begin(struct scene *scene, void **state, unsigned number)
{
	const struct way *way = &ways[number % WAYS];
	uint8_t protocol = number / WAYS & 2 ? PROTOCOL_UDP : PROTOCOL_TCP;

	scene_begin(scene, *state, number / WAYS & 1 ? 6 : 4, protocol);
	scene_add_service(scene, &(struct scene_service){ .endpoint = { way->backend } });
	/* As the control process does with --pod-interfaces. */
	for (int j = 0; j < 3; j++) {
		struct hg_addr addr =
		    scene_addr(scene, (enum role[]){ POD_A, POD_B, BACKEND_A }[j]);

		scene_mark_ours(scene, &addr);
	}
	return way;
}

/* At the hook where a role's packets enter; the run's verdict and packet are kept. */
static void enter(struct scene *scene, enum role from, const struct packet *packet)
{
	if (scene_is_local(from))
		scene_send_tc(scene, scene->harness->pod_out, from == POD_A ? POD0 : POD1,
			      packet);
	else
		scene_send(scene, from, packet);
}

static int64_t field(const struct scene *scene, const char *name)
{
	return packet_field_value(scene->run.out, scene->run.out_size,
				  scene->protocol == PROTOCOL_TCP ? "tcp" : "udp", name);
}

/* The client's opening from a port, to the Service or to the backend itself. Returns the
 * source port that the backend sees. */
static uint16_t opens(struct scene *scene, const struct way *way, uint16_t port,
		      bool direct)
{
	struct packet packet;

	scene_from_client(scene, way->client, &packet);
	packet.sport = port;
	if (direct) {
		packet.dst = scene_addr(scene, way->backend);
		packet.dport = scene_target_port(scene);
	}
	enter(scene, way->client, &packet);
	return (uint16_t)field(scene, "sport");
}

/* What the backend answers to a port is, for the client, from whom it has addressed. */
static void assert_answered(struct scene *scene, const struct way *way, uint16_t seen,
			    uint16_t port, bool direct)
{
	struct packet packet;

	scene_from_backend(scene, way->backend, &packet);
	packet.dst = scene_addr(scene, way->client);
	packet.dport = seen;
	enter(scene, way->backend, &packet);
	assert_int_equal(field(scene, "dport"), port);
	assert_int_equal(field(scene, "sport"),
			 direct ? scene_target_port(scene) : SERVICE_PORT);
	assert_true(packet_sums_hold(scene->run.out, scene->run.out_size) ||
		    scene_is_local(way->backend));
}

static void both_connections_of_a_port_work_in_either_order(void **state)
{
	struct scene scene;
	uint16_t seen[2];

	for (unsigned i = 0; i < 2 * CASES; i++) {
		const struct way *way = begin(&scene, state, i / 2);
		bool direct_first = i & 1;

		seen[direct_first] = opens(&scene, way, CLIENT_PORT, direct_first);
		assert_answered(&scene, way, seen[direct_first], CLIENT_PORT,
				direct_first);
		seen[!direct_first] = opens(&scene, way, CLIENT_PORT, !direct_first);
		assert_int_equal(seen[1], CLIENT_PORT);
		assert_int_not_equal(seen[0], CLIENT_PORT);
		for (int j = 0; j < 4; j++)
			assert_answered(&scene, way, seen[j & 1], CLIENT_PORT, j & 1);
	}
}

/* The client opens to the backend from the very port that its flow shows there. */
static void a_direct_connection_is_told_from_a_live_flow(void **state)
{
	struct scene scene;
	uint16_t seen, own, again;

	for (unsigned i = 0; i < CASES; i++) {
		const struct way *way = begin(&scene, state, i);

		seen = opens(&scene, way, CLIENT_PORT, false);
		own = opens(&scene, way, seen, true);
		assert_int_not_equal(own, seen);
		assert_true(scene.run.verdict == TC_REDIRECT || scene.run.marked);
		for (int j = 0; j < 2; j++) {
			assert_answered(&scene, way, own, seen, true);
			assert_answered(&scene, way, seen, CLIENT_PORT, false);
			again = opens(&scene, way, seen, true);
			assert_int_equal(again, own);
		}
	}
}

/* A datagram moves to another backend when its own drains, but not if it was sent there. */
static void a_direct_connection_does_not_move(void **state)
{
	struct scene scene;
	uint16_t seen, own;

	for (unsigned i = 0; i < CASES; i++) {
		const struct way *way = begin(&scene, state, i);
		struct hg_backend record = scene_read_backend(&scene, 1);

		seen = opens(&scene, way, CLIENT_PORT, false);
		own = opens(&scene, way, seen, true);
		assert_int_not_equal(own, seen);
		record.flags |= HG_BACKEND_MOVE_UDP;
		scene_write_backend(&scene, 1, &record);
		for (int j = 0; j < 2; j++) {
			assert_int_equal(opens(&scene, way, seen, true), own);
			assert_answered(&scene, way, own, seen, true);
		}
		assert_int_equal(harness_stats(*state, 1).closed, 0);
	}
}

/* As NFS wants it; from there, too, the client may reach the backend itself. */
static void a_privileged_port_stays_privileged(void **state)
{
	struct scene scene;

	for (unsigned i = 0; i < CASES; i++) {
		const struct way *way = begin(&scene, state, i);
		uint16_t seen, own;

		seen = opens(&scene, way, 700, false);
		assert_in_range(seen, 512, 1023);
		assert_int_equal(opens(&scene, way, 700, true), 700);
		assert_answered(&scene, way, 700, 700, true);
		own = opens(&scene, way, seen, true);
		assert_in_range(own, 512, 1023);
		assert_int_not_equal(own, seen);
		assert_answered(&scene, way, own, seen, true);
		assert_answered(&scene, way, seen, 700, false);
	}
}

/* Unprivileged stays unprivileged, and no port is its own. */
static void every_port_has_one_apart(void **state)
{
	struct scene scene;

	for (uint32_t port = 1; port < 65536; port += 37) {
		const struct way *way = begin(&scene, state, port % CASES);
		uint16_t seen = opens(&scene, way, (uint16_t)port, false);

		assert_int_equal(seen, scene_port_apart(&scene, (uint16_t)port));
		assert_int_equal(seen < 1024, port < 1024);
		assert_int_not_equal(seen, port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_connections_of_a_port_work_in_either_order),
		cmocka_unit_test(a_direct_connection_is_told_from_a_live_flow),
		cmocka_unit_test(a_direct_connection_does_not_move),
		cmocka_unit_test(a_privileged_port_stays_privileged),
		cmocka_unit_test(every_port_has_one_apart),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
