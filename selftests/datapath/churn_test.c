// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random changes of a few Services, with restarts, on small maps; after each step the maps
 * are read as the datapath reads them and must make sense.
 */
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

#define SERVICES 6
#define POOL	 12
#define STEPS	 200

static struct applied applied;
static unsigned seed;

struct wish {
	bool present;
	size_t count;
	unsigned chosen[POOL];
};

static struct wish wishes[SERVICES];
static char pool[POOL][20], vips[SERVICES][20];

static int by_number(const void *a, const void *b)
{
	return (int)(*(const unsigned *)a) - (int)(*(const unsigned *)b);
}

static void wish_anew(struct wish *wish)
{
	*wish = (struct wish){ .present = rand_r(&seed) % 8 };
	for (unsigned i = 0; i < POOL; i++)
		if (rand_r(&seed) % 2)
			wish->chosen[wish->count++] = i;
	qsort(wish->chosen, wish->count, sizeof(*wish->chosen), by_number);
}

static int apply_wish(int number)
{
	const struct wish *wish = &wishes[number];
	const char *backends[POOL];
	char name[16];

	snprintf(name, sizeof(name), "s%d", number);
	if (!wish->present)
		return applied_delete(&applied, name);
	for (size_t i = 0; i < wish->count; i++)
		backends[i] = pool[wish->chosen[i]];
	struct wanted_service *wanted =
	    wanted_make(name, vips[number], backends, wish->count);
	int r = applied_put(&applied, wanted);
	wanted_service_free(wanted);
	return r;
}

static void check_members(const struct wish *wish, const struct hg_service *service)
{
	assert_int_equal(service->active_count, wish->count);
	assert_true(service->member_count >= wish->count);
	for (uint32_t i = 0; i < service->member_count; i++) {
		struct hg_member member = applied_member(service, i);
		struct hg_backend backend;
		char text[ADDR_TEXT];

		if (i >= wish->count && !member.backend)
			continue;
		backend = applied_backend(member.backend);
		assert_true(backend.flags & HG_BACKEND_LIVE);
		assert_int_equal(backend.service, service->id);
		assert_int_equal(backend.endpoint, member.endpoint);
		assert_memory_equal(&backend.vip, &service->addr, 16);
		assert_int_equal(!!(backend.flags & HG_BACKEND_MOVE_UDP),
				 i >= wish->count);
		if (i < wish->count)
			assert_string_equal(addr_print(&backend.addr, text),
					    pool[wish->chosen[i]]);
	}
}

static void check_slots(const struct wish *wish, const struct hg_service *service)
{
	for (uint32_t i = 0; i < service->slot_count; i++) {
		struct hg_slot slot = applied_slot(service, i);

		assert_int_equal(slot.current, i % wish->count);
		assert_true(slot.previous < service->member_count);
	}
}

static void check(int number)
{
	const struct wish *wish = &wishes[number];
	struct hg_service service, address;
	bool there = applied_service(vips[number], 80, IPPROTO_TCP, &service, NULL);

	assert_int_equal(there, wish->present);
	assert_int_equal(applied_service(vips[number], 0, 0, &address, NULL),
			 wish->present);
	if (!there)
		return;
	check_members(wish, &service);
	assert_int_equal(service.slot_count, wish->count ? 97 : 0);
	check_slots(wish, &service);
}

static void restart(void)
{
	applied_close(&applied);
	applied_open(&applied);
	for (int i = 0; i < SERVICES; i++)
		assert_int_equal(apply_wish(i), 0);
	assert_int_equal(datapath_settle(applied.datapath, &applied.complaints), 0);
}

static void let_rest(void)
{
	const struct timespec pause = { .tv_nsec = 50000000 };

	nanosleep(&pause, NULL);
	datapath_tick(applied.datapath);
}

static bool all_gone(void *context)
{
	(void)context;
	return applied_live_backends() == 0;
}

static void random_changes_leave_maps_that_make_sense(void **state)
{
	(void)state;
	print_message("# seed %u\n", seed);
	for (int step = 0; step < STEPS; step++) {
		int number = rand_r(&seed) % SERVICES;
		struct wish before = wishes[number];

		wish_anew(&wishes[number]);
		int r = apply_wish(number);
		/* Small maps: there may be no room until released places have rested. */
		if (r == -EAGAIN || r == -ENOSPC) {
			wishes[number] = before;
			let_rest();
		} else if (r < 0) {
			fail_msg("step %d: %s", step, applied_sentence(&applied));
		}
		complaints_clear(&applied.complaints);
		for (int i = 0; i < SERVICES; i++)
			check(i);
		if (rand_r(&seed) % 40 == 0)
			restart();
	}
	for (int i = 0; i < SERVICES; i++) {
		wishes[i].present = false;
		assert_int_equal(apply_wish(i), 0);
	}
	assert_true(applied_tick_until(&applied, all_gone, NULL, 20));
	assert_int_equal(applied.held, 0);
}

static int setup(void **state)
{
	(void)state;
	seed = (unsigned)time(NULL);
	for (int i = 0; i < POOL; i++)
		snprintf(pool[i], sizeof(pool[i]), "10.1.0.%d", i + 1);
	for (int i = 0; i < SERVICES; i++)
		snprintf(vips[i], sizeof(vips[i]), "10.96.0.%d", i + 1);
	applied_defaults(&applied);
	applied.options.backends = 100;
	applied.options.slots = 97 * 12;
	applied_open(&applied);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	applied_end(&applied);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_changes_leave_maps_that_make_sense,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
