/* SPDX-License-Identifier: BSD-2-Clause */
/* What the datapath is told of this node's pods. */
#include "policy_parts.h"

static void update_pods(void)
{
	assert_int_equal(policies_update(&controller), 0);
	assert_true(controller.due.pods);
	local_pods_review(&controller);
	assert_false(controller.due.pods);
}

static void pods_of_this_node_are_told_with_their_interface(void **state)
{
	(void)state;
	seen.behind[1] = 5;
	seen.behind[2] = 6;
	put_pod("cart-1", "node-1", 1);
	put_pod("cart-2", "node-2", 2);
	update_pods();
	assert_int_equal(seen.pods[5].addrs[0].bytes[15], 1);
	assert_int_equal(seen.pods[5].places[0], 0); /* no policy knows it */
	assert_true(addr_is_zero(&seen.pods[6].addrs[0]));
	put_policy();
	update_pods();
	assert_int_equal(seen.pods[5].places[0], 101);
	seen.behind[1] = 7;
	local_pods_review(&controller);
	assert_true(addr_is_zero(&seen.pods[5].addrs[0]));
	assert_int_equal(seen.pods[7].addrs[0].bytes[15], 1);
	cluster_remove(controller.cluster, OBJECT_POD, "shop", "cart-1");
	update_pods();
	assert_true(addr_is_zero(&seen.pods[7].addrs[0]));
	assert_null(controller.pods.links);
	assert_int_equal(seen.finds, seen.releases);
}

static void pods_behind_one_interface_are_not_told(void **state)
{
	(void)state;
	seen.behind[1] = seen.behind[2] = 5;
	put_pod("cart-1", "node-1", 1);
	update_pods();
	assert_int_equal(seen.pods[5].addrs[0].bytes[15], 1);
	put_pod("cart-2", "node-1", 2);
	update_pods();
	assert_true(addr_is_zero(&seen.pods[5].addrs[0]));
	assert_int_equal(controller.pods.complaints.count, 1);
	cluster_remove(controller.cluster, OBJECT_POD, "shop", "cart-1");
	update_pods();
	assert_int_equal(seen.pods[5].addrs[0].bytes[15], 2);
	assert_int_equal(controller.pods.complaints.count, 0);
}

static void pods_that_share_an_address_are_the_first_by_name(void **state)
{
	(void)state;
	seen.behind[1] = 5;
	put_pod("cart-2", "node-1", 1);
	put_pod("cart-1", "node-2", 1);
	update_pods();
	assert_true(addr_is_zero(&seen.pods[5].addrs[0]));
	assert_int_equal(controller.pods.complaints.count, 1);
	assert_string_equal(controller.pods.complaints.items[0].object,
			    "Pod shop/cart-2");
	assert_non_null(strstr(controller.pods.complaints.items[0].sentence,
			       "10.1.0.1 is that of Pod shop/cart-1 too"));
	cluster_remove(controller.cluster, OBJECT_POD, "shop", "cart-1");
	update_pods();
	assert_int_equal(seen.pods[5].addrs[0].bytes[15], 1);
	assert_int_equal(controller.pods.complaints.count, 0);
}

static void pods_failure_is_told_and_tried_again(void **state)
{
	(void)state;
	seen.behind[1] = 5;
	seen.set_error = -ENOSPC;
	put_pod("cart-1", "node-1", 1);
	update_pods();
	assert_int_equal(controller.pods.complaints.count, 1);
	assert_int_equal(local_pods_retry(&controller, 999), 1000);
	assert_int_equal(local_pods_retry(&controller, 1000), UINT64_MAX);
	seen.set_error = 0;
	local_pods_review(&controller);
	assert_int_equal(controller.pods.complaints.count, 0);
	assert_int_equal(seen.pods[5].addrs[0].bytes[15], 1);
}

