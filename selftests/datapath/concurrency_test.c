// SPDX-License-Identifier: BSD-2-Clause
/*
 * All CPUs at once on few keys: connections are opened, answered, acknowledged, closed
 * and reset, and their lines freed under way as the sweeper frees them, for 20 s
 * (HEADGATE_SECONDS changes that). In the midst of it each thread has established
 * connections of its own which nobody may touch: each of their packets must come out
 * exactly. Replies of the turmoil must never reach those. Afterwards the tables must be
 * whole (flow_check.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "flow_check.h"
#include "rows.h"

#define THREADS	  64
#define KEPT	  24 /* per thread */
#define TURMOIL	  48 /* client ports that all threads fight over */
#define PORTS	  512
#define KEPT_FROM 10000

struct worker {
	pthread_t thread;
	int cpu;
	time_t deadline;
	uint32_t random;
	struct scene scene;
	uint16_t kept[KEPT]; /* our port towards the backend */
	unsigned long packets, frees, wrong;
};

static struct worker workers[THREADS];
static int worker_count;
static uint16_t port_hint[TURMOIL]; /* where a reply to this client port went last */

static uint32_t draw(struct worker *worker, uint32_t below)
{
	worker->random = worker->random * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)worker->random * below) >> 32);
}

static uint16_t kept_port(const struct worker *worker, int number)
{
	return (uint16_t)(KEPT_FROM + worker->cpu * KEPT + number);
}

/* One packet of a kept connection, either way: must come out exactly. */
static void use_kept(struct worker *worker, int number, bool from_client)
{
	struct scene *scene = &worker->scene;
	struct packet packet, want;

	scene->snat_port = worker->kept[number];
	if (from_client) {
		client_goes_on(scene, &packet);
		packet.sport = kept_port(worker, number);
	} else {
		scene_from_backend(scene, BACKEND_A, &packet);
		packet.flags = TCP_ACK;
	}
	scene_send(scene, from_client ? CLIENT : BACKEND_A, &packet);
	scene->snat_port = worker->kept[number];
	want = packet;
	if (from_client)
		reaches_backend_a(scene, &want);
	else
		reaches_client(scene, &want);
	if (!from_client)
		want.dport = kept_port(worker, number);
	worker->wrong += !scene_saw(scene, "an established connection", XDP_TX, &want);
}

static bool establish_kept(struct worker *worker, int number)
{
	static const uint8_t flags[] = { TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK };
	struct scene *scene = &worker->scene;
	struct packet packet;

	for (int i = 0; i < 3; i++) {
		if (i == 1) {
			scene_from_backend(scene, BACKEND_A, &packet);
		} else {
			scene_from_client(scene, CLIENT, &packet);
			packet.sport = kept_port(worker, number);
		}
		packet.flags = flags[i];
		scene_send(scene, i == 1 ? BACKEND_A : CLIENT, &packet);
		if (scene->run.verdict != XDP_TX)
			return false;
	}
	worker->kept[number] = scene->snat_port;
	return true;
}

static void turmoil_client(struct worker *worker)
{
	static const uint8_t flags[] = { TCP_SYN, TCP_SYN, TCP_ACK,
					 TCP_ACK, TCP_RST, TCP_FIN | TCP_ACK };
	struct scene *scene = &worker->scene;
	uint32_t number = draw(worker, TURMOIL);
	struct packet packet;

	scene_from_client(scene, OTHER_CLIENT, &packet);
	packet.sport = (uint16_t)(1 + number);
	packet.flags = flags[draw(worker, sizeof(flags))];
	scene->snat_port = 0;
	scene_send(scene, OTHER_CLIENT, &packet);
	if (scene->run.verdict == XDP_TX && scene->snat_port != SERVICE_PORT)
		__atomic_store_n(&port_hint[number], scene->snat_port, __ATOMIC_RELAXED);
	if (packet_sums_hold(scene->run.out, scene->run.out_size))
		return;
	print_error("client port %u: verdict %u with a wrong checksum\n", packet.sport,
		    scene->run.verdict);
	worker->wrong++;
}

static bool is_kept(uint16_t port)
{
	for (int i = 0; i < worker_count; i++)
		for (int j = 0; j < KEPT; j++)
			if (workers[i].kept[j] == port)
				return true;
	return false;
}

/* Whoever has the port by now may get it, but only one of those that fight for it. */
static void turmoil_backend(struct worker *worker)
{
	static const uint8_t flags[] = { TCP_SYN | TCP_ACK, TCP_SYN | TCP_ACK, TCP_ACK,
					 TCP_FIN | TCP_ACK, TCP_RST };
	struct scene *scene = &worker->scene;
	struct packet packet, want;
	int64_t port;

	scene->snat_port =
	    __atomic_load_n(&port_hint[draw(worker, TURMOIL)], __ATOMIC_RELAXED);
	if (!scene->snat_port || is_kept(scene->snat_port))
		return;
	scene_from_backend(scene, BACKEND_A, &packet);
	packet.flags = flags[draw(worker, sizeof(flags))];
	scene_send(scene, BACKEND_A, &packet);
	if (scene->run.verdict != XDP_TX)
		return;
	port = packet_field_value(scene->run.out, scene->run.out_size, "tcp", "dport");
	/* Nobody has the port by now, and the backend is told. */
	if (packet_field_value(scene->run.out, scene->run.out_size, "tcp", "flags") ==
		TCP_RST &&
	    port == scene_target_port(scene))
		return;
	want = packet;
	scene_to_client(scene, OTHER_CLIENT, &want);
	want.dport = (uint16_t)port;
	if (port >= 1 && port <= TURMOIL &&
	    scene_saw(scene, "a reply in the turmoil", XDP_TX, &want))
		return;
	print_error("a reply to port %u went to client port %lld\n", packet.dport,
		    (long long)port);
	worker->wrong++;
}

