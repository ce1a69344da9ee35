// SPDX-License-Identifier: BSD-2-Clause
/* Services applied to real maps: differences, adoption after a restart, full maps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "applied.h"

#define VIP	  "10.96.0.10"
#define OTHER_VIP "10.96.0.11"

static struct applied applied;
static const char *const AB[] = { "10.1.0.1", "10.1.0.2" };
static const char *const BC[] = { "10.1.0.2", "10.1.0.3" };
static const char *const ABC[] = { "10.1.0.1", "10.1.0.2", "10.1.0.3" };

static int setup(void **state)
{
	(void)state;
	applied_defaults(&applied);
	applied_open(&applied);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	applied_end(&applied);
	return 0;
}

static void put(const char *name, const char *vip, const char *const *backends,
		size_t count)
{
	struct wanted_service *wanted = wanted_make(name, vip, backends, count);
	int r = applied_put(&applied, wanted);

	wanted_service_free(wanted);
	if (r < 0)
		fail_msg("%s", applied_sentence(&applied));
}

static struct hg_service service_of(const char *vip)
{
	struct hg_service service;

	assert_true(applied_service(vip, 80, IPPROTO_TCP, &service, NULL));
	return service;
}

static void a_service_is_found_as_it_was_wanted(void **state)
{
	struct hg_service address;

	(void)state;
	put("cart", VIP, AB, 2);
	struct hg_service service = service_of(VIP);
	assert_int_equal(service.slot_count, 97);
	assert_int_equal(service.member_count, 2);
	assert_int_equal(service.active_count, 2);
	for (uint32_t i = 0; i < 97; i++) {
		assert_int_equal(applied_slot(&service, i).current, i % 2);
		assert_int_equal(applied_slot(&service, i).previous, i % 2);
	}
	struct hg_backend backend = applied_backend(applied_member(&service, 1).backend);
	assert_int_equal(backend.hop, 3);
	assert_int_equal(backend.flags, HG_BACKEND_LIVE);
	assert_int_equal(backend.service, service.id);
	assert_int_not_equal(backend.snat, 0);
	assert_true(applied_service(VIP, 0, 0, &address, NULL));
	assert_int_equal(address.flags, HG_SERVICE_ADDRESS);
	assert_int_equal(applied.held, 2);
}

static void applying_twice_writes_nothing(void **state)
{
	struct hg_service first, second;
	uint32_t first_index, second_index;

	(void)state;
	put("cart", VIP, AB, 2);
	applied_service(VIP, 80, IPPROTO_TCP, &first, &first_index);
	put("cart", VIP, AB, 2);
	applied_service(VIP, 80, IPPROTO_TCP, &second, &second_index);
	assert_int_equal(first_index, second_index);
	assert_memory_equal(&first, &second, sizeof(first));
	assert_int_equal(applied_live_backends(), 2);
}

static void equal_backend_sets_share_a_table(void **state)
{
	(void)state;
	put("cart", VIP, AB, 2);
	put("shop", OTHER_VIP, AB, 2);
	struct hg_service cart = service_of(VIP), shop = service_of(OTHER_VIP);
	assert_int_equal(cart.slot_base, shop.slot_base);
	assert_int_not_equal(cart.member_base, shop.member_base);
	assert_int_equal(applied_member(&cart, 0).endpoint,
			 applied_member(&shop, 0).endpoint);
	assert_int_not_equal(cart.id, shop.id);
}

static void a_change_keeps_indices_and_remembers_previous_owners(void **state)
{
	(void)state;
	put("cart", VIP, AB, 2);
	struct hg_service old = service_of(VIP);
	uint32_t a = applied_find(&old, AB[0]), b = applied_find(&old, AB[1]);

	put("cart", VIP, BC, 2);
	struct hg_service new = service_of(VIP);
	assert_int_equal(applied_find(&new, AB[1]), b);
	assert_int_equal(new.active_count, 2);
	assert_int_equal(new.member_count, 3);
	assert_int_equal(applied_member(&new, 2).backend, a);
	assert_true(applied_backend(a).flags & HG_BACKEND_MOVE_UDP);
	assert_int_not_equal(new.member_base, old.member_base);
	/* A (now at 2) had the even slots, B (now at 0) the odd ones. */
	for (uint32_t i = 0; i < 97; i++) {
		assert_int_equal(applied_slot(&new, i).current, i % 2);
		assert_int_equal(applied_slot(&new, i).previous, i % 2 ? 0 : 2);
	}
}

