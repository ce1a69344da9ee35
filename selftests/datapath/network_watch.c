/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The listener of the tests of netlink/, and their waiting: the loop turns until a
 * condition holds or the deadline passes; nothing sleeps.
 */
#include "network_watch.h"
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

#define DEADLINE_MS 8000

static uv_loop_t loop;
static uv_timer_t ticker;
struct network_watch watch;

static void on_hop(void *context, uint32_t index, const struct hg_hop *hop)
{
	(void)context;
	assert_in_range(index, 1, HG_HOPS - 1);
	watch.hops[index] = *hop;
}

static void on_routes(void *context)
{
	(void)context;
	watch.routes_events++;
}

static void on_link(void *context, const struct network_link *link, bool present)
{
	(void)context;
	watch.link = *link;
	watch.present = present;
}

static void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

void watch_network(const char *pods)
{
	static const struct network_events events = { .hop = on_hop,
						      .routes = on_routes,
						      .link = on_link };

	memset(watch.hops, 0, sizeof(watch.hops));
	assert_int_equal(network_open(&loop, pods, &events, &watch.network), 0);
	watch.routes_events = 0;
}

int watch_set_up(void **state)
{
	(void)state;
	if (netspace_open() < 0)
		return -1;
	here("ip link add nic address 02:00:00:00:00:01 type veth "
	     "peer name far address " MAC "; ip link set far netns $PEER");
	here("ip addr add 192.0.2.1/24 dev nic; ip link set nic up");
	here("ip addr add 2001:db8:2::1/64 dev nic nodad");
	peer("ip addr add 192.0.2.2/24 dev far; ip link set far up\n"
	     "ip addr add 2001:db8:2::2/64 dev far nodad");
	uv_loop_init(&loop);
	uv_timer_init(&loop, &ticker);
	uv_timer_start(&ticker, on_tick, 5, 5);
	return 0;
}

int watch_tear_down(void **state)
{
	(void)state;
	network_close(watch.network);
	watch.network = NULL;
	uv_close((uv_handle_t *)&ticker, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	netspace_close();
	return uv_loop_close(&loop);
}

/* ---- waiting ---- */

bool watch_wait(bool (*holds)(const void *what), const void *what)
{
	uint64_t end = uv_hrtime() / 1000000 + DEADLINE_MS;

	while (!holds(what)) {
		if (uv_hrtime() / 1000000 > end)
			return false;
		uv_run(&loop, UV_RUN_ONCE);
	}
	return true;
}

struct hg_addr watch_parse(const char *text)
{
	struct hg_addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

int watch_find(const char *text, struct network_route *route)
{
	struct hg_addr addr = watch_parse(text);

	return network_find(watch.network, &addr, route);
}

struct network_route watch_found(const char *text)
{
	struct network_route route = { 0 };
	int r = watch_find(text, &route);

	if (r < 0)
		fail_msg("%s: no route: %s", text, strerror(-r));
	return route;
}

bool watch_is_resolved(const void *index)
{
	return watch.hops[*(const uint32_t *)index].flags & HG_HOP_RESOLVED;
}

bool watch_is_unresolved(const void *index)
{
	return !watch_is_resolved(index);
}

static bool leaves_by(const char *text, const char *name)
{
	struct network_route route;
	bool yes;

	if (watch_find(text, &route) < 0)
		return false;
	yes = watch.hops[route.hop].ifindex == if_nametoindex(name);
	network_release(watch.network, route.hop);
	return yes;
}

bool watch_leaves_by_nic(const void *text)
{
	return leaves_by(text, "nic");
}

bool watch_leaves_by_spare(const void *text)
{
	return leaves_by(text, "spare");
}

bool watch_has_no_route(const void *text)
{
	struct network_route route;

	if (watch_find(text, &route) < 0)
		return true;
	network_release(watch.network, route.hop);
	return false;
}

void watch_assert_addr(const struct hg_addr *addr, const char *wanted)
{
	char text[ADDR_TEXT];

	assert_string_equal(addr_print(addr, text), wanted);
}

void watch_assert_mac(const uint8_t mac[6], const char *wanted)
{
	char text[32];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
		 mac[2], mac[3], mac[4], mac[5]);
	assert_string_equal(text, wanted);
}

bool watch_has_other_mac(const void *index)
{
	return watch.hops[*(const uint32_t *)index].dmac[5] == 0x77;
}

bool watch_has_small_mtu(const void *index)
{
	return watch.hops[*(const uint32_t *)index].mtu == 1280;
}

bool watch_has_own_mac(const void *index)
{
	return watch.hops[*(const uint32_t *)index].smac[5] == 0x77;
}
