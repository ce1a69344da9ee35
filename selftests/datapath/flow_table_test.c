// SPDX-License-Identifier: BSD-2-Clause
/*
 * The flow table against a naive twin: an array of connections that remembers what each
 * has seen. Random packets of both sides, time and sweeping are applied to both; the twin
 * says what must come out. After each round the tables themselves are checked.
 * HEADGATE_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <headgate/endian.h>
#include "flow_check.h"
#include "rows.h"

#define CONNECTIONS 400
#define ROUNDS	    12
#define STEPS	    2000

enum phase { ABSENT, OPENED, ANSWERED, ESTABLISHED, CLOSED };

struct connection {
	enum phase phase;
	uint16_t port; /* ours, towards the backend */
	bool client_fin, backend_fin;
};

struct twin {
	struct scene scene;
	struct connection connections[CONNECTIONS];
	uint32_t random;
};

static uint32_t draw(struct twin *twin, uint32_t below)
{
	twin->random = twin->random * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)twin->random * below) >> 32);
}

static uint16_t client_port(uint32_t number)
{
	return (uint16_t)(1 + number);
}

/* From the client of a connection; must reach the backend by the port that it has. */
static void client_says(struct twin *twin, uint32_t number, uint8_t flags)
{
	struct connection *connection = &twin->connections[number];
	struct scene *scene = &twin->scene;
	struct packet packet, want;

	scene_from_client(scene, CLIENT, &packet);
	packet.sport = client_port(number);
	packet.flags = flags;
	packet.payload = (uint16_t)(number % 40);
	scene_send(scene, CLIENT, &packet);
	if (connection->phase == ABSENT || connection->phase == CLOSED)
		connection->port = scene->snat_port;
	scene->snat_port = connection->port;
	want = packet;
	reaches_backend_a(scene, &want);
	assert_true(scene_saw(scene, "the twin's backend gets it", XDP_TX, &want));
}

static void backend_says(struct twin *twin, uint32_t number, uint8_t flags)
{
	struct scene *scene = &twin->scene;
	struct packet packet, want;

	scene->snat_port = twin->connections[number].port;
	scene_from_backend(scene, BACKEND_A, &packet);
	packet.flags = flags;
	scene_send(scene, BACKEND_A, &packet);
	want = packet;
	scene_to_client(scene, CLIENT, &want);
	want.dport = client_port(number);
	assert_true(scene_saw(scene, "the twin's client gets it", XDP_TX, &want));
}

/* A new port must not be one that a living connection has. */
static void port_is_new(const struct twin *twin, uint32_t number)
{
	for (uint32_t i = 0; i < CONNECTIONS; i++) {
		const struct connection *other = &twin->connections[i];

		if (i == number || other->phase == ABSENT || other->phase == CLOSED)
			continue;
		assert_int_not_equal(other->port, twin->connections[number].port);
	}
}

static void stray_segment(struct twin *twin, uint32_t number)
{
	uint64_t before = harness_reason(twin->scene.harness, HG_REASON_no_flow);
	struct packet packet;

	scene_from_client(&twin->scene, CLIENT, &packet);
	packet.sport = client_port(number);
	packet.flags = TCP_ACK;
	scene_send(&twin->scene, CLIENT, &packet);
	assert_int_equal(harness_reason(twin->scene.harness, HG_REASON_no_flow),
			 before + 1);
}

/* What the sweeper does to a closed connection. */
static void sweep(struct twin *twin, uint32_t number)
{
	const struct scene *scene = &twin->scene;
	struct hg_flow_key key = { .src = scene_addr(scene, CLIENT),
				   .dst = scene_addr(scene, SERVICE),
				   .sport = be16(client_port(number)),
				   .dport = be16(SERVICE_PORT),
				   .protocol = PROTOCOL_TCP };
	struct hg_flow *tables[] = { scene->harness->flows, scene->harness->embryos };

	for (int i = 0; i < 2; i++) {
		int64_t line = flow_find(scene->harness, tables[i], &key);

		if (line >= 0)
			flow_free_pair(tables[i], (uint32_t)line);
	}
	twin->connections[number].phase = ABSENT;
}

