/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of next hops: an index means one neighbour for as long as it is in use and 2
 * s longer, whatever else comes and goes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include <linux/neighbour.h>
#include "../../control/netlink/hop.h"

#define NIC	   7U
#define NEIGHBOURS 3000U
#define STEPS	   100000U

static const uint8_t MAC[6] = { 2, 0, 0, 0, 0, 1 };
static struct link nic = {
	.view = { .ifindex = NIC, .mac = { 2, 0, 0, 0, 0, 9 }, .mtu = 1500, .up = true },
	.ethernet = true,
	.carrier = true
};
static struct hops hops;
static uint64_t random_state;

static uint32_t draw(uint32_t limit)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(random_state >> 33) % limit;
}

static struct hg_addr number(uint32_t n)
{
	struct hg_addr addr = { 0 };

	addr.words[0] = 0xb80d0120U;
	addr.words[3] = n + 1;
	return addr;
}

static struct hop *get(uint32_t n, uint64_t now_ms)
{
	struct hg_addr addr = number(n);
	struct hop *hop = NULL;

	assert_int_equal(hops_get(&hops, NIC, &addr, now_ms, &hop), 0);
	return hop;
}

static void resolve(struct hop *hop, bool resolved)
{
	hop->state = resolved ? NUD_REACHABLE : NUD_FAILED;
	memcpy(hop->mac, MAC, sizeof(MAC));
	hops_refresh(&hops, hop, &nic);
}

static int set_up(void **state)
{
	(void)state;
	return hops_init(&hops);
}

static int tear_down(void **state)
{
	(void)state;
	hops_clear(&hops);
	return 0;
}

static void report_all(void)
{
	while (hops_take_changed(&hops))
		;
}

static void a_hop_keeps_its_index_while_it_is_referenced(void **state)
{
	struct hop *hop = get(1, 100);
	uint32_t index = hop->index;

	(void)state;
	hop->references = 1;
	assert_true(index > 0);
	resolve(hop, true);
	resolve(hop, false);
	hops_settle(&hops, hop, 200);
	for (uint32_t n = 2; n < 100; n++)
		assert_int_not_equal(get(n, 300)->index, index);
	assert_int_equal(get(1, 100000)->index, index);
	assert_ptr_equal(hops_at(&hops, index), hop);
}

static void a_resolved_neighbour_stays_although_nobody_asked(void **state)
{
	struct hop *hop = get(1, 100);

	(void)state;
	resolve(hop, true);
	hops_settle(&hops, hop, 100);
	assert_ptr_equal(hops_at(&hops, hop->index), hop);
	resolve(hop, false);
	hops_settle(&hops, hop, 100);
	assert_null(hops_at(&hops, hop->index));
}

static void a_hop_that_left_is_reported_unresolved(void **state)
{
	struct hop *hop = get(1, 100);
	uint32_t index = hop->index;

	(void)state;
	resolve(hop, true);
	report_all();
	resolve(hop, false);
	hops_settle(&hops, hop, 100);
	hop = hops_take_changed(&hops);
	assert_non_null(hop);
	assert_int_equal(hop->index, index);
	assert_int_equal(hop->content.flags & HG_HOP_RESOLVED, 0);
	assert_null(hops_take_changed(&hops));
}

static void an_index_is_reused_two_seconds_later_at_the_earliest(void **state)
{
	struct hg_addr extra = number(HG_HOPS);
	struct hop *hop, *other;
	uint32_t index;

	(void)state;
	for (uint32_t n = 1; n < HG_HOPS; n++)
		get(n, 100)->references = 1;
	assert_int_equal(hops_get(&hops, NIC, &extra, 100, &other), -ENOSPC);
	hop = get(4242, 100);
	index = hop->index;
	hop->references = 0;
	hops_settle(&hops, hop, 1000);
	assert_int_equal(hops_get(&hops, NIC, &extra, 2999, &other), -ENOSPC);
	assert_false(hops.reused);
	assert_int_equal(hops_get(&hops, NIC, &extra, 3000, &other), 0);
	assert_int_equal(other->index, index);
	assert_true(hops.reused);
}