static void pods_that_no_policy_can_concern_are_warned_of(void **state)
{
	(void)state;
	put_policy();
	update_pods();
	assert_int_equal(controller.pods.complaints.count, 1); /* no Pods */
	put_pod("cart-1", "node-2", 1);
	update_pods();
	assert_int_equal(controller.pods.complaints.count, 1); /* none here */
	options.pod_interfaces = NULL;
	local_pods_review(&controller);
	assert_int_equal(controller.pods.complaints.count, 0); /* a balancer */
	put_pod("cart-2", "node-1", 2);
	update_pods();
	assert_int_equal(controller.pods.complaints.count, 1); /* here, no interface */
	assert_int_equal(seen.finds, 0);
}

static void pods_that_are_silent_stay_where_they_were(void **state)
{
	struct interface interface = { .link = { .ifindex = 5, .is_pod = true } };

	(void)state;
	HASH_ADD(hh, controller.interfaces, link.ifindex, sizeof(uint32_t), &interface);
	seen.behind[1] = 5;
	put_pod("cart-1", "node-1", 1);
	update_pods();
	seen.behind[1] = 0;
	local_pods_review(&controller);
	assert_int_equal(seen.pods[5].addrs[0].bytes[15], 1);
	HASH_DEL(controller.interfaces, &interface);
	local_pods_review(&controller);
	assert_true(addr_is_zero(&seen.pods[5].addrs[0]));
}

static void pods_of_a_previous_daemon_are_where_it_knew_them(void **state)
{
	struct interface interface = { .link = { .ifindex = 5, .is_pod = true } };
	struct hg_addr address;

	(void)state;
	HASH_ADD(hh, controller.interfaces, link.ifindex, sizeof(uint32_t), &interface);
	assert_int_equal(addr_parse("10.1.0.1", &address), 0);
	seen.pods[5].addrs[0] = address;
	assert_int_equal(addr_parse("10.1.0.9", &seen.pods[6].addrs[0]), 0);
	put_pod("cart-1", "node-1", 1);
	assert_int_equal(policies_update(&controller), 0);
	assert_int_equal(local_pods_adopt(&controller), 0);
	memset(&seen.pods, 0, sizeof(seen.pods));
	local_pods_review(&controller);
	assert_int_equal(seen.pods[5].addrs[0].bytes[15], 1);
	HASH_DEL(controller.interfaces, &interface);
}

static void assert_counts(size_t here, size_t isolated)
{
	size_t found[2];

	local_pods_count(&controller, &found[0], &found[1]);
	assert_int_equal(found[0], here);
	assert_int_equal(found[1], isolated);
}

static void pods_that_only_audit_would_isolate_are_not_counted_as_isolated(void **state)
{
	(void)state;
	seen.is_on = true;
	seen.behind[1] = 5;
	put_policy();
	put_pod("cart-1", "node-1", 1);
	update_pods();
	assert_counts(1, 0);
	seen.lines[101].views[0].ingress = 2; /* audited */
	assert_counts(1, 0);
	seen.lines[101].views[0].egress = 1;
	assert_counts(1, 1);
}

/* Their places are not told to the datapath, which goes by the address then. */
static void pods_isolated_by_policies_that_are_held_are_counted(void **state)
{
	const struct place place = { .file = (char[]){ "pol.yaml" } };

	(void)state;
	seen.is_on = true;
	seen.behind[1] = 5;
	seen.lines[101].views[0].ingress = 1;
	complain(&seen.manifests, COMPLAINT_ERROR, &place, NULL, "not valid YAML");
	put_pod("cart-1", "node-1", 1);
	update_pods();
	assert_true(controller.policies.held);
	assert_int_equal(seen.pods[5].places[0], 0);
	assert_counts(1, 1);
	complaints_clear(&seen.manifests);
}

int main(void)
{
#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, open_controller, close_controller)
	const struct CMUnitTest tests[] = {
		TEST(pods_of_this_node_are_told_with_their_interface),
		TEST(pods_behind_one_interface_are_not_told),
		TEST(pods_that_share_an_address_are_the_first_by_name),
		TEST(pods_failure_is_told_and_tried_again),
		TEST(pods_that_are_silent_stay_where_they_were),
		TEST(pods_of_a_previous_daemon_are_where_it_knew_them),
		TEST(pods_that_no_policy_can_concern_are_warned_of),
		TEST(pods_that_only_audit_would_isolate_are_not_counted_as_isolated),
		TEST(pods_isolated_by_policies_that_are_held_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