static void close_side(struct twin *twin, uint32_t number, bool client)
{
	struct connection *connection = &twin->connections[number];

	if (client)
		client_says(twin, number, TCP_FIN | TCP_ACK);
	else
		backend_says(twin, number, TCP_FIN | TCP_ACK);
	connection->client_fin |= client;
	connection->backend_fin |= !client;
	if (connection->client_fin && connection->backend_fin)
		connection->phase = CLOSED;
}

static void step_established(struct twin *twin, uint32_t number)
{
	switch (draw(twin, 10)) {
	case 0:
		close_side(twin, number, true);
		break;
	case 1:
		close_side(twin, number, false);
		break;
	case 2:
		backend_says(twin, number, TCP_RST | TCP_ACK);
		twin->connections[number].phase = CLOSED;
		break;
	case 3:
	case 4:
	case 5:
		backend_says(twin, number, TCP_ACK | TCP_PSH);
		break;
	default:
		client_says(twin, number, TCP_ACK | TCP_PSH);
	}
}

static void step_unproved(struct twin *twin, uint32_t number)
{
	struct connection *connection = &twin->connections[number];

	if (draw(twin, 4) == 0) {
		client_says(twin, number, TCP_SYN);
	} else if (connection->phase == OPENED || draw(twin, 4) == 0) {
		backend_says(twin, number, TCP_SYN | TCP_ACK);
		connection->phase = ANSWERED;
	} else {
		client_says(twin, number, TCP_ACK);
		connection->phase = ESTABLISHED;
	}
}

static void step(struct twin *twin)
{
	uint32_t number = draw(twin, CONNECTIONS);
	struct connection *connection = &twin->connections[number];

	switch (connection->phase) {
	case ABSENT:
		if (draw(twin, 5) == 0) {
			stray_segment(twin, number);
			return;
		}
		client_says(twin, number, TCP_SYN);
		*connection =
		    (struct connection){ OPENED, connection->port, false, false };
		port_is_new(twin, number);
		return;
	case CLOSED:
		sweep(twin, number);
		return;
	case ESTABLISHED:
		step_established(twin, number);
		return;
	default:
		step_unproved(twin, number);
	}
}

/* Time passes; who is established stays so, who is not may be gone and is forgotten. */
static void let_time_pass(struct twin *twin)
{
	scene_age(&twin->scene, 100);
	for (uint32_t i = 0; i < CONNECTIONS; i++) {
		struct connection *connection = &twin->connections[i];

		if (connection->phase != ESTABLISHED || connection->client_fin ||
		    connection->backend_fin)
			sweep(twin, i);
		else
			client_says(twin, i, TCP_ACK);
	}
}

static uint32_t choose_seed(void)
{
	const char *text = getenv("HEADGATE_SEED");
	uint32_t seed = text ? (uint32_t)strtoul(text, NULL, 0) : (uint32_t)time(NULL);

	print_message("HEADGATE_SEED=%u\n", seed);
	return seed;
}

static void random_packets_agree_with_the_twin(void **state)
{
	static struct twin twin;
	uint32_t seed = choose_seed();

	for (uint8_t family = 4; family <= 6; family += 2) {
		memset(&twin, 0, sizeof(twin));
		twin.random = seed;
		scene_begin(&twin.scene, *state, family, PROTOCOL_TCP);
		one_backend_on_the_same_link(&twin.scene);
		for (int round = 0; round < ROUNDS; round++) {
			for (int i = 0; i < STEPS; i++)
				step(&twin);
			assert_int_equal(flow_check(twin.scene.harness), 0);
			let_time_pass(&twin);
		}
	}
}

