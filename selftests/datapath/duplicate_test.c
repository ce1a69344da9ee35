// SPDX-License-Identifier: BSD-2-Clause
/*
 * The one race that a random mix seldom hits: the first packet of one key on all CPUs at
 * the same instant. Threads walk through the same keys in step, each key unknown when they
 * meet at it; then every key must have exactly one flow, and every copy of its first
 * packet must have left by that flow's port.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "flow_check.h"
#include "rows.h"

#define THREADS 8
#define KEYS	1500 /* per round: fewer flows than the embryos' table replaces */
#define ROUNDS	6

struct runner {
	pthread_t thread;
	int cpu;
	struct scene scene;
	uint16_t port[KEYS]; /* ours, by which this CPU's copy left; 0: it was refused */
};

static struct runner runners[THREADS];
static int runner_count;
static unsigned arrived; /* at keys, by all runners together */

/* Nobody starts at key `number` before all are there. */
static void meet(unsigned number)
{
	__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) <
	       (number + 1) * (unsigned)runner_count)
		;
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void *run(void *argument)
{
	struct runner *runner = argument;
	struct packet packet;

	stay_on(runner->cpu);
	for (unsigned i = 0; i < KEYS; i++) {
		scene_from_client(&runner->scene, CLIENT, &packet);
		packet.sport = (uint16_t)(1 + i);
		runner->scene.snat_port = 0;
		meet(i);
		scene_send(&runner->scene, CLIENT, &packet);
		runner->port[i] = runner->scene.snat_port;
	}
	return NULL;
}

static void run_all(const struct scene *scene)
{
	arrived = 0;
	runner_count = scene->harness->cpus < THREADS ? scene->harness->cpus : THREADS;
	for (int i = 0; i < runner_count; i++) {
		runners[i].cpu = i;
		runners[i].scene = *scene;
		assert_int_equal(
		    pthread_create(&runners[i].thread, NULL, run, &runners[i]), 0);
	}
	for (int i = 0; i < runner_count; i++)
		pthread_join(runners[i].thread, NULL);
}

/* A copy may have been refused as contended; those that left agree. */
static unsigned count_disagreements(void)
{
	unsigned wrong = 0;

	for (unsigned key = 0; key < KEYS; key++) {
		uint16_t port = 0;

		for (int i = 0; i < runner_count; i++) {
			uint16_t mine = runners[i].port[key];

			wrong += port && mine && port != mine;
			port = mine ? mine : port;
		}
	}
	return wrong;
}

static void same_key_on_all_cpus_is_one_flow(void **state)
{
	static struct scene scene;

	for (int i = 0; i < ROUNDS; i++) {
		scene_begin(&scene, *state, i & 1 ? 6 : 4, PROTOCOL_TCP);
		one_backend_on_the_same_link(&scene);
		run_all(&scene);
		assert_int_equal(count_disagreements(), 0);
		assert_int_equal(flow_check(*state), 0);
		assert_in_range(scene_count_live(scene.harness->embryos), KEYS, 2 * KEYS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_key_on_all_cpus_is_one_flow),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
