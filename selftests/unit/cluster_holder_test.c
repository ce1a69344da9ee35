// SPDX-License-Identifier: BSD-2-Clause
/* Who else has a Service's address, and that the Service hears of it. */
#include "objects.h"

static void expect_dirty(struct cluster *cluster, const char *expected)
{
	char *name = cluster_take_dirty(cluster);

	if (expected)
		assert_string_equal(name, expected);
	else
		assert_null(name);
	free(name);
}

static void set(struct cluster *cluster, struct object *object)
{
	assert_int_equal(cluster_set(cluster, object), 0);
}

static struct object *slice_at(const char *address)
{
	struct object *slice = new_slice("relay-1", "relay", "smtp", IPPROTO_TCP, 25);

	add_endpoint(slice, address, NULL);
	return slice;
}

static struct object *node_at(const char *address)
{
	struct object *node = new_node("b", NULL);

	add_addr(&node->node.addrs, address);
	return node;
}

static void cluster_knows_who_else_holds_an_address(void **state)
{
	static struct object *(*const HOLDERS[])(const char *address) = { slice_at,
									  node_at };
	struct cluster *cluster = new_cluster();
	struct hg_addr vip = addr("10.96.0.1");

	(void)state;
	set(cluster, new_service("cart", "10.96.0.1"));
	expect_dirty(cluster, "shop/cart");
	assert_null(cluster_find_holder(cluster, &vip));
	for (size_t i = 0; i < 2; i++) {
		struct object *holder = HOLDERS[i]("10.96.0.1");

		set(cluster, holder);
		expect_dirty(cluster, "shop/cart");
		assert_ptr_equal(cluster_find_holder(cluster, &vip), holder);
		set(cluster, HOLDERS[i]("10.1.0.1"));
		expect_dirty(cluster, "shop/cart");
		assert_null(cluster_find_holder(cluster, &vip));
	}
	struct object *pod = new_pod("queue", "10.96.0.1");
	set(cluster, pod);
	expect_dirty(cluster, "shop/cart");
	assert_ptr_equal(cluster_find_holder(cluster, &vip), pod);
	/* A Node comes before a Pod, and a Pod before an endpoint. */
	set(cluster, slice_at("10.96.0.1"));
	assert_ptr_equal(cluster_find_holder(cluster, &vip), pod);
	struct object *node = node_at("10.96.0.1");
	set(cluster, node);
	assert_ptr_equal(cluster_find_holder(cluster, &vip), node);
	expect_dirty(cluster, "shop/cart");
	assert_int_equal(cluster_remove(cluster, OBJECT_POD, "shop", "queue"), 0);
	expect_dirty(cluster, "shop/cart");
	expect_dirty(cluster, NULL);
	cluster_free(cluster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cluster_knows_who_else_holds_an_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
