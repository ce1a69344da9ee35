// SPDX-License-Identifier: BSD-2-Clause
/*
 * A flood of SYNs from made-up addresses, each answered by its backend, and beside it clients
 * that are far away: their ACKs come after so many SYNs of the flood that nothing of their
 * handshake is left in hg_embryos. What is simulated is the order of packets; the programs are
 * the real ones. HEADGATE_FLOOD: SYNs between a client's SYN and its ACK (default: what passes
 * in 300 ms at 2,000,000 SYN/s; the time is what it takes here).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "flow_check.h"
#include "rows.h"

#define BETWEEN	 600000U
#define CLIENTS	 200
#define ANSWER	 200U /* SYNs of the flood until a backend's SYN/ACK: 0.1 ms */
#define BACKENDS 2

static const enum role backends[BACKENDS] = { BACKEND_A, POD_A };

struct client {
	uint16_t port, seen; /* its own, and by which the backend knows it */
	uint32_t isn;
	uint8_t first; /* flags of what comes first: its ACK may be lost */
	bool connected;
};

static uint32_t between(void)
{
	const char *text = getenv("HEADGATE_FLOOD");

	return text ? (uint32_t)strtoul(text, NULL, 10) : BETWEEN;
}

static int64_t field(const struct scene *scene, const char *name)
{
	return packet_field_value(scene->run.out, scene->run.out_size, "tcp", name);
}

static void from_client(struct scene *scene, const struct client *client, uint8_t flags,
			struct packet *packet)
{
	scene_from_client(scene, CLIENT, packet);
	packet->sport = client->port;
	packet->flags = flags;
	packet->tcp_options = 0;
	packet->seq = client->isn + !(flags & TCP_SYN);
	scene_send(scene, CLIENT, packet);
}

static bool was_forwarded(const struct scene *scene)
{
	return scene->run.verdict == XDP_TX || scene->run.marked;
}

static void from_backend(struct scene *scene, const struct client *client,
			 enum role backend, uint8_t flags)
{
	struct packet packet;

	scene->snat_port = client->seen;
	scene_from_backend(scene, backend, &packet);
	packet.flags = flags;
	packet.seq += !(flags & TCP_SYN);
	packet.ack = client->isn + 1;
	if (!scene_is_local(backend)) {
		scene_send(scene, backend, &packet);
		return;
	}
	packet.dst = scene_addr(scene, CLIENT);
	scene_send_tc(scene, scene->harness->pod_out, POD0, &packet);
}

/* One SYN of the flood. The answer of a backend that it reaches would not prove anybody. */
static void flood(struct scene *scene, uint32_t number)
{
	struct packet packet;

	scene_from_client(scene, CLIENT, &packet);
	packet.src.bytes[13] = (uint8_t)(number * 167 >> 3);
	packet.src.bytes[14] = (uint8_t)(number >> 8);
	packet.src.bytes[15] = (uint8_t)number;
	packet.sport = (uint16_t)(1024 + number * 40503U % 60000);
	packet.seq = number * 2654435761U;
	scene_send(scene, CLIENT, &packet);
}

static void opens(struct scene *scene, struct client *client, uint32_t number)
{
	struct packet packet;

	*client = (struct client){ .port = (uint16_t)(2000 + number * 31),
				   .isn = 77777 + number * 99991,
				   .first = number & 1 ? TCP_ACK : TCP_FIN | TCP_ACK };
	from_client(scene, client, TCP_SYN, &packet);
	client->seen = (uint16_t)field(scene, "sport");
}

/* Its ACK, which reaches the backend by the port that the backend knows; then data, whose
 * acknowledgement it gets. */
static bool proves_itself(struct scene *scene, struct client *client, enum role backend)
{
	struct packet packet;

	from_client(scene, client, client->first, &packet);
	if (!was_forwarded(scene) || field(scene, "sport") != client->seen)
		return false;
	from_backend(scene, client, backend, TCP_ACK);
	if (field(scene, "dport") != client->port)
		return false;
	from_client(scene, client, TCP_ACK, &packet);
	return was_forwarded(scene) && field(scene, "sport") == client->seen;
}

/* Returns how many of the clients connected. */
static unsigned simulate(struct scene *scene, enum role backend, uint32_t apart)
{
	static struct client clients[CLIENTS];
	uint32_t spacing = apart / CLIENTS + 1;
	unsigned connected = 0;

	/* It has filled the table. */
	for (uint32_t i = 0; i < HARNESS_LINES; i++)
		flood(scene, 3 * apart + i);
	for (uint32_t now = 0; now <= 2 * apart + ANSWER; now++) {
		uint32_t number = now / spacing;

		if (now % spacing == 0 && number < CLIENTS)
			opens(scene, &clients[number], number);
		if (now % spacing == ANSWER % spacing && now >= ANSWER &&
		    (now - ANSWER) / spacing < CLIENTS)
			from_backend(scene, &clients[(now - ANSWER) / spacing], backend,
				     TCP_SYN | TCP_ACK);
		if (now >= apart && (now - apart) % spacing == 0 &&
		    (now - apart) / spacing < CLIENTS)
			connected += proves_itself(
			    scene, &clients[(now - apart) / spacing], backend);
		flood(scene, now);
	}
	return connected;
}

