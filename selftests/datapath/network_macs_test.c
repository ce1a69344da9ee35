// SPDX-License-Identifier: BSD-2-Clause
/*
 * To which MACs are frames sent that reach an interface and are for this machine? Asked of
 * netlink/ in namespaces whose picture is in network_watch.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <net/if.h>
#include "network_watch.h"

#define OWN	"02:00:00:00:00:01"
#define VIRTUAL "00:00:5e:00:01:33" /* VRRP, RFC 5798 §7.3 */
#define SECOND	"00:00:5e:00:02:33"
#define MACS	4

/* The MACs of nic, sorted but for its own, as one text. */
static const char *macs_of_nic(void)
{
	static char text[MACS * 18];
	uint8_t macs[MACS][6];
	size_t count =
	    network_link_macs(watch.network, if_nametoindex("nic"), macs, MACS);

	assert_true(count <= MACS);
	*text = '\0';
	for (size_t i = 0; i < count; i++) {
		const uint8_t *mac = macs[i];

		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s%02x:%02x:%02x:%02x:%02x:%02x", i ? " " : "", mac[0], mac[1],
			 mac[2], mac[3], mac[4], mac[5]);
	}
	return text;
}

/* Of MACs that arrive in any order: each is there, and so many bytes. */
static bool macs_are(const void *what)
{
	const char *got = macs_of_nic(), *want = what;

	if (strlen(got) != strlen(want))
		return false;
	for (; *want; want += want[17] ? 18 : 17) {
		char mac[18];

		snprintf(mac, sizeof(mac), "%s", want);
		if (!strstr(got, mac))
			return false;
	}
	return true;
}

static void its_own_comes_first(void **state)
{
	(void)state;
	here("ip link add one type veth peer name two; ip link set one up");
	here("ip link add v1 link nic address " VIRTUAL " type macvlan mode private; "
	     "ip link set v1 up");
	watch_network(NULL);
	assert_string_equal(macs_of_nic(), OWN " " VIRTUAL);
}

static void a_macvlan_counts_while_it_is_up_and_here(void **state)
{
	(void)state;
	watch_network(NULL);
	assert_string_equal(macs_of_nic(), OWN);
	here("ip link add v1 link nic address " VIRTUAL " type macvlan mode private");
	here("ip link add v2 link nic address " SECOND " type macvlan mode private; "
	     "ip link set v2 up");
	assert_true(watch_wait(macs_are, OWN " " SECOND));
	here("ip link set v1 up");
	assert_true(watch_wait(macs_are, OWN " " VIRTUAL " " SECOND));
	here("ip link set v1 down");
	assert_true(watch_wait(macs_are, OWN " " SECOND));
	here("ip link set v2 netns $PEER");
	assert_true(watch_wait(macs_are, OWN));
}

static void a_bridge_and_what_stands_on_it_count(void **state)
{
	(void)state;
	here("ip link add br0 address " OTHER_MAC " type bridge; ip link set br0 up");
	watch_network(NULL);
	assert_string_equal(macs_of_nic(), OWN);
	here("ip link set nic master br0");
	assert_true(watch_wait(macs_are, OWN " " OTHER_MAC));
	here("ip link add v1 link br0 address " VIRTUAL " type macvlan mode bridge; "
	     "ip link set v1 up");
	assert_true(watch_wait(macs_are, OWN " " OTHER_MAC " " VIRTUAL));
	here("ip link set nic nomaster");
	assert_true(watch_wait(macs_are, OWN));
}

/* Peers of a veth name each other as what they stand on. */
static void a_veths_peer_does_not_count(void **state)
{
	(void)state;
	here("ip link del nic; ip link add nic address " OWN " type veth peer name far "
	     "address " OTHER_MAC "; ip link set nic up; ip link set far up");
	watch_network(NULL);
	assert_string_equal(macs_of_nic(), OWN);
}

int main(void)
{
#define LIVE_TEST(name)                                                                  \
	cmocka_unit_test_setup_teardown(name, watch_set_up, watch_tear_down)
	const struct CMUnitTest tests[] = {
		LIVE_TEST(its_own_comes_first),
		LIVE_TEST(a_macvlan_counts_while_it_is_up_and_here),
		LIVE_TEST(a_bridge_and_what_stands_on_it_count),
		LIVE_TEST(a_veths_peer_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
