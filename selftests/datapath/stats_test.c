// SPDX-License-Identifier: BSD-2-Clause
/*
 * Counters of CPUs. One that comes into use after the first start counts as the others do:
 * whether a backend still serves connections, and may be let go, is told by these numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "../../control/datapath/state.h"
#include "applied.h"
#include "rows.h"

#define PACKETS 20000

static struct harness harness;
static uint32_t first; /* backend */
static int cpus[2];

/* The first and the last that this process may use. */
static bool find_cpus(void)
{
	cpu_set_t usable;

	assert_int_equal(sched_getaffinity(0, sizeof(usable), &usable), 0);
	for (cpus[0] = 0; !CPU_ISSET(cpus[0], &usable); cpus[0]++)
		;
	for (cpus[1] = CPU_SETSIZE - 1; !CPU_ISSET(cpus[1], &usable); cpus[1]--)
		;
	if (cpus[0] == cpus[1])
		print_message("only one CPU may be used\n");
	return cpus[0] != cpus[1];
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

static void open_with(uint32_t own, uint32_t shared)
{
	struct hg_config config = harness_config();

	config.stats_own = own;
	config.stats_shared = shared;
	assert_int_equal(harness_open(&config, &harness), 0);
}

static void begin(struct scene *scene)
{
	scene_begin(scene, &harness, 4, PROTOCOL_TCP);
	first = scene_add_service(scene,
				  &(struct scene_service){ .endpoint = { BACKEND_A } });
}

static int open_harness(void **state)
{
	(void)state;
	topology_enter();
	return 0;
}

static void a_cpu_that_came_later_counts_too(void **state)
{
	/* The last CPU of this machine, as of one that began with fewer. */
	static const uint32_t rows[][2] = { { 0, 1 }, { 1, 1 }, { 1, 2 }, { 0, 4 } };
	cpu_set_t before;

	(void)state;
	if (!find_cpus())
		skip();
	sched_getaffinity(0, sizeof(before), &before);
	for (int i = 0; i < 4; i++) {
		struct scene scene;
		struct packet packet;

		open_with(rows[i][0], rows[i][1]);
		begin(&scene);
		for (int j = 0; j < 2; j++) {
			stay_on(cpus[j]);
			assert_true(scene_establish(&scene, CLIENT, BACKEND_A));
			scene_from_client(&scene, CLIENT, &packet);
			packet.sport = (uint16_t)(2000 + j);
			scene_send(&scene, CLIENT, &packet);
		}
		struct hg_stats seen = harness_stats(&harness, first);
		/* One flow by both, which the second finds there; and one each. */
		assert_int_equal(seen.created, 3);
		assert_int_equal(seen.packets[0], 6);
		assert_int_equal(seen.packets[1], 2);
		assert_true(seen.bytes[0] > 6 * 40 && seen.bytes[1] >= 2 * 40);
		harness_close(&harness);
		sched_setaffinity(0, sizeof(before), &before);
	}
}

static void *send_many(void *context)
{
	const int *cpu = context;
	struct scene scene = { 0 };
	struct packet packet;

	stay_on(*cpu);
	scene.harness = &harness;
	scene.family = 4;
	scene.protocol = PROTOCOL_TCP;
	scene_from_client(&scene, CLIENT, &packet);
	packet.flags = TCP_ACK;
	for (int i = 0; i < PACKETS; i++)
		scene_send(&scene, CLIENT, &packet);
	return NULL;
}

static void no_count_is_lost_where_cpus_share_a_row(void **state)
{
	struct scene scene;
	struct packet packet;
	pthread_t threads[2];

	(void)state;
	if (!find_cpus())
		skip();
	open_with(0, 1);
	begin(&scene);
	assert_true(scene_establish(&scene, CLIENT, BACKEND_A));
	struct hg_stats before = harness_stats(&harness, first);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, send_many, &cpus[i]),
				 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	struct hg_stats after = harness_stats(&harness, first);
	assert_int_equal(after.packets[0] - before.packets[0], 2 * PACKETS);
	scene_from_client(&scene, CLIENT, &packet);
	assert_int_equal(after.bytes[0] - before.bytes[0],
			 2 * PACKETS * packet_size(&packet));
	harness_close(&harness);
}

/* A first start that was cut short when fewer CPUs were there has pinned fewer rows. */
static void fewer_rows_than_cpus_are_shared(void **state)
{
	struct applied applied;
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);

	(void)state;
	applied_defaults(&applied);
	assert_int_equal(mkdir(APPLIED_ROOT, 0700), 0);
	int fd =
	    bpf_map_create(BPF_MAP_TYPE_ARRAY, "hg_stats", 4, sizeof(struct hg_stats),
			   applied.options.backends + 1, &options);
	assert_int_equal(bpf_obj_pin(fd, APPLIED_ROOT "/hg_stats"), 0);
	close(fd);
	applied_open(&applied);
	assert_int_equal(applied.datapath->stats_rows, 1);
	bool others = libbpf_num_possible_cpus() > 1;
	assert_int_equal(applied.datapath->config.stats_own, others ? 0 : 1);
	assert_int_equal(applied.datapath->config.stats_shared, others);
	applied_end(&applied);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cpu_that_came_later_counts_too),
		cmocka_unit_test(no_count_is_lost_where_cpus_share_a_row),
		cmocka_unit_test(fewer_rows_than_cpus_are_shared),
	};

	return cmocka_run_group_tests(tests, open_harness, NULL);
}
