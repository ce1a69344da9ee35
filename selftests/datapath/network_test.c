/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How does a packet to this address leave, and is its next hop known? Asked of netlink/
 * in namespaces whose picture is in network_watch.h.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include "network_watch.h"

/* ---- routes and neighbours ---- */

static void a_neighbour_on_link_is_resolved_in_both_families(void **state)
{
	static const struct {
		const char *far, *source;
	} families[] = { { "192.0.2.2", "192.0.2.1" },
			 { "2001:db8:2::2", "2001:db8:2::1" } };

	(void)state;
	watch_network(NULL);
	for (unsigned i = 0; i < 2; i++) {
		struct network_route route = watch_found(families[i].far);

		assert_true(watch_wait(watch_is_resolved, &route.hop));
		watch_assert_addr(&route.source, families[i].source);
		watch_assert_addr(&watch.hops[route.hop].addr, families[i].far);
		watch_assert_mac(watch.hops[route.hop].dmac, MAC);
		watch_assert_mac(watch.hops[route.hop].smac, "02:00:00:00:00:01");
		assert_int_equal(watch.hops[route.hop].mtu, 1500);
		assert_int_equal(watch.hops[route.hop].flags & HG_HOP_GATEWAY, 0);
		assert_int_equal(watch.hops[route.hop].ifindex, if_nametoindex("nic"));
		assert_true(watch_found(families[i].far).resolved);
	}
}

static void destinations_behind_a_gateway_share_its_hop(void **state)
{
	struct network_route a, b;

	(void)state;
	here("ip addr add 192.0.2.77/24 dev nic");
	here("ip route add 10.9.0.0/16 via 192.0.2.2 src 192.0.2.77 mtu 1400");
	here("ip route add 2001:db8:9::/48 via 2001:db8:2::2 mtu 1300");
	watch_network(NULL);
	a = watch_found("10.9.0.1");
	b = watch_found("10.9.0.2");
	assert_int_equal(a.hop, b.hop);
	assert_true(watch_wait(watch_is_resolved, &a.hop));
	watch_assert_addr(&watch.hops[a.hop].addr, "192.0.2.2");
	watch_assert_addr(&a.source, "192.0.2.77");
	assert_int_equal(watch.hops[a.hop].mtu, 1400);
	assert_true(watch.hops[a.hop].flags & HG_HOP_GATEWAY);
	a = watch_found("2001:db8:9::1");
	assert_true(watch_wait(watch_is_resolved, &a.hop));
	watch_assert_addr(&a.source, "2001:db8:2::1");
	assert_int_equal(watch.hops[a.hop].mtu, 1300);
}

static void a_gateway_nobody_asked_for_is_resolved_too(void **state)
{
	uint32_t index = 1;

	(void)state;
	here("ip route add default via 192.0.2.2");
	watch_network(NULL);
	while (index < HG_HOPS - 1 && !(watch.hops[index].flags & HG_HOP_GATEWAY))
		index++;
	watch_assert_addr(&watch.hops[index].addr, "192.0.2.2");
	assert_true(watch_wait(watch_is_resolved, &index));
}

static void a_gateway_of_the_other_family_is_followed(void **state)
{
	struct network_route route;

	(void)state;
	here("ip route add 10.8.0.0/16 via inet6 2001:db8:2::2 dev nic");
	watch_network(NULL);
	route = watch_found("10.8.0.1");
	assert_true(watch_wait(watch_is_resolved, &route.hop));
	watch_assert_addr(&watch.hops[route.hop].addr, "2001:db8:2::2");
	watch_assert_addr(&route.source, "192.0.2.1");
}

static bool heard_from_peer(const void *addr)
{
	for (unsigned i = 1; i < HG_HOPS; i++)
		if (addr_compare(&watch.hops[i].addr, addr) == 0)
			return watch.hops[i].flags & HG_HOP_RESOLVED;
	return false;
}

static int count_resolved(void *context, uint32_t index, const struct hg_hop *hop)
{
	(void)index;
	*(unsigned *)context += hop->flags & HG_HOP_RESOLVED ? 1 : 0;
	return 0;
}

static void a_client_that_spoke_to_us_is_a_hop_for_its_reply(void **state)
{
	struct hg_addr client = watch_parse("192.0.2.2");
	unsigned resolved = 0;

	(void)state;
	watch_network(NULL);
	here("echo > /dev/udp/192.0.2.2/9");
	assert_true(watch_wait(heard_from_peer, &client));
	assert_int_equal(network_each_hop(watch.network, count_resolved, &resolved), 0);
	assert_true(resolved >= 1);
}

static void a_neighbour_that_changes_its_mac_is_noticed(void **state)
{
	struct network_route route;

	(void)state;
	watch_network(NULL);
	route = watch_found("192.0.2.2");
	assert_true(watch_wait(watch_is_resolved, &route.hop));
	peer("ip link set far address " OTHER_MAC "; ip neigh flush dev far\n"
	     "echo > /dev/udp/192.0.2.1/9");
	assert_true(watch_wait(watch_has_other_mac, &route.hop));
	watch_assert_mac(watch.hops[route.hop].dmac, OTHER_MAC);
}

