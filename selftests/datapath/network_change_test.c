/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What netlink/ notices: routes, interfaces and pods that come, change and go, and
 * notifications that were lost. The namespaces are drawn in network_watch.h; tests add
 * spare (a second NIC), pod0 (a routed pod) and cni0 (a bridge with the port pod1).
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
#include "../../control/netlink/state.h"
#include "network_watch.h"

/* ---- changes ---- */

static bool routes_changed(const void *what)
{
	(void)what;
	return watch.routes_events > 0;
}

static void thousands_of_routes_are_followed_and_reported_together(void **state)
{
	(void)state;
	watch_network(NULL);
	here("for i in {0..1999}; do echo route add 10.$((i / 200)).$((i %% 200)).0/24 "
	     "via 192.0.2.2; done | ip -batch -");
	assert_true(watch_wait(watch_leaves_by_nic, "10.9.199.1"));
	assert_in_range(watch.routes_events, 1, 1000);
	for (unsigned i = 0; i < 2000; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.%u.%u.1", i / 200, i % 200);
		assert_true(watch_leaves_by_nic(text));
	}
	here("ip route flush root 10.0.0.0/8");
	assert_true(watch_wait(watch_has_no_route, "10.9.199.1"));
	assert_true(watch_has_no_route("10.0.0.1"));
}

static void a_better_route_is_told_and_taken(void **state)
{
	struct network_route route;

	(void)state;
	here("ip route add 10.0.0.0/8 via 192.0.2.2");
	watch_network(NULL);
	route = watch_found("10.1.1.1");
	watch_assert_addr(&watch.hops[route.hop].addr, "192.0.2.2");
	here("ip route add 10.1.1.0/24 via 192.0.2.3");
	assert_true(watch_wait(routes_changed, NULL));
	route = watch_found("10.1.1.1");
	watch_assert_addr(&watch.hops[route.hop].addr, "192.0.2.3");
	watch.routes_events = 0;
	here("ip route replace 10.1.1.0/24 via 192.0.2.4");
	assert_true(watch_wait(routes_changed, NULL));
	watch_assert_addr(&watch.hops[watch_found("10.1.1.1").hop].addr, "192.0.2.4");
}

static void a_multipath_route_leaves_a_link_that_goes_down(void **state)
{
	(void)state;
	here("ip link add spare type veth peer name rapes; ip link set rapes up; "
	     "ip link set spare up; ip addr add 198.51.100.1/24 dev spare");
	here("ip route add 10.5.0.0/16 nexthop via 192.0.2.2 nexthop via 198.51.100.2");
	watch_network(NULL);
	assert_true(watch_leaves_by_nic("10.5.0.1"));
	here("ip link set nic down");
	assert_true(watch_wait(watch_leaves_by_spare, "10.5.0.1"));
	here("ip link set nic up");
	assert_true(watch_wait(watch_leaves_by_nic, "10.5.0.1"));
	here("ip link set nic down; ip link set spare down");
	assert_true(watch_wait(watch_has_no_route, "10.5.0.1"));
}

static void a_route_lost_with_its_link_is_not_believed_later(void **state)
{
	(void)state;
	here("ip route add 10.4.0.0/16 via 192.0.2.2");
	watch_network(NULL);
	assert_true(watch_leaves_by_nic("10.4.0.1"));
	here("ip link set nic down; ip link set nic up");
	assert_true(watch_wait(watch_has_no_route, "10.4.0.1"));
	assert_true(watch_wait(watch_leaves_by_nic, "192.0.2.2"));
	assert_true(watch_has_no_route("10.4.0.1"));
	here("ip addr add 192.0.2.55/24 dev nic; "
	     "ip route add 10.4.0.0/16 via 192.0.2.2 src 192.0.2.55");
	assert_true(watch_wait(watch_leaves_by_nic, "10.4.0.1"));
	here("ip addr del 192.0.2.55/24 dev nic");
	assert_true(watch_wait(watch_has_no_route, "10.4.0.1"));
}

static bool nic_vanished(const void *what)
{
	(void)what;
	return !watch.present && strcmp(watch.link.name, "nic") == 0;
}

static bool nic_is_up(const void *what)
{
	const struct network_link *link = network_link_by_name(watch.network, "nic");

	(void)what;
	return link && link->up;
}

static bool is_renamed(const void *name)
{
	return watch.present && strcmp(watch.link.name, name) == 0;
}