static bool two_are_live(void *context)
{
	(void)context;
	return applied_live_backends() == 2;
}

static void a_departed_backend_goes_when_it_has_no_flow(void **state)
{
	(void)state;
	put("cart", VIP, AB, 2);
	struct hg_service old = service_of(VIP);
	uint32_t a = applied_find(&old, AB[0]);
	uint16_t generation = applied_backend(a).generation;

	put("cart", VIP, BC, 2);
	assert_true(applied_tick_until(&applied, two_are_live, NULL, 10));
	assert_int_equal(applied_backend(a).generation, generation + 1);
	struct hg_service now = service_of(VIP);
	assert_int_equal(applied_member(&now, 2).backend, 0);
	/* Nothing else changed: the hole is no difference. */
	put("cart", VIP, BC, 2);
	struct hg_service again = service_of(VIP);
	assert_memory_equal(&now, &again, sizeof(now));
}

static bool tick_always(void *context)
{
	const struct timespec *until = context;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > until->tv_sec;
}

static void a_departed_backend_with_a_flow_stays(void **state)
{
	struct hg_stats stats = { .created = 1 };
	struct timespec until;

	(void)state;
	put("cart", VIP, AB, 2);
	struct hg_service old = service_of(VIP);
	uint32_t a = applied_find(&old, AB[0]);
	int fd = applied_map("hg_stats");
	assert_int_equal(bpf_map_update_elem(fd, &a, &stats, BPF_ANY), 0);
	close(fd);
	put("cart", VIP, BC, 2);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += 4;
	applied_tick_until(&applied, tick_always, &until, 10);
	assert_true(applied_backend(a).flags & HG_BACKEND_LIVE);
	/* Wanted again, it is the same one: its flow never lost it. */
	put("cart", VIP, ABC, 3);
	struct hg_service new = service_of(VIP);
	assert_int_equal(applied_find(&new, AB[0]), a);
	assert_false(applied_backend(a).flags & HG_BACKEND_MOVE_UDP);
}

static bool none_is_live(void *context)
{
	(void)context;
	return applied_live_backends() == 0;
}

static void a_removed_service_leaves_at_once(void **state)
{
	struct hg_service service;

	(void)state;
	put("cart", VIP, AB, 2);
	assert_int_equal(applied_delete(&applied, "cart"), 0);
	assert_false(applied_service(VIP, 80, IPPROTO_TCP, &service, NULL));
	assert_false(applied_service(VIP, 0, 0, &service, NULL));
	assert_true(applied_tick_until(&applied, none_is_live, NULL, 10));
	assert_int_equal(applied.held, 0);
	assert_int_equal(applied_delete(&applied, "cart"), 0);
}

static void restart_keeps_backend_indices(void **state)
{
	struct hg_service gone;
	uint32_t first_index, second_index;
	struct hg_service before, after;

	(void)state;
	put("cart", VIP, AB, 2);
	put("shop", OTHER_VIP, BC, 2);
	applied_service(VIP, 80, IPPROTO_TCP, &before, &first_index);
	uint32_t a = applied_find(&before, AB[0]), b = applied_find(&before, AB[1]);

	applied_close(&applied);
	assert_int_equal(applied_live_backends(), 4);
	applied_open(&applied);
	assert_int_equal(applied_backend(a).hop, 0);
	put("cart", VIP, AB, 2);
	applied_service(VIP, 80, IPPROTO_TCP, &after, &second_index);
	assert_int_equal(first_index, second_index);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(applied_find(&after, AB[0]), a);
	assert_int_equal(applied_find(&after, AB[1]), b);
	/* The other stays in force until settled. */
	service_of(OTHER_VIP);
	assert_int_equal(datapath_settle(applied.datapath, &applied.complaints), 0);
	assert_false(applied_service(OTHER_VIP, 80, IPPROTO_TCP, &gone, NULL));
	service_of(VIP);
}

static void restart_resolves_adopted_backends_on_reroute(void **state)
{
	(void)state;
	put("cart", VIP, AB, 2);
	struct hg_service service = service_of(VIP);
	uint32_t a = applied_find(&service, AB[0]);
	applied_close(&applied);
	applied_open(&applied);
	assert_int_equal(datapath_reroute(applied.datapath, &applied.complaints), 0);
	assert_int_equal(applied_backend(a).hop, 2);
	assert_false(applied_backend(a).flags & HG_BACKEND_UNREACHABLE);
}