static void our_own_mac_and_mtu_are_followed(void **state)
{
	struct network_route route;

	(void)state;
	watch_network(NULL);
	route = watch_found("192.0.2.2");
	here("ip link set nic mtu 1280");
	assert_true(watch_wait(watch_has_small_mtu, &route.hop));
	here("ip link set nic address " OTHER_MAC);
	assert_true(watch_wait(watch_has_own_mac, &route.hop));
	watch_assert_mac(network_link_by_name(watch.network, "nic")->mac, OTHER_MAC);
	assert_int_equal(watch.link.mtu, 1280);
}

static bool is_managed(const void *addr)
{
	return here_holds("ip neigh show %s | grep -qw managed", (const char *)addr);
}

static bool is_not_managed(const void *addr)
{
	return !is_managed(addr);
}

static void a_wanted_neighbour_is_managed_until_it_is_released(void **state)
{
	struct network_route route;

	(void)state;
	watch_network(NULL);
	route = watch_found("192.0.2.2");
	assert_true(watch_wait(watch_is_resolved, &route.hop));
	if (!is_managed("192.0.2.2")) {
		print_message("this kernel does not manage neighbours: skipped\n");
		skip();
	}
	network_release(watch.network, route.hop);
	assert_true(watch_wait(is_not_managed, "192.0.2.2"));
	assert_int_equal(watch_found("192.0.2.2").hop, route.hop);
}

static void a_permanent_neighbour_is_left_alone(void **state)
{
	struct network_route route;

	(void)state;
	here("ip neigh add 192.0.2.9 lladdr " OTHER_MAC " dev nic");
	watch_network(NULL);
	route = watch_found("192.0.2.9");
	assert_true(route.resolved);
	watch_assert_mac(watch.hops[route.hop].dmac, OTHER_MAC);
	network_release(watch.network, route.hop);
	assert_true(here_holds("ip neigh show 192.0.2.9 | grep -q PERMANENT"));
}

static void a_neighbour_that_goes_silent_becomes_unresolved_and_returns(void **state)
{
	struct network_route route;

	(void)state;
	here("echo 200 > /proc/sys/net/ipv4/neigh/nic/retrans_time_ms");
	watch_network(NULL);
	route = watch_found("192.0.2.2");
	assert_true(watch_wait(watch_is_resolved, &route.hop));
	peer("ip link set far down");
	assert_true(watch_wait(watch_is_unresolved, &route.hop));
	peer("ip link set far up");
	assert_true(watch_wait(watch_is_resolved, &route.hop));
}

static void what_has_no_way_is_unreachable(void **state)
{
	struct network_route route;

	(void)state;
	here("ip route add 10.0.0.0/8 via 192.0.2.2; ip route add blackhole 10.7.0.0/16");
	here("ip -6 route add unreachable 2001:db8:7::/48");
	watch_network(NULL);
	assert_int_equal(watch_find("203.0.113.1", &route), -ENETUNREACH);
	assert_int_equal(watch_find("10.7.1.1", &route), -ENETUNREACH);
	assert_int_equal(watch_find("2001:db8:7::1", &route), -ENETUNREACH);
	assert_int_equal(watch_find("192.0.2.255", &route), -ENETUNREACH);
	assert_int_equal(watch_find("10.6.1.1", &route), 0);
}

static void our_own_address_has_no_hop(void **state)
{
	struct hg_addr own = watch_parse("192.0.2.1"), other = watch_parse("192.0.2.2");

	(void)state;
	watch_network(NULL);
	assert_int_equal(watch_found("192.0.2.1").hop, 0);
	assert_int_equal(watch_found("2001:db8:2::1").hop, 0);
	assert_true(network_is_local(watch.network, &own));
	assert_false(network_is_local(watch.network, &other));
}

static void a_deprecated_address_is_no_source(void **state)
{
	struct network_route route;

	(void)state;
	here("ip addr add 2001:db8:2::5/64 dev nic nodad preferred_lft 0");
	here("ip addr add 2001:db8:3::5/64 dev nic nodad");
	watch_network(NULL);
	route = watch_found("2001:db8:2::2");
	watch_assert_addr(&route.source, "2001:db8:2::1");
	route = watch_found("2001:db8:3::2");
	watch_assert_addr(&route.source, "2001:db8:3::5");
}

int main(void)
{
#define LIVE_TEST(name)                                                                  \
	cmocka_unit_test_setup_teardown(name, watch_set_up, watch_tear_down)
	const struct CMUnitTest tests[] = {
		LIVE_TEST(a_neighbour_on_link_is_resolved_in_both_families),
		LIVE_TEST(destinations_behind_a_gateway_share_its_hop),
		LIVE_TEST(a_gateway_nobody_asked_for_is_resolved_too),
		LIVE_TEST(a_gateway_of_the_other_family_is_followed),
		LIVE_TEST(a_client_that_spoke_to_us_is_a_hop_for_its_reply),
		LIVE_TEST(a_neighbour_that_changes_its_mac_is_noticed),
		LIVE_TEST(our_own_mac_and_mtu_are_followed),
		LIVE_TEST(a_wanted_neighbour_is_managed_until_it_is_released),
		LIVE_TEST(a_permanent_neighbour_is_left_alone),
		LIVE_TEST(a_neighbour_that_goes_silent_becomes_unresolved_and_returns),
		LIVE_TEST(what_has_no_way_is_unreachable),
		LIVE_TEST(our_own_address_has_no_hop),
		LIVE_TEST(a_deprecated_address_is_no_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
