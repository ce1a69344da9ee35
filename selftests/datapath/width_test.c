// SPDX-License-Identifier: BSD-2-Clause
/* Tables of both widths: positions of 8 bits while they suffice, of 16 bits beyond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "applied.h"

#define VIP	  "10.96.0.10"
#define OTHER_VIP "10.96.0.11"
#define MOST	  300U

static struct applied applied;
static char texts[MOST][20];
static const char *endpoints[MOST];

static int setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MOST; i++) {
		snprintf(texts[i], sizeof(texts[i]), "10.1.%u.%u", i / 200, i % 200);
		endpoints[i] = texts[i];
	}
	applied_defaults(&applied);
	applied.options.backends = 2048;
	applied.options.slots = 16384;
	applied_open(&applied);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	applied_end(&applied);
	return 0;
}

/* In force with the endpoints [first, first + count). */
static struct hg_service put(const char *name, const char *vip, unsigned first,
			     unsigned count)
{
	struct wanted_service *wanted = wanted_make(name, vip, endpoints + first, count);
	struct hg_service service;
	int r = applied_put(&applied, wanted);

	wanted_service_free(wanted);
	if (r < 0)
		fail_msg("%s", applied_sentence(&applied));
	assert_true(applied_service(vip, 80, IPPROTO_TCP, &service, NULL));
	assert_int_equal(service.active_count, count);
	return service;
}

static bool is_wide(const struct hg_service *service)
{
	return service->flags & HG_SERVICE_WIDE;
}

static const char *backend_at(const struct hg_service *service, uint32_t position)
{
	static char text[ADDR_TEXT];
	struct hg_member member = applied_member(service, position);
	struct hg_backend backend = applied_backend(member.backend);

	return addr_print(&backend.addr, text);
}

/* Dealt in turn: slot i belongs to endpoint first + i % count, and belonged to
 * was_first + i % was_count. */
static void check(const struct hg_service *service, unsigned first, unsigned count,
		  unsigned was_first, unsigned was_count)
{
	for (uint32_t i = 0; i < service->slot_count; i++) {
		struct hg_slot slot = applied_slot(service, i);

		assert_string_equal(backend_at(service, slot.current),
				    endpoints[first + i % count]);
		assert_string_equal(backend_at(service, slot.previous),
				    endpoints[was_first + i % was_count]);
	}
}

static uint64_t slots_used(void)
{
	struct datapath_usage usage[16];
	size_t count = datapath_usage(applied.datapath, usage, 16);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(usage[i].map, "hg_slots"))
			return usage[i].used;
	fail_msg("no usage of hg_slots");
	return 0;
}

static void a_table_of_256_members_is_narrow_and_takes_half(void **state)
{
	(void)state;
	struct hg_service service = put("cart", VIP, 0, 256);
	assert_false(is_wide(&service));
	check(&service, 0, 256, 0, 256);
	assert_in_range(slots_used(), 1009, 1009 + 8);
	put("shop", OTHER_VIP, 1, 257);
	assert_in_range(slots_used(), 3 * 1009, 3 * 1009 + 16);
}

static void
growth_beyond_256_members_widens_the_table_and_shrinking_narrows_it(void **state)
{
	(void)state;
	put("cart", VIP, 0, 256);
	struct hg_service wide = put("cart", VIP, 0, 257);
	assert_true(is_wide(&wide));
	check(&wide, 0, 257, 0, 256);
	/* The one that left is a previous owner at position 256, so it is wide once more. */
	struct hg_service leaving = put("cart", VIP, 0, 256);
	assert_true(is_wide(&leaving));
	check(&leaving, 0, 256, 0, 257);
	struct hg_service narrow = put("cart", VIP, 0, 255);
	assert_false(is_wide(&narrow));
	check(&narrow, 0, 255, 0, 256);
}

static void previous_owners_beyond_position_255_are_remembered(void **state)
{
	(void)state;
	put("cart", VIP, 0, 250);
	struct hg_service service = put("cart", VIP, 20, 250);
	assert_int_equal(service.member_count, 270);
	assert_true(is_wide(&service));
	check(&service, 20, 250, 0, 250);
}

static void equal_tables_share_a_place_in_either_width(void **state)
{
	static const unsigned counts[] = { 256, 257 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		applied_delete(&applied, "cart");
		applied_delete(&applied, "shop");
		struct hg_service cart = put("cart", VIP, 0, counts[i]);
		uint64_t used = slots_used();
		struct hg_service shop = put("shop", OTHER_VIP, 0, counts[i]);
		assert_int_equal(cart.slot_base, shop.slot_base);
		assert_int_equal(is_wide(&cart), is_wide(&shop));
		assert_int_equal(slots_used(), used);
		check(&shop, 0, counts[i], 0, counts[i]);
	}
}

static void restart_adopts_both_widths(void **state)
{
	struct hg_service after;

	(void)state;
	struct hg_service narrow = put("cart", VIP, 0, 256);
	put("shop", OTHER_VIP, 1, 257);
	struct hg_service wide = put("shop", OTHER_VIP, 2, 257);
	uint64_t used = slots_used();
	applied_close(&applied);
	applied_open(&applied);
	assert_int_equal(applied.complaints.count, 0);
	/* What the last daemon had released no longer rests. */
	assert_int_equal(used - slots_used(), 2 * 1009 + 6);
	after = put("cart", VIP, 0, 256);
	assert_memory_equal(&narrow, &after, sizeof(after));
	after = put("shop", OTHER_VIP, 2, 257);
	assert_memory_equal(&wide, &after, sizeof(after));
	check(&after, 2, 257, 1, 257);
	after = put("cart", VIP, 0, 257);
	check(&after, 0, 257, 0, 256);
	after = put("shop", OTHER_VIP, 2, 100);
	check(&after, 2, 100, 2, 257);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_table_of_256_members_is_narrow_and_takes_half),
		CASE(growth_beyond_256_members_widens_the_table_and_shrinking_narrows_it),
		CASE(previous_owners_beyond_position_255_are_remembered),
		CASE(equal_tables_share_a_place_in_either_width),
		CASE(restart_adopts_both_widths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