static void a_link_that_vanishes_and_returns_is_told_both_times(void **state)
{
	struct network_route route;

	(void)state;
	watch_network(NULL);
	route = watch_found("192.0.2.2");
	assert_true(watch_wait(watch_is_resolved, &route.hop));
	here("ip link del nic");
	assert_true(watch_wait(nic_vanished, NULL));
	assert_true(watch_wait(watch_is_unresolved, &route.hop));
	assert_int_equal(watch_find("192.0.2.2", &route), -ENETUNREACH);
	network_release(watch.network, route.hop);
	assert_null(network_link_by_name(watch.network, "nic"));
	here("ip link add nic type veth peer name far; ip link set far netns $PEER; "
	     "ip addr add 192.0.2.1/24 dev nic; ip link set nic up");
	peer("ip addr add 192.0.2.2/24 dev far; ip link set far up");
	assert_true(watch_wait(nic_is_up, NULL));
	assert_true(watch_wait(watch_leaves_by_nic, "192.0.2.2"));
	route = watch_found("192.0.2.2");
	assert_true(watch_wait(watch_is_resolved, &route.hop));
	here("ip link set nic down; ip link set nic name nic2");
	assert_true(watch_wait(is_renamed, "nic2"));
	assert_non_null(network_link_by_name(watch.network, "nic2"));
}

/* ---- pods ---- */

static void a_pod_behind_a_routed_veth_is_local(void **state)
{
	struct network_route route;

	(void)state;
	here("ip link add pod0 type veth peer name eth0; ip link set eth0 netns $PEER; "
	     "ip link set pod0 up; ip route add 10.244.0.5/32 dev pod0");
	peer("ip link set eth0 up; ip addr add 10.244.0.5/32 dev eth0\n"
	     "echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore");
	watch_network("pod*");
	route = watch_found("10.244.0.5");
	assert_int_equal(route.pod_ifindex, if_nametoindex("pod0"));
	assert_true(network_link_by_name(watch.network, "pod0")->is_pod);
	assert_false(network_link_by_name(watch.network, "nic")->is_pod);
	watch_assert_addr(&route.source, "192.0.2.1");
	assert_true(watch_wait(watch_is_resolved, &route.hop));
	assert_int_equal(watch_found("192.0.2.2").pod_ifindex, 0);
}

static bool lies_behind(const char *name)
{
	struct network_route route;

	if (watch_find("10.244.1.5", &route) < 0)
		return false;
	network_release(watch.network, route.hop);
	return route.pod_ifindex == (name ? if_nametoindex(name) : 0);
}

static bool lies_behind_pod(const void *name)
{
	return lies_behind(name);
}

static void a_pod_behind_a_bridge_is_found_by_its_mac(void **state)
{
	struct network_route route;

	(void)state;
	here("ip link add cni0 type bridge; ip link set cni0 up; "
	     "ip addr add 10.244.1.1/24 dev cni0; "
	     "ip link add pod1 type veth peer name eth0 address " MAC
	     "; ip link set eth0 netns $PEER; "
	     "ip link set pod1 master cni0 up");
	peer("ip link set eth0 up; ip addr add 10.244.1.5/24 dev eth0");
	watch_network("pod*");
	route = watch_found("10.244.1.5");
	assert_true(watch_wait(watch_is_resolved, &route.hop));
	assert_int_equal(watch.hops[route.hop].ifindex, if_nametoindex("cni0"));
	assert_true(watch.routes_events > 0 || route.pod_ifindex);
	assert_true(watch_wait(lies_behind_pod, "pod1"));
	here(
	    "ip link add pod2 type veth peer name 2dop; ip link set pod2 master cni0 up; "
	    "bridge fdb replace " MAC " dev pod2 master static sticky");
	assert_true(watch_wait(lies_behind_pod, "pod2"));
	here("ip link set pod1 nomaster; bridge fdb del " MAC " dev pod2 master");
	assert_true(watch_wait(lies_behind_pod, NULL));
}

/* ---- loss ---- */

static void shrink_news_buffer(void)
{
	unsigned shrunk = 0;

	for (int fd = 3; fd < 256; fd++) {
		struct sockaddr_nl name = { 0 };
		socklen_t length = sizeof(name);
		int tiny = 1;

		if (getsockname(fd, (struct sockaddr *)&name, &length) < 0 ||
		    name.nl_family != AF_NETLINK || !name.nl_groups)
			continue;
		assert_int_equal(
		    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &tiny, sizeof(tiny)), 0);
		shrunk++;
	}
	assert_int_equal(shrunk, 1);
}

