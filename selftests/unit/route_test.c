/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Longest-prefix match against a twin that looks at every route, over random sets of
 * routes in both families and tables, with interfaces going up and down in between; and
 * what notifications do to the set.
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
#include <linux/rtnetlink.h>
#include "../../control/netlink/address.h"
#include "../../control/netlink/route.h"
#include "../../control/lib/cleanup.h"

#define ROUTES	400
#define LINKS	6
#define ROUNDS	60
#define LOOKUPS 400
#define NIC	2U
#define OTHER	3U
#define GATEWAY "192.0.2.1"

static uint64_t random_state;
static unsigned count; /* of routes in this round: few leave room for short prefixes */

static uint32_t draw(uint32_t limit)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(random_state >> 33) % limit;
}

static int ranks[LINKS + 1];

static int rank_of(void *context, uint32_t ifindex)
{
	(void)context;
	return ranks[ifindex];
}

static const struct nexthop_judge judge = { .rank = rank_of };

struct twin {
	struct route_key key;
	uint32_t metric, type, order;
	uint32_t count;
	struct nexthop nexthops[3];
	const struct route *route;
};

static struct hg_addr parse(const char *text)
{
	struct hg_addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

static struct hg_addr draw_addr(bool is_v4)
{
	struct hg_addr addr = parse(is_v4 ? "10.0.0.0" : "2001:db8::");

	/* few different bits, in few places, so that prefixes nest and hit */
	for (unsigned i = 0; i < 3; i++)
		addr.bytes[is_v4 ? 13 + i : 5 + i * 5] = (uint8_t)(draw(4) * 0x55);
	return addr;
}

static struct route *make_route(const struct twin *twin)
{
	struct route *route =
	    calloc(1, sizeof(*route) + twin->count * sizeof(twin->nexthops[0]));

	assert_non_null(route);
	route->metric = twin->metric;
	route->type = twin->type;
	route->count = twin->count;
	memcpy(route->nexthops, twin->nexthops, twin->count * sizeof(twin->nexthops[0]));
	return route;
}

static struct twin draw_route(uint32_t order)
{
	static const uint32_t types[] = { RTN_UNICAST,	  RTN_UNICAST, RTN_UNICAST,
					  RTN_UNICAST,	  RTN_LOCAL,   RTN_BLACKHOLE,
					  RTN_UNREACHABLE };
	bool is_v4 = draw(2);
	struct twin twin = { .order = order, .metric = draw(4) };
	struct hg_addr addr = draw_addr(is_v4);

	twin.key.bits = (uint16_t)(is_v4 ? 96 + draw(33) : draw(129));
	twin.key.local = draw(8) == 0;
	twin.key.prefix = addr_keep_bits(&addr, twin.key.bits);
	twin.type = types[draw(7)];
	if (twin.type != RTN_UNICAST)
		return twin;
	twin.count = 1 + draw(3);
	for (uint32_t i = 0; i < twin.count; i++)
		twin.nexthops[i].ifindex = 1 + draw(LINKS);
	return twin;
}

static int naive_best_rank(const struct twin *twin)
{
	int best = 0;

	for (uint32_t i = 0; i < twin->count; i++)
		if (ranks[twin->nexthops[i].ifindex] > best)
			best = ranks[twin->nexthops[i].ifindex];
	return best;
}

static bool naive_matches(const struct twin *twin, const struct hg_addr *addr)
{
	struct hg_addr prefix = addr_keep_bits(addr, twin->key.bits);

	if (addr_is_v4(addr) && twin->key.bits < 96)
		return false;
	if (twin->type == RTN_UNICAST && naive_best_rank(twin) == 0)
		return false;
	return addr_compare(&prefix, &twin->key.prefix) == 0;
}

/* Is a to be preferred to b? */
static bool naive_before(const struct twin *a, const struct twin *b)
{
	if (a->key.local != b->key.local)
		return a->key.local;
	if (a->key.bits != b->key.bits)
		return a->key.bits > b->key.bits;
	if (a->metric != b->metric)
		return a->metric < b->metric;
	return a->order < b->order;
}

static const struct twin *naive_find(const struct twin *twins, const struct hg_addr *addr)
{
	const struct twin *best = NULL;

	for (unsigned i = 0; i < count; i++)
		if (naive_matches(&twins[i], addr) &&
		    (!best || naive_before(&twins[i], best)))
			best = &twins[i];
	return best;
}

static void compare(const struct routes *routes, const struct twin *twins)
{
	struct hg_addr addr = draw_addr(draw(2));
	const struct twin *wanted = naive_find(twins, &addr);
	struct route_match match;
	char text[ADDR_TEXT];
	int r;

	r = routes_find(routes, &addr, &judge, &match);
	if (!wanted || (wanted->type != RTN_UNICAST && wanted->type != RTN_LOCAL)) {
		if (r != -ENETUNREACH)
			fail_msg("%s: found a route, the twin none",
				 addr_print(&addr, text));
		return;
	}
	if (r != 0 || match.route != wanted->route)
		fail_msg("%s: not the route /%u metric %u of the twin",
			 addr_print(&addr, text), wanted->key.bits, wanted->metric);
	if (wanted->type == RTN_LOCAL) {
		assert_null(match.nexthop);
		return;
	}
	assert_int_equal(ranks[match.nexthop->ifindex], naive_best_rank(wanted));
}

static void longest_prefix_match_equals_the_naive_twin(void **state)
{
	static struct twin twins[ROUTES];

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct routes routes = { 0 };

		count = 1 + draw(round % 2 ? ROUTES : 12);
		for (unsigned i = 1; i <= LINKS; i++)
			ranks[i] = (int)draw(3);
		for (unsigned i = 0; i < count; i++) {
			struct route *route;

			twins[i] = draw_route(i);
			route = make_route(&twins[i]);
			twins[i].route = route;
			assert_int_equal(routes_append(&routes, &twins[i].key, route), 0);
		}
		for (unsigned i = 0; i < LOOKUPS; i++)
			compare(&routes, twins);
		routes_clear(&routes);
	}
}