static void a_full_map_leaves_the_old_state_in_force(void **state)
{
	const char *many[70];
	char texts[70][20];
	struct hg_service other;

	(void)state;
	put("cart", VIP, AB, 2);
	struct hg_service before = service_of(VIP);
	for (int i = 0; i < 70; i++) {
		snprintf(texts[i], sizeof(texts[i]), "10.2.0.%d", i + 1);
		many[i] = texts[i];
	}
	struct wanted_service *wanted = wanted_make("cart", VIP, many, 70);
	assert_int_equal(applied_put(&applied, wanted), -ENOSPC);
	wanted_service_free(wanted);
	assert_non_null(strstr(applied_sentence(&applied),
			       "no space for backends: raise --backends (now 64)"));
	struct hg_service after = service_of(VIP);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(applied_live_backends(), 2);
	assert_int_equal(applied.held, 2);
	/* What was given back can be used at once. */
	wanted = wanted_make("shop", OTHER_VIP, many, 60);
	assert_int_equal(applied_put(&applied, wanted), 0);
	wanted_service_free(wanted);
	assert_true(applied_service(OTHER_VIP, 80, IPPROTO_TCP, &other, NULL));
}

static void the_first_owner_keeps_a_frontend(void **state)
{
	(void)state;
	put("cart", VIP, AB, 2);
	struct hg_service before = service_of(VIP);
	struct wanted_service *wanted = wanted_make("shop", VIP, BC, 2);
	assert_int_equal(applied_put(&applied, wanted), -EEXIST);
	wanted_service_free(wanted);
	assert_string_equal(applied.complaints.items[0].object, "Service test/shop");
	assert_non_null(strstr(applied_sentence(&applied), "Service test/cart"));
	struct hg_service after = service_of(VIP);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(applied_live_backends(), 2);
}

static void a_service_without_backends_is_in_force(void **state)
{
	(void)state;
	put("cart", VIP, NULL, 0);
	struct hg_service service = service_of(VIP);
	assert_int_equal(service.slot_count, 0);
	assert_int_equal(service.member_count, 0);
	put("cart", VIP, AB, 2);
	assert_int_equal(service_of(VIP).active_count, 2);
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) +
	       (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void ten_thousand_services_are_programmed_in_seconds(void **state)
{
	const char *backends[10];
	char texts[10][20], name[16], vip[20];
	struct timespec start;
	double spent = 0;

	(void)state;
	applied_end(&applied);
	applied_defaults(&applied);
	applied.options.services = 20000;
	applied.options.backends = 110000;
	applied.options.slots = 2000000;
	applied_open(&applied);
	for (int i = 0; i < 10000; i++) {
		for (int j = 0; j < 10; j++) {
			snprintf(texts[j], sizeof(texts[j]), "10.%d.%d.%d", 20 + i / 2500,
				 i / 10 % 250, i % 10 * 10 + j);
			backends[j] = texts[j];
		}
		snprintf(name, sizeof(name), "s%d", i);
		snprintf(vip, sizeof(vip), "10.96.%d.%d", i / 200, i % 200 + 1);
		struct wanted_service *wanted = wanted_make(name, vip, backends, 10);
		clock_gettime(CLOCK_MONOTONIC, &start);
		assert_int_equal(applied_put(&applied, wanted), 0);
		spent += seconds_since(&start);
		wanted_service_free(wanted);
	}
	print_message("# 10,000 Services x 10 endpoints: %.2f s\n", spent);
	assert_true(spent < 6); /* 2 s when the machine is ours alone */
	applied_close(&applied);
	clock_gettime(CLOCK_MONOTONIC, &start);
	applied_open(&applied);
	print_message("# read back after a restart: %.2f s\n", seconds_since(&start));
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_service_is_found_as_it_was_wanted),
		CASE(applying_twice_writes_nothing),
		CASE(equal_backend_sets_share_a_table),
		CASE(a_change_keeps_indices_and_remembers_previous_owners),
		CASE(a_departed_backend_goes_when_it_has_no_flow),
		CASE(a_departed_backend_with_a_flow_stays),
		CASE(a_removed_service_leaves_at_once),
		CASE(restart_keeps_backend_indices),
		CASE(restart_resolves_adopted_backends_on_reroute),
		CASE(a_full_map_leaves_the_old_state_in_force),
		CASE(the_first_owner_keeps_a_frontend),
		CASE(a_service_without_backends_is_in_force),
		CASE(ten_thousand_services_are_programmed_in_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
