// SPDX-License-Identifier: BSD-2-Clause
/* Which pod lies behind which interface, as the datapath is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>
#include "applied.h"

#define WEB  "10.1.0.1"
#define CART "10.1.0.2"

static struct applied applied;

static int begin(void **state)
{
	(void)state;
	applied_defaults(&applied);
	return 0;
}

static int end(void **state)
{
	(void)state;
	applied_end(&applied);
	return 0;
}

static struct hg_addr addr(const char *text)
{
	struct hg_addr parsed;

	assert_int_equal(addr_parse(text, &parsed), 0);
	return parsed;
}

static void read_line(uint32_t line, struct hg_policy_link *ret_link)
{
	int fd = applied_map("hg_policy_links");

	assert_int_equal(bpf_map_lookup_elem(fd, &line, ret_link), 0);
	close(fd);
}

static struct datapath_pod pod_at(const char *text)
{
	return (struct datapath_pod){ .addrs = { addr(text) }, .places = { 7 } };
}

/* How many lines name the interface; *ret_link: the last of them. */
static unsigned find_links(uint32_t ifindex, struct hg_policy_link *ret_link)
{
	struct hg_policy_link link;
	unsigned count = 0;

	for (uint32_t i = 0; i < HG_POLICY_LINK_WINDOW; i++) {
		read_line((ifindex + i) & (HG_POLICY_LINKS - 1), &link);
		if (link.ifindex != ifindex)
			continue;
		*ret_link = link;
		count++;
	}
	return count;
}

static void assert_behind(uint32_t ifindex, const char *text)
{
	struct hg_policy_link link;
	struct hg_addr expected = addr(text);

	assert_int_equal(find_links(ifindex, &link), 1);
	assert_memory_equal(&link.addrs[0], &expected, sizeof(expected));
	assert_int_equal(link.pods[0], 7);
}

static void set_pod(uint32_t ifindex, const char *text, int expected)
{
	struct datapath_pod pod = pod_at(text);

	assert_int_equal(datapath_set_pod(applied.datapath, ifindex, &pod), expected);
}

static void a_pod_is_found_by_its_interface(void **state)
{
	const struct datapath_pod nobody = { 0 };
	struct hg_policy_link link;

	(void)state;
	applied_open(&applied);
	assert_int_equal(datapath_set_pod(applied.datapath, 5, &nobody), 0);
	set_pod(5, WEB, 0);
	set_pod(5, WEB, 0);
	assert_behind(5, WEB);
	for (int i = 0; i < 20; i++) { /* lines are used again */
		set_pod(5, i & 1 ? WEB : CART, 0);
		assert_behind(5, i & 1 ? WEB : CART);
	}
	assert_int_equal(datapath_set_pod(applied.datapath, 5, &nobody), 0);
	assert_int_equal(find_links(5, &link), 0);
	for (uint32_t i = 0; i < HG_POLICY_LINK_WINDOW; i++)
		set_pod(5 + i * HG_POLICY_LINKS, WEB, 0);
	set_pod(5 + HG_POLICY_LINK_WINDOW * HG_POLICY_LINKS, WEB, -ENOSPC);
	assert_behind(5 + HG_POLICY_LINKS, WEB);
}

/* As many interfaces side by side as a node has pods, told before a policy is there. */
static void dense_interfaces_take_new_places_and_addresses(void **state)
{
	struct hg_policy_link link;

	(void)state;
	applied_open(&applied);
	for (uint32_t i = 4; i < 114; i++) {
		struct datapath_pod pod = { .addrs = { addr(WEB) } };

		assert_int_equal(datapath_set_pod(applied.datapath, i, &pod), 0);
	}
	for (uint32_t i = 4; i < 114; i++)
		set_pod(i, WEB, 0);
	for (uint32_t i = 4; i < 114; i++)
		assert_behind(i, WEB);
	for (uint32_t i = 4; i < 114; i++) {
		set_pod(i, CART, 0);
		assert_behind(i, CART);
	}
	set_pod(4, WEB, 0);
	assert_int_equal(find_links(5, &link), 1);
}

static void a_second_daemon_keeps_the_pods_that_it_knows(void **state)
{
	struct hg_policy_link link;

	(void)state;
	applied_open(&applied);
	set_pod(5, WEB, 0);
	set_pod(6, CART, 0);
	applied_close(&applied);
	applied_open(&applied);
	assert_behind(5, WEB);
	set_pod(6, CART, 0);
	assert_behind(5, WEB);
	assert_int_equal(datapath_settle_pods(applied.datapath), 0);
	assert_int_equal(find_links(5, &link), 0);
	assert_behind(6, CART);
	applied_close(&applied);
	applied_open(&applied);
	assert_int_equal(datapath_settle_pods(applied.datapath), 0);
	assert_int_equal(find_links(6, &link), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_pod_is_found_by_its_interface),
		TEST(dense_interfaces_take_new_places_and_addresses),
		TEST(a_second_daemon_keeps_the_pods_that_it_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