/* Occupy every free line of the main table with connections seen at this tick. */
static void fill(const struct harness *harness, uint32_t tick, uint32_t seen)
{
	struct hg_flow filler = { .ctl = HG_FLOW_LIVE | HG_FLOW_SYN | HG_FLOW_ACK | seen,
				  .partner = HG_FLOW_PARTNER_NONE,
				  .backend = 1,
				  .seen = tick };

	filler.key.protocol = PROTOCOL_TCP;
	for (uint32_t i = 0; i < HARNESS_LINES; i++) {
		if ((harness->flows[i].ctl & HG_FLOW_STATE) != HG_FLOW_FREE)
			continue;
		filler.key.src.words[3] = i;
		filler.key.ports = i * 2654435761U;
		filler.reach = harness->flows[i].reach;
		harness->flows[i] = filler;
	}
}

static void establish(struct twin *twin, uint32_t number)
{
	client_says(twin, number, TCP_SYN);
	twin->connections[number].phase = OPENED;
	backend_says(twin, number, TCP_SYN | TCP_ACK);
	client_says(twin, number, TCP_ACK);
	twin->connections[number].phase = ESTABLISHED;
}

static void full_table_keeps_what_it_has(void **state)
{
	static struct twin twin;
	struct packet packet;

	for (uint8_t family = 4; family <= 6; family += 2) {
		memset(&twin, 0, sizeof(twin));
		scene_begin(&twin.scene, *state, family, PROTOCOL_TCP);
		one_backend_on_the_same_link(&twin.scene);
		for (uint32_t i = 0; i < 50; i++)
			establish(&twin, i);
		fill(*state, harness_tick(), 0);
		for (uint16_t port = 5000; port < 5050; port++) {
			scene_from_client(&twin.scene, CLIENT, &packet);
			packet.sport = port;
			scene_send(&twin.scene, CLIENT, &packet);
			backend_a_replies(&twin.scene, &packet);
			scene_send(&twin.scene, BACKEND_A, &packet);
			scene_from_client(&twin.scene, CLIENT, &packet);
			packet.sport = port;
			packet.flags = TCP_ACK;
			scene_send(&twin.scene, CLIENT, &packet);
		}
		assert_int_equal(harness_reason(*state, HG_REASON_flow_table_full), 50);
		for (uint32_t i = 0; i < 50; i++) {
			client_says(&twin, i, TCP_ACK);
			backend_says(&twin, i, TCP_ACK);
		}
	}
}

/* Lines that may go are taken by who needs one; those that live stay. */
static void assert_makes_room(struct harness *harness, uint32_t tick, uint32_t seen)
{
	static struct twin twin;

	for (uint8_t family = 4; family <= 6; family += 2) {
		memset(&twin, 0, sizeof(twin));
		scene_begin(&twin.scene, harness, family, PROTOCOL_TCP);
		one_backend_on_the_same_link(&twin.scene);
		fill(harness, tick, seen);
		for (uint32_t i = 0; i < 50; i++)
			establish(&twin, i);
		for (uint32_t i = 0; i < 50; i++) {
			client_says(&twin, i, TCP_ACK);
			backend_says(&twin, i, TCP_ACK);
		}
		assert_int_equal(harness_reason(harness, HG_REASON_flow_table_full), 0);
		assert_int_equal(scene_count_live(twin.scene.harness->embryos), 0);
	}
}

/* Nobody sweeps while no daemon runs. */
static void full_table_gives_up_what_has_expired(void **state)
{
	assert_makes_room(*state, harness_tick() - HG_TICKS(432000ULL) - 10, 0);
}

/* Many short connections leave more in TIME_WAIT than there are lines. */
static void full_table_gives_up_what_has_ended(void **state)
{
	assert_makes_room(*state, harness_tick(), HG_FLOW_ENDED);
	assert_makes_room(*state, harness_tick(), HG_FLOW_RESET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_packets_agree_with_the_twin),
		cmocka_unit_test(full_table_keeps_what_it_has),
		cmocka_unit_test(full_table_gives_up_what_has_expired),
		cmocka_unit_test(full_table_gives_up_what_has_ended),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