/* ---- notifications ---- */

static struct twin unicast(const char *cidr_text, uint32_t metric, uint32_t ifindex)
{
	struct twin twin = { .metric = metric, .type = RTN_UNICAST, .count = 1 };
	struct cidr cidr;

	assert_int_equal(cidr_parse(cidr_text, &cidr), 0);
	twin.key.prefix = cidr.addr;
	twin.key.bits = cidr.bits;
	twin.nexthops[0].ifindex = ifindex;
	return twin;
}

static int set(struct routes *routes, struct twin twin, bool replace)
{
	return routes_set(routes, &twin.key, make_route(&twin), replace);
}

static int forget(struct routes *routes, struct twin twin)
{
	struct route *route = make_route(&twin);
	int r;

	r = routes_remove(routes, &twin.key, route);
	free(route);
	return r;
}

/* The interface by which an address leaves, 0: none. */
static uint32_t way(const struct routes *routes, const char *text)
{
	struct hg_addr addr = parse(text);
	struct route_match match;

	if (routes_find(routes, &addr, &judge, &match) < 0)
		return 0;
	return match.nexthop ? match.nexthop->ifindex : 1;
}

static int all_up(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= LINKS; i++)
		ranks[i] = 2;
	return 0;
}

static void a_lower_metric_wins_and_a_higher_one_takes_over(void **state)
{
	CLEANUP(routes_clear) struct routes routes = { 0 };

	(void)state;
	assert_int_equal(set(&routes, unicast("10.1.0.0/16", 100, NIC), false), 1);
	assert_int_equal(set(&routes, unicast("10.1.0.0/16", 50, OTHER), false), 1);
	assert_int_equal(way(&routes, "10.1.2.3"), OTHER);
	assert_int_equal(forget(&routes, unicast("10.1.0.0/16", 50, OTHER)), 1);
	assert_int_equal(way(&routes, "10.1.2.3"), NIC);
}

static void a_repeated_notification_changes_nothing(void **state)
{
	CLEANUP(routes_clear) struct routes routes = { 0 };

	(void)state;
	assert_int_equal(set(&routes, unicast("2001:db8::/64", 1, NIC), false), 1);
	assert_int_equal(set(&routes, unicast("2001:db8::/64", 1, NIC), false), 0);
	assert_int_equal(forget(&routes, unicast("2001:db8:1::/64", 1, NIC)), 0);
	assert_int_equal(way(&routes, "2001:db8::9"), NIC);
}

static void a_replacement_takes_the_place_of_the_old_route(void **state)
{
	CLEANUP(routes_clear) struct routes routes = { 0 };

	(void)state;
	assert_int_equal(set(&routes, unicast("10.1.0.0/16", 0, NIC), false), 1);
	assert_int_equal(set(&routes, unicast("10.1.0.0/16", 0, OTHER), true), 1);
	assert_int_equal(way(&routes, "10.1.2.3"), OTHER);
	assert_int_equal(forget(&routes, unicast("10.1.0.0/16", 0, OTHER)), 1);
	assert_int_equal(way(&routes, "10.1.2.3"), 0);
}

static void an_ambiguous_notification_asks_for_a_new_reading(void **state)
{
	CLEANUP(routes_clear) struct routes routes = { 0 };

	(void)state;
	assert_int_equal(set(&routes, unicast("10.1.0.0/16", 0, NIC), false), 1);
	assert_int_equal(set(&routes, unicast("10.1.0.0/16", 0, OTHER), false), -ESTALE);
	assert_int_equal(forget(&routes, unicast("10.1.0.0/16", 0, OTHER)), -ESTALE);
	assert_int_equal(way(&routes, "10.1.2.3"), NIC);
}