static void unasked_neighbours_leave_room_for_wanted_hops(void **state)
{
	uint32_t n = 1;

	(void)state;
	for (; hops_has_spare(&hops); n++)
		get(n, 100);
	assert_int_equal(HG_HOPS - hops.count, HOP_RESERVED);
}

static void the_mtu_is_the_smallest_of_link_and_routes(void **state)
{
	struct hop *hop = get(1, 100);

	(void)state;
	resolve(hop, true);
	assert_int_equal(hop->content.mtu, 1500);
	hop_limit_mtu(hop, 1400, 5);
	hop_limit_mtu(hop, 0, 5);
	hop_limit_mtu(hop, 1450, 5);
	hops_refresh(&hops, hop, &nic);
	assert_int_equal(hop->content.mtu, 1400);
	hop_limit_mtu(hop, 9000, 6); /* routes changed since */
	hops_refresh(&hops, hop, &nic);
	assert_int_equal(hop->content.mtu, 1500);
}

static void only_an_interface_that_is_up_resolves(void **state)
{
	struct hop *hop = get(1, 100);
	struct link down = nic;

	(void)state;
	resolve(hop, true);
	assert_true(hop_is_resolved(hop));
	assert_memory_equal(hop->content.dmac, MAC, 6);
	assert_memory_equal(hop->content.smac, nic.view.mac, 6);
	down.view.up = false;
	hops_refresh(&hops, hop, &down);
	assert_false(hop_is_resolved(hop));
	hops_refresh(&hops, hop, NULL);
	assert_false(hop_is_resolved(hop));
	assert_int_equal(hop->content.ifindex, NIC);
}

/* What the twin remembers of each neighbour: its index while it is in use. */
struct memory {
	uint32_t index;
	uint32_t references;
	bool resolved;
};

static void step(struct memory *memory, uint64_t *freed_ms, uint64_t now_ms)
{
	uint32_t n = draw(NEIGHBOURS);
	struct memory *m = &memory[n];
	bool known = m->references || m->resolved;
	struct hop *hop = get(n, now_ms);

	if (known)
		assert_int_equal(hop->index, m->index);
	else if (freed_ms[hop->index])
		assert_true(now_ms >= freed_ms[hop->index] + HOP_QUARANTINE_MS);
	m->index = hop->index;
	switch (draw(3)) {
	case 0:
		m->references = ++hop->references;
		break;
	case 1:
		if (hop->references)
			m->references = --hop->references;
		break;
	default:
		m->resolved = !m->resolved;
		resolve(hop, m->resolved);
	}
	hops_settle(&hops, hop, now_ms);
	report_all();
	if (!m->references && !m->resolved)
		freed_ms[m->index] = now_ms;
}

static void indices_are_stable_under_random_use(void **state)
{
	struct memory *memory = calloc(NEIGHBOURS, sizeof(*memory));
	uint64_t *freed_ms = calloc(HG_HOPS, sizeof(*freed_ms));
	uint64_t now_ms = 1000;

	(void)state;
	assert_non_null(memory);
	assert_non_null(freed_ms);
	for (uint32_t i = 0; i < STEPS; i++) {
		now_ms += draw(3);
		step(memory, freed_ms, now_ms);
	}
	for (uint32_t n = 0; n < NEIGHBOURS; n++) {
		struct hg_addr addr = number(n);
		bool known = memory[n].references || memory[n].resolved;

		assert_int_equal(hops_find(&hops, NIC, &addr) != NULL, known);
	}
	free(memory);
	free(freed_ms);
}

int main(void)
{
#define HOP_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		HOP_TEST(a_hop_keeps_its_index_while_it_is_referenced),
		HOP_TEST(a_resolved_neighbour_stays_although_nobody_asked),
		HOP_TEST(a_hop_that_left_is_reported_unresolved),
		HOP_TEST(an_index_is_reused_two_seconds_later_at_the_earliest),
		HOP_TEST(unasked_neighbours_leave_room_for_wanted_hops),
		HOP_TEST(the_mtu_is_the_smallest_of_link_and_routes),
		HOP_TEST(only_an_interface_that_is_up_resolves),
		HOP_TEST(indices_are_stable_under_random_use),
	};
	const char *given = getenv("SEED");

	random_state = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	print_message("seed %llu\n", (unsigned long long)random_state);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