/* far gets another MAC and says nothing of it: only being asked reveals it. */
static void change_mac_silently(void)
{
	peer("ip link set far arp off; ip link set far address " OTHER_MAC "\n"
	     "ip link set far arp on");
}

static void hurry_neighbours(void)
{
	here("cd /proc/sys/net/ipv4/neigh/nic; echo 300 > base_reachable_time_ms; "
	     "echo 100 > retrans_time_ms; echo 500 > interval_probe_time_ms; "
	     "echo 0 > delay_first_probe_time");
}

static void a_silent_change_of_mac_is_found_by_asking(void **state)
{
	struct network_route route;

	(void)state;
	hurry_neighbours();
	watch_network(NULL);
	route = watch_found("192.0.2.2");
	assert_true(watch_wait(watch_is_resolved, &route.hop));
	change_mac_silently();
	assert_true(watch_wait(watch_has_other_mac, &route.hop));
}

static void a_silent_change_of_mac_is_found_without_managed_neighbours(void **state)
{
	struct network_route route;

	(void)state;
	hurry_neighbours();
	watch_network(NULL);
	watch.network->managed = MANAGED_NO;
	route = watch_found("192.0.2.2");
	assert_true(watch_wait(watch_is_resolved, &route.hop));
	assert_false(here_holds("ip neigh show 192.0.2.2 | grep -qw managed"));
	change_mac_silently();
	assert_true(watch_wait(watch_has_other_mac, &route.hop));
}

static void lost_notifications_lead_to_a_new_reading(void **state)
{
	struct network_route route;

	(void)state;
	here("ip route add 10.200.0.0/16 via 192.0.2.2; "
	     "ip link add spare type veth peer name rapes");
	watch_network(NULL);
	route = watch_found("192.0.2.2");
	assert_true(watch_wait(watch_is_resolved, &route.hop));
	assert_true(watch_leaves_by_nic("10.200.0.1"));
	shrink_news_buffer();
	here("for i in {0..1999}; do echo route add 10.$((i / 200)).$((i %% 200)).0/24 "
	     "via 192.0.2.2; done | ip -batch -; ip route del 10.200.0.0/16; "
	     "ip link del spare; ip link set nic mtu 1280");
	assert_true(watch_wait(watch_leaves_by_nic, "10.9.199.1"));
	assert_true(watch_wait(watch_has_no_route, "10.200.0.1"));
	assert_null(network_link_by_name(watch.network, "spare"));
	assert_true(watch_wait(watch_has_small_mtu, &route.hop));
	assert_true(watch_is_resolved(&route.hop));
	assert_true(watch.routes_events > 0);
	for (unsigned i = 0; i < 2000; i += 7) {
		char text[32];

		snprintf(text, sizeof(text), "10.%u.%u.1", i / 200, i % 200);
		assert_true(watch_leaves_by_nic(text));
	}
	here("ip route flush root 10.0.0.0/8; ip route add 10.201.0.0/16 via 192.0.2.2");
	assert_true(watch_wait(watch_leaves_by_nic, "10.201.0.1"));
	assert_true(watch_has_no_route("10.9.199.1"));
}

int main(void)
{
#define LIVE_TEST(name)                                                                  \
	cmocka_unit_test_setup_teardown(name, watch_set_up, watch_tear_down)
	const struct CMUnitTest tests[] = {
		LIVE_TEST(thousands_of_routes_are_followed_and_reported_together),
		LIVE_TEST(a_better_route_is_told_and_taken),
		LIVE_TEST(a_multipath_route_leaves_a_link_that_goes_down),
		LIVE_TEST(a_route_lost_with_its_link_is_not_believed_later),
		LIVE_TEST(a_link_that_vanishes_and_returns_is_told_both_times),
		LIVE_TEST(a_pod_behind_a_routed_veth_is_local),
		LIVE_TEST(a_pod_behind_a_bridge_is_found_by_its_mac),
		LIVE_TEST(a_silent_change_of_mac_is_found_by_asking),
		LIVE_TEST(a_silent_change_of_mac_is_found_without_managed_neighbours),
		LIVE_TEST(lost_notifications_lead_to_a_new_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
