// SPDX-License-Identifier: BSD-2-Clause
/*
 * Two seeds. One is public and the same on all balancers: the slot of a packet, so its
 * backend. The other is this machine's, drawn when the tables are made: where a flow lies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <unistd.h>
#include <headgate/endian.h>
#include <headgate/hash.h>
#include "../../control/datapath/state.h"
#include "applied.h"
#include "rows.h"

#define FEW   512U /* homes that the attacker's keys share, with their windows */
#define PORTS 300U

static struct applied applied;

static struct hg_flow_key key_of(const struct scene *scene, uint16_t port)
{
	return (struct hg_flow_key){ .src = scene_addr(scene, CLIENT),
				     .dst = scene_addr(scene, SERVICE),
				     .sport = be16(port),
				     .dport = be16(SERVICE_PORT),
				     .protocol = scene->protocol };
}

/* Among the first lines of the table, if it went by what the attacker knows. */
static bool is_chosen(const struct scene *scene, uint16_t port)
{
	const struct hg_config *config = &scene->harness->config;
	struct hg_flow_key key = key_of(scene, port);

	return ((uint32_t)hg_hash_slot(&key, config->slot_seed) & config->flow_mask) <
	       FEW;
}

/* Lines in use where the attacker wants his connections to lie. */
static unsigned count_hit(const struct scene *scene)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < FEW + HG_FLOW_WINDOW; i++)
		count += (scene->harness->flows[i].ctl & HG_FLOW_STATE) == HG_FLOW_LIVE;
	return count;
}

static bool establish_from(struct scene *scene, uint16_t port)
{
	struct packet packet;

	for (int i = 0; i < 3; i++) {
		if (i == 1)
			scene_from_backend(scene, BACKEND_A, &packet);
		else
			scene_from_client(scene, CLIENT, &packet);
		if (i != 1)
			packet.sport = port;
		packet.flags = i == 1 ? TCP_SYN | TCP_ACK : i ? TCP_ACK : TCP_SYN;
		scene_send(scene, i == 1 ? BACKEND_A : CLIENT, &packet);
		if (scene->run.verdict != XDP_TX)
			return false;
	}
	return true;
}

static void chosen_ports_fill_no_window(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct scene scene;
		unsigned chosen = 0;

		scene_begin(&scene, *state, family, PROTOCOL_TCP);
		one_backend_on_the_same_link(&scene);
		for (unsigned port = 1024; port < 65536 && chosen < FEW + 64; port++) {
			if (!is_chosen(&scene, (uint16_t)port))
				continue;
			chosen++;
			assert_true(establish_from(&scene, (uint16_t)port));
		}
		assert_int_equal(chosen, FEW + 64);
		assert_int_equal(harness_reason(scene.harness, HG_REASON_flow_table_full),
				 0);
		/* Forward and reply lines alike lie anywhere: a fifteenth of them here. */
		assert_in_range(scene_count_live(scene.harness->flows), 2 * chosen,
				2 * chosen);
		assert_in_range(count_hit(&scene), 0, chosen / 3);
	}
}

/* Which backend each client port gets. */
static void record_backends(uint64_t seed, uint8_t ret[PORTS])
{
	struct hg_config config = harness_config();
	struct harness harness;
	struct scene scene;
	struct packet packet;
	uint32_t first;

	config.seed = seed;
	assert_int_equal(harness_open(&config, &harness), 0);
	scene_begin(&scene, &harness, 4, PROTOCOL_TCP);
	first = scene_add_service(
	    &scene,
	    &(struct scene_service){ .endpoint = { BACKEND_A, BACKEND_B, BACKEND_C } });
	for (uint32_t i = 0; i < PORTS; i++) {
		scene_from_client(&scene, CLIENT, &packet);
		packet.sport = (uint16_t)(2000 + i);
		scene_send(&scene, CLIENT, &packet);
		ret[i] = 0;
		for (uint8_t j = 0; j < 3; j++) {
			if (harness_stats(&harness, first + j).created)
				ret[i] = j + 1;
		}
		memset(harness.stats, 0,
		       sizeof(struct hg_stats) * HARNESS_BACKENDS *
			   harness_rows(&harness));
		assert_int_not_equal(ret[i], 0);
	}
	harness_close(&harness);
}

static void balancers_with_different_tables_choose_the_same_backend(void **state)
{
	uint8_t here[PORTS], there[PORTS];

	(void)state;
	record_backends(0x1234567890abcdefULL, here);
	record_backends(0xfedcba0987654321ULL, there);
	assert_memory_equal(here, there, sizeof(here));
	assert_non_null(memchr(here, 1, sizeof(here)));
	assert_non_null(memchr(here, 2, sizeof(here)));
	assert_non_null(memchr(here, 3, sizeof(here)));
}

/* What the programs were loaded with. */
static struct hg_config config_of(const struct bpf_object *object)
{
	struct hg_config config = { 0 };
	struct bpf_map *map;
	size_t size;

	bpf_object__for_each_map(map, object)
	{
		if (strstr(bpf_map__name(map), ".rodata")) {
			const void *value = bpf_map__initial_value(map, &size);

			assert_int_equal(size, sizeof(config));
			memcpy(&config, value, size);
		}
	}
	return config;
}

static void assert_loaded_with(uint64_t seed, uint64_t slot_seed)
{
	const struct bpf_object *objects[] = { applied.datapath->nic,
					       applied.datapath->pod };

	for (int i = 0; i < 2; i++) {
		struct hg_config config = config_of(objects[i]);

		assert_true(config.seed == seed);
		assert_true(config.slot_seed == slot_seed);
	}
	assert_true(applied.datapath->config.seed == seed);
}

static void a_restart_keeps_the_seed_of_the_tables(void **state)
{
	(void)state;
	applied_defaults(&applied);
	applied_open(&applied);
	uint64_t first = applied_seed();
	assert_true(first != 0 && first != applied.options.slot_seed);
	assert_loaded_with(first, 42);
	applied_close(&applied);
	applied.options.slot_seed = 43;
	applied_open(&applied);
	assert_true(applied_seed() == first);
	assert_loaded_with(first, 43);
	applied_end(&applied);
	applied_open(&applied);
	assert_true(applied_seed() != first);
	applied_end(&applied);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(chosen_ports_fill_no_window, rows_open,
						rows_close),
		cmocka_unit_test(balancers_with_different_tables_choose_the_same_backend),
		cmocka_unit_test(a_restart_keeps_the_seed_of_the_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