/* Free a line of the turmoil, as the sweeper would. */
static void turmoil_sweep(struct worker *worker)
{
	struct harness *harness = worker->scene.harness;
	struct hg_flow *table = draw(worker, 2) ? harness->flows : harness->embryos;
	struct hg_addr client = scene_addr(&worker->scene, OTHER_CLIENT);
	uint32_t from = draw(worker, HARNESS_LINES);

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t line = (from + i) & (HARNESS_LINES - 1);

		if ((table[line].ctl & (HG_FLOW_STATE | HG_FLOW_REPLY)) != HG_FLOW_LIVE ||
		    memcmp(&table[line].key.src, &client, sizeof(client)) != 0)
			continue;
		flow_free_pair(table, line);
		worker->frees++;
		return;
	}
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void *work(void *argument)
{
	struct worker *worker = argument;

	stay_on(worker->cpu);
	while (time(NULL) < worker->deadline && worker->wrong < 10) {
		for (int i = 0; i < 200; i++, worker->packets++) {
			uint32_t choice = draw(worker, 16);

			if (choice < 7)
				turmoil_client(worker);
			else if (choice < 12)
				turmoil_backend(worker);
			else if (choice < 13)
				turmoil_sweep(worker);
			else
				use_kept(worker, (int)draw(worker, KEPT), choice & 1);
		}
	}
	return NULL;
}

static int duration(void)
{
	const char *text = getenv("HEADGATE_SECONDS");

	return text ? (int)strtoul(text, NULL, 10) : 20;
}

static void prepare(struct scene *scene, uint32_t seed)
{
	worker_count = scene->harness->cpus < THREADS ? scene->harness->cpus : THREADS;
	one_backend_on_the_same_link(scene);
	for (int i = 0; i < worker_count; i++) {
		struct worker *worker = &workers[i];

		memset(worker, 0, sizeof(*worker));
		worker->cpu = i;
		worker->random = seed + (uint32_t)i * 7919;
		worker->scene = *scene;
		for (int j = 0; j < KEPT; j++)
			assert_true(establish_kept(worker, j));
	}
}

static void all_cpus_at_once(struct harness *harness, uint8_t family, uint32_t seed)
{
	static struct scene scene;
	unsigned long packets = 0, frees = 0, wrong = 0;

	scene_begin(&scene, harness, family, PROTOCOL_TCP);
	prepare(&scene, seed);
	for (int i = 0; i < worker_count; i++) {
		workers[i].deadline = time(NULL) + duration() / 4 + 1;
		assert_int_equal(
		    pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < worker_count; i++) {
		pthread_join(workers[i].thread, NULL);
		packets += workers[i].packets;
		frees += workers[i].frees;
		wrong += workers[i].wrong;
	}
	print_message("v%u: %lu packets, %lu pairs freed\n", family, packets, frees);
	assert_int_equal(wrong, 0);
	assert_int_equal(flow_check(harness), 0);
	for (int i = 0; i < worker_count; i++)
		for (int j = 0; j < 2 * KEPT; j++)
			use_kept(&workers[i], j / 2, j & 1);
	for (int i = 0; i < worker_count; i++)
		assert_int_equal(workers[i].wrong, 0);
}

static void on_all_cpus(void **state)
{
	const char *text = getenv("HEADGATE_SEED");
	uint32_t seed = text ? (uint32_t)strtoul(text, NULL, 0) : (uint32_t)time(NULL);

	print_message("HEADGATE_SEED=%u\n", seed);
	all_cpus_at_once(*state, 4, seed);
	all_cpus_at_once(*state, 6, seed);
}

static void no_duplicate_no_misroute_no_loss(void **state)
{
	on_all_cpus(state);
}

static void no_misroute_under_a_flood_of_embryos(void **state)
{
	on_all_cpus(state);
}

/* Few ports and few embryos, so that flows push each other out. */
static int open_narrow(void **state, uint32_t embryos)
{
	struct hg_config config = harness_config();
	struct harness *harness = calloc(1, sizeof(*harness));

	if (!harness)
		return -1;
	config.port_last = config.port_first + PORTS - 1;
	config.embryo_mask = embryos - 1;
	*state = harness;
	if (harness_open(&config, harness) < 0)
		return -1;
	/* Keys of one home have different locks where lines are fewer than locks, which the control
	 * process never allows: what the lock would protect is at its end already. */
	for (uint32_t i = 0; i < embryos; i++)
		harness->embryos[i].reach = HG_EMBRYO_WINDOW - 1;
	return 0;
}

static int open_roomy(void **state)
{
	return open_narrow(state, 1024);
}

/* One window: each embryo replaces another, as under a flood. */
static int open_flooded(void **state)
{
	return open_narrow(state, HG_EMBRYO_WINDOW);
}

static int enter(void **state)
{
	(void)state;
	topology_enter();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_duplicate_no_misroute_no_loss,
						open_roomy, rows_close),
		cmocka_unit_test_setup_teardown(no_misroute_under_a_flood_of_embryos,
						open_flooded, rows_close),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
