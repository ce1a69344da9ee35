// SPDX-License-Identifier: BSD-2-Clause
/*
 * sessionAffinity ClientIP: a client's connections go to one endpoint, whatever its ports
 * and whichever frontend of the Service it speaks to, until it has been away for the
 * timeout or the endpoint has left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "rows.h"

#define AFFINITY_S 600

static const uint8_t protocols[] = { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP };
#define CASES 6

static void begin(struct scene *scene, void **state, int number)
{
	scene_begin(scene, *state, number & 1 ? 6 : 4, protocols[number / 2]);
	scene_add_service(scene, &(struct scene_service){
				     .flags = HG_SERVICE_AFFINITY,
				     .affinity_s = AFFINITY_S,
				     .endpoint = { BACKEND_A, BACKEND_B, BACKEND_C } });
}

/* Open from this port; returns the backend that got the flow, 0 when none did. */
static uint32_t open_from(struct scene *scene, enum role client, enum role vip,
			  uint16_t port)
{
	struct packet packet;
	uint64_t created[16];

	for (uint32_t i = 1; i <= scene->backends; i++)
		created[i] = harness_stats(scene->harness, i).created;
	scene_from_client(scene, client, &packet);
	packet.sport = port;
	packet.dst = scene_addr(scene, vip);
	scene_send(scene, client, &packet);
	for (uint32_t i = 1; i <= scene->backends; i++)
		if (harness_stats(scene->harness, i).created != created[i])
			return i;
	return 0;
}

static void client_stays_with_its_endpoint(void **state)
{
	struct scene scene;
	uint32_t first;

	for (int i = 0; i < CASES; i++) {
		begin(&scene, state, i);
		first = open_from(&scene, CLIENT, SERVICE, 999);
		assert_int_not_equal(first, 0);
		for (uint16_t port = 1000; port < 1060; port++)
			assert_int_equal(open_from(&scene, CLIENT, SERVICE, port), first);
	}
}

static void without_affinity_ports_spread(void **state)
{
	struct scene scene;
	unsigned got[4] = { 0 };

	scene_begin(&scene, *state, 4, PROTOCOL_TCP);
	scene_add_service(&scene, &(struct scene_service){
				      .endpoint = { BACKEND_A, BACKEND_B, BACKEND_C } });
	for (uint16_t port = 1000; port < 1300; port++)
		got[open_from(&scene, CLIENT, SERVICE, port)]++;
	assert_int_equal(got[0], 0);
	for (int i = 1; i < 4; i++)
		assert_in_range(got[i], 60, 140);
}

/* Moves only when it may: the seed decides whether it does, so several clients try. */
static unsigned count_moves(struct scene *scene, uint16_t from, uint32_t away_s)
{
	unsigned moved = 0;

	for (uint16_t port = from; port < from + 40; port += 2) {
		uint32_t first = open_from(scene, CLIENT, SERVICE, port);

		assert_int_not_equal(first, 0);
		scene_age(scene, away_s);
		moved += open_from(scene, CLIENT, SERVICE, port + 1) != first;
	}
	return moved;
}

static void affinity_ends_with_its_timeout(void **state)
{
	struct scene scene;

	for (int i = 0; i < CASES; i++) {
		begin(&scene, state, i);
		assert_int_equal(count_moves(&scene, 2000, AFFINITY_S - 20), 0);
		scene_age(&scene, AFFINITY_S + 20);
		assert_in_range(count_moves(&scene, 3000, AFFINITY_S + 20), 5, 20);
	}
}

/* Another CPU's tick began earlier than ours: that is no age, and no reason to choose anew. */
static void client_seen_by_a_clock_ahead_stays(void **state)
{
	struct scene scene;
	uint32_t first;

	for (int i = 0; i < CASES; i++) {
		begin(&scene, state, i);
		first = open_from(&scene, CLIENT, SERVICE, 999);
		for (uint16_t port = 1000; port < 1030; port++) {
			scene_lead(&scene, 4);
			assert_int_equal(open_from(&scene, CLIENT, SERVICE, port), first);
		}
	}
}

/* The endpoint leaves: its backend is gone from the members, the others moved up. */
static void replace_without(struct scene *scene, uint32_t backend)
{
	struct hg_service service = scene_read_service(scene, scene->services);
	struct hg_member *members = scene->harness->members + service.member_base;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < service.member_count; i++)
		if (members[i].backend != backend)
			members[kept++] = members[i];
	service.member_count = service.active_count = kept;
	for (uint32_t i = 0; i < service.slot_count; i++) {
		uint16_t member = (uint16_t)(i % kept);

		scene_write_slot(scene, &service, i, (struct hg_slot){ member, member });
	}
	scene_write_service(scene, scene->services, &service);
}

static void client_of_a_lost_endpoint_gets_another(void **state)
{
	struct scene scene;
	uint32_t first, second;

	for (int i = 0; i < CASES; i++) {
		begin(&scene, state, i);
		first = open_from(&scene, CLIENT, SERVICE, 999);
		replace_without(&scene, first);
		second = open_from(&scene, CLIENT, SERVICE, 1000);
		assert_int_not_equal(second, 0);
		assert_int_not_equal(second, first);
		for (uint16_t port = 1001; port < 1030; port++)
			assert_int_equal(open_from(&scene, CLIENT, SERVICE, port),
					 second);
	}
}

static void client_keeps_its_endpoint_when_another_leaves(void **state)
{
	struct scene scene;
	uint32_t first;

	for (int i = 0; i < CASES; i++) {
		begin(&scene, state, i);
		first = open_from(&scene, CLIENT, SERVICE, 999);
		replace_without(&scene, first == 1 ? 2 : 1);
		for (uint16_t port = 1001; port < 1030; port++)
			assert_int_equal(open_from(&scene, CLIENT, SERVICE, port), first);
	}
}

/* Same service id, another address: the endpoint is the same, the backend record is not.
 */
static void frontends_of_a_service_share_the_endpoint(void **state)
{
	struct scene scene;
	uint32_t first, id;

	for (int i = 0; i < CASES; i++) {
		struct hg_service service;

		begin(&scene, state, i);
		id = scene_read_service(&scene, scene.services).id;
		scene_add_service(&scene,
				  &(struct scene_service){
				      .address = OTHER_SERVICE,
				      .flags = HG_SERVICE_AFFINITY,
				      .affinity_s = AFFINITY_S,
				      .endpoint = { BACKEND_C, BACKEND_A, BACKEND_B } });
		service = scene_read_service(&scene, scene.services);
		service.id = id;
		scene_write_service(&scene, scene.services, &service);
		first = open_from(&scene, CLIENT, SERVICE, 999);
		for (uint16_t port = 1001; port < 1030; port++) {
			uint32_t other = open_from(&scene, CLIENT, OTHER_SERVICE, port);

			assert_int_equal(scene_read_backend(&scene, other).endpoint,
					 scene_read_backend(&scene, first).endpoint);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_stays_with_its_endpoint),
		cmocka_unit_test(without_affinity_ports_spread),
		cmocka_unit_test(affinity_ends_with_its_timeout),
		cmocka_unit_test(client_seen_by_a_clock_ahead_stays),
		cmocka_unit_test(client_of_a_lost_endpoint_gets_another),
		cmocka_unit_test(client_keeps_its_endpoint_when_another_leaves),
		cmocka_unit_test(frontends_of_a_service_share_the_endpoint),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