static void far_clients_connect_beside_a_flood(void **state)
{
	struct scene scene;

	for (int i = 0; i < BACKENDS; i++) {
		unsigned connected;

		scene_begin(&scene, *state, 4, PROTOCOL_TCP);
		scene_add_service(&scene,
				  &(struct scene_service){ .endpoint = { backends[i] } });
		connected = simulate(&scene, backends[i], between());
		print_message("%u SYNs between SYN and ACK, %u half-open connections, "
			      "%s: %u of %u connected\n",
			      between(), HARNESS_LINES / 2,
			      i ? "a pod here" : "a backend elsewhere", connected,
			      CLIENTS);
		assert_in_range(connected, CLIENTS * 99 / 100, CLIENTS);
		assert_int_equal(harness_reason(*state, HG_REASON_flow_table_full), 0);
		assert_int_equal(flow_check(*state), 0);
	}
}

/* A made-up ACK earns nothing more than a try: it reaches the backend, which refuses it. */
static void a_flood_of_acks_never_reaches_the_main_table(void **state)
{
	struct scene scene;
	struct packet packet;
	uint32_t tried = 0;

	scene_begin(&scene, *state, 4, PROTOCOL_TCP);
	one_backend_on_the_same_link(&scene);
	for (uint32_t i = 0; i < 2 * HARNESS_LINES; i++)
		flood(&scene, i);
	for (uint32_t i = 0; i < HARNESS_LINES; i++) {
		struct client client = { .port = (uint16_t)(1024 + i * 7), .isn = i };

		from_client(&scene, &client, TCP_ACK, &packet);
		if (scene.run.verdict != XDP_TX)
			continue;
		tried++;
		client.seen = (uint16_t)field(&scene, "sport");
		from_backend(&scene, &client, BACKEND_A, TCP_RST);
		from_client(&scene, &client, TCP_ACK, &packet);
	}
	assert_in_range(tried, HARNESS_LINES / 2, HARNESS_LINES);
	assert_int_equal(scene_count_live(scene.harness->flows), 0);
}

/* It is over after seconds, and does not come again when lines' 24 bits of the tick have come
 * round, nor when all 32 have. */
static void a_flood_ends(void **state)
{
	const uint32_t ago[] = { HG_TICKS(6), HG_TICK_MASK, HG_TICK_MASK + 1U, 1U << 31,
				 (1U << 31) + HG_TICKS(60) };
	struct client client = { .port = 5000, .isn = 1 };
	struct scene scene;
	struct packet packet;
	uint32_t *flood_tick;

	scene_begin(&scene, *state, 4, PROTOCOL_TCP);
	one_backend_on_the_same_link(&scene);
	for (uint32_t i = 0; i < 2 * HARNESS_LINES; i++)
		flood(&scene, i);
	from_client(&scene, &client, TCP_ACK, &packet);
	assert_int_equal(scene.run.verdict, XDP_TX);
	assert_true(was_forwarded(&scene));
	flood_tick = &scene.harness->state->flood_tick;
	for (size_t i = 0; i < sizeof(ago) / sizeof(*ago); i++) {
		*flood_tick = *flood_tick - ago[i] ?: 1;
		client.port++;
		from_client(&scene, &client, TCP_ACK, &packet);
		assert_int_equal(harness_reason(*state, HG_REASON_no_flow), i + 1);
		*flood_tick += ago[i];
	}
}

/* Without a flood a segment that nobody knows is answered by us. */
static void without_a_flood_nothing_is_guessed(void **state)
{
	struct client client = { .port = 5000, .isn = 1 };
	struct scene scene;
	struct packet packet;

	scene_begin(&scene, *state, 4, PROTOCOL_TCP);
	one_backend_on_the_same_link(&scene);
	for (uint32_t i = 0; i < 64; i++)
		flood(&scene, i);
	from_client(&scene, &client, TCP_ACK, &packet);
	assert_int_equal(harness_reason(*state, HG_REASON_no_flow), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(far_clients_connect_beside_a_flood),
		cmocka_unit_test(a_flood_of_acks_never_reaches_the_main_table),
		cmocka_unit_test(a_flood_ends),
		cmocka_unit_test(without_a_flood_nothing_is_guessed),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