static void a_dead_interface_takes_its_routes_along(void **state)
{
	CLEANUP(routes_clear) struct routes routes = { 0 };

	(void)state;
	set(&routes, unicast("10.0.0.0/8", 0, OTHER), false);
	set(&routes, unicast("10.1.0.0/16", 0, NIC), false);
	ranks[NIC] = 0;
	assert_int_equal(way(&routes, "10.1.2.3"), OTHER);
	assert_true(routes_drop_dead(&routes, &judge));
	assert_false(routes_drop_dead(&routes, &judge));
	ranks[NIC] = 2;
	assert_int_equal(way(&routes, "10.1.2.3"), OTHER);
}

static void a_multipath_route_falls_to_its_next_usable_interface(void **state)
{
	CLEANUP(routes_clear) struct routes routes = { 0 };
	struct twin twin = unicast("0.0.0.0/0", 0, NIC);

	(void)state;
	twin.count = 2;
	twin.nexthops[0].gateway = twin.nexthops[1].gateway = parse(GATEWAY);
	twin.nexthops[1].ifindex = OTHER;
	set(&routes, twin, false);
	assert_int_equal(way(&routes, "203.0.113.1"), NIC);
	ranks[NIC] = 1; /* no carrier */
	assert_int_equal(way(&routes, "203.0.113.1"), OTHER);
	ranks[OTHER] = 0;
	assert_int_equal(way(&routes, "203.0.113.1"), NIC);
}

static void the_default_routes_of_the_families_are_apart(void **state)
{
	CLEANUP(routes_clear) struct routes routes = { 0 };

	(void)state;
	set(&routes, unicast("::/0", 0, NIC), false);
	assert_int_equal(way(&routes, "203.0.113.1"), 0);
	set(&routes, unicast("0.0.0.0/0", 0, OTHER), false);
	assert_int_equal(way(&routes, "203.0.113.1"), OTHER);
	assert_int_equal(way(&routes, "2001:db8::1"), NIC);
}

static void a_blackhole_ends_the_search_and_throw_does_too(void **state)
{
	CLEANUP(routes_clear) struct routes routes = { 0 };
	struct twin hole = unicast("10.1.0.0/16", 0, 0);
	struct twin thrown = unicast("10.2.0.0/16", 0, 0);

	(void)state;
	hole.type = RTN_BLACKHOLE;
	thrown.type = RTN_THROW;
	hole.count = thrown.count = 0;
	set(&routes, unicast("10.0.0.0/8", 0, NIC), false);
	set(&routes, hole, false);
	set(&routes, thrown, false);
	assert_int_equal(way(&routes, "10.1.2.3"), 0);
	assert_int_equal(way(&routes, "10.2.2.3"), 0);
	assert_int_equal(way(&routes, "10.3.2.3"), NIC);
}

static void a_lost_source_removes_ipv4_routes_and_leaves_ipv6_ones(void **state)
{
	CLEANUP(routes_clear) struct routes routes = { 0 };
	struct twin v4 = unicast("10.1.0.0/16", 0, NIC);
	struct twin v6 = unicast("2001:db8::/64", 0, NIC);
	struct route *route;
	struct hg_addr source = parse("10.9.9.9"), source6 = parse("2001:db8:9::9");

	(void)state;
	route = make_route(&v4);
	route->source = source;
	routes_set(&routes, &v4.key, route, false);
	route = make_route(&v6);
	route->source = source6;
	routes_set(&routes, &v6.key, route, false);
	assert_true(routes_drop_source(&routes, &source));
	routes_drop_source(&routes, &source6);
	assert_int_equal(way(&routes, "10.1.2.3"), 0);
	assert_int_equal(way(&routes, "2001:db8::9"), NIC);
	assert_true(addr_is_zero(&route->source));
}

int main(void)
{
#define ROUTE_TEST(name) cmocka_unit_test_setup(name, all_up)
	const struct CMUnitTest tests[] = {
		ROUTE_TEST(longest_prefix_match_equals_the_naive_twin),
		ROUTE_TEST(a_lower_metric_wins_and_a_higher_one_takes_over),
		ROUTE_TEST(a_repeated_notification_changes_nothing),
		ROUTE_TEST(a_replacement_takes_the_place_of_the_old_route),
		ROUTE_TEST(an_ambiguous_notification_asks_for_a_new_reading),
		ROUTE_TEST(a_dead_interface_takes_its_routes_along),
		ROUTE_TEST(a_multipath_route_falls_to_its_next_usable_interface),
		ROUTE_TEST(the_default_routes_of_the_families_are_apart),
		ROUTE_TEST(a_blackhole_ends_the_search_and_throw_does_too),
		ROUTE_TEST(a_lost_source_removes_ipv4_routes_and_leaves_ipv6_ones),
	};
	const char *given = getenv("SEED");

	random_state = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	print_message("seed %llu\n", (unsigned long long)random_state);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
