/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An endpoint that is itself a frontend is refused with a sentence, whoever came first; a
 * virtual address with another port is an endpoint like any other.
 */
#include "world.h"

#define LOCAL_IP "203.0.113.10"

static const char *const families[][2] = { { CLUSTER_IP, "10.96.0.9" },
					   { "fd00:96::1", "fd00:96::9" } };

static struct object *service_at(const char *name, const char *address)
{
	struct object *service = new_service(name, address);

	add_port(service, "http", IPPROTO_TCP, 80);
	return service;
}

static struct object *slice_of(const char *service, const char *address, uint16_t port)
{
	struct object *slice = new_slice(service, service, "http", IPPROTO_TCP, port);

	add_endpoint(slice, address, NULL);
	return slice;
}

static void expect_backends(struct world *world, const char *name, size_t count)
{
	complaints_clear(&world->complaints);
	assert_int_equal(compile_named(world, name)->ports[0].backend_count, count);
}

/* An address that somebody else has too is told apart from this, see cluster_holder_test. */
static size_t count_chains(const struct world *world)
{
	size_t count = 0;

	for (size_t i = 0; i < world->complaints.count; i++)
		count += strstr(world->complaints.items[i].sentence,
				"itself a frontend") != NULL;
	return count;
}

static void expect_dirty(struct world *world, const char *want)
{
	char *name = cluster_take_dirty(world->cluster);

	if (want)
		assert_string_equal(name, want);
	else
		assert_null(name);
	free(name);
}

static void address_that_is_its_own_endpoint_is_refused(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world *world = new_world();
		struct object *slice = slice_of(TEST_SERVICE, families[i][0], 80);

		add_endpoint(slice, i ? "fd00::1" : BACKEND_A, NULL);
		set(world, service_at(TEST_SERVICE, families[i][0]));
		set(world, slice);
		expect_backends(world, TEST_SERVICE, 1);
		assert_int_equal(world->wanted->ports[0].active_count, 1);
		assert_int_equal(count_chains(world), 1);
		assert_string_equal(world->complaints.items[0].object,
				    "Service shop/cart");
		if (i == 0)
			assert_string_equal(
			    world->complaints.items[0].sentence,
			    "endpoint 10.96.0.1:80/TCP gets no traffic because it is "
			    "itself a frontend, of Service shop/cart, and packets would "
			    "come back here: name the addresses of its backends instead");
		free_world(world);
	}
}

/* cart → wish → cart; each of the two is told. */
static void chain_of_services_is_refused(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world *world = new_world();

		set(world, service_at(TEST_SERVICE, families[i][0]));
		set(world, slice_of(TEST_SERVICE, families[i][1], 80));
		expect_backends(world, TEST_SERVICE, 1);
		assert_int_equal(count_chains(world), 0);
		set(world, service_at("wish", families[i][1]));
		set(world, slice_of("wish", families[i][0], 80));
		expect_backends(world, TEST_SERVICE, 0);
		assert_non_null(strstr(world->complaints.items[0].sentence, "shop/wish"));
		expect_backends(world, "wish", 0);
		assert_non_null(strstr(world->complaints.items[0].sentence, "shop/cart"));
		free_world(world);
	}
}

/* External and load-balancer addresses are frontends too, and one sentence counts them. */
static void every_kind_of_frontend_counts(void **state)
{
	struct world *world = new_world();
	struct object *other = service_at("wish", "10.96.0.9");
	struct object *slice = slice_of(TEST_SERVICE, "10.96.0.9", 80);

	(void)state;
	add_addr(&other->service.external_ips, "192.0.2.1");
	add_addr(&other->service.load_balancer_ips, LOCAL_IP);
	add_endpoint(slice, "192.0.2.1", NULL);
	add_endpoint(slice, LOCAL_IP, NULL);
	add_endpoint(slice, BACKEND_B, NULL);
	set(world, other);
	set(world, web_service());
	set(world, slice);
	expect_backends(world, TEST_SERVICE, 1);
	assert_int_equal(count_chains(world), 1);
	assert_non_null(strstr(world->complaints.items[0].sentence, "(and 2 more)"));
	free_world(world);
}

/* hostNetwork pods on a node whose address a Service claims for another port. */
static void another_port_or_protocol_is_no_chain(void **state)
{
	struct world *world = new_world();

	(void)state;
	set(world, web_service());
	set(world, slice_of(TEST_SERVICE, CLUSTER_IP, 8080));
	expect_backends(world, TEST_SERVICE, 1);
	assert_int_equal(count_chains(world), 0);
	struct object *udp = new_service("wish", BACKEND_A);
	add_port(udp, "http", IPPROTO_UDP, 8080);
	set(world, udp);
	set(world, slice_of(TEST_SERVICE, BACKEND_A, 8080));
	expect_backends(world, TEST_SERVICE, 1);
	assert_int_equal(count_chains(world), 0);
	free_world(world);
}

static void frontend_that_comes_or_goes_later_is_noticed(void **state)
{
	struct world *world = new_world();

	(void)state;
	set(world, web_service());
	set(world, slice_of(TEST_SERVICE, "10.96.0.9", 80));
	expect_dirty(world, "shop/cart");
	expect_dirty(world, NULL);
	set(world, service_at("wish", "10.96.0.9"));
	expect_dirty(world, "shop/wish");
	expect_dirty(world, "shop/cart");
	expect_backends(world, TEST_SERVICE, 0);
	assert_int_equal(
	    cluster_remove(world->cluster, OBJECT_SERVICE, TEST_NAMESPACE, "wish"), 0);
	expect_dirty(world, "shop/wish");
	expect_dirty(world, "shop/cart");
	expect_backends(world, TEST_SERVICE, 1);
	assert_int_equal(cluster_remove(world->cluster, OBJECT_ENDPOINT_SLICE,
					TEST_NAMESPACE, TEST_SERVICE),
			 0);
	expect_dirty(world, "shop/cart");
	set(world, service_at("wish", "10.96.0.9"));
	expect_dirty(world, "shop/wish");
	expect_dirty(world, NULL);
	free_world(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_that_is_its_own_endpoint_is_refused),
		cmocka_unit_test(chain_of_services_is_refused),
		cmocka_unit_test(every_kind_of_frontend_counts),
		cmocka_unit_test(another_port_or_protocol_is_no_chain),
		cmocka_unit_test(frontend_that_comes_or_goes_later_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
