/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one Service becomes. Golden plans (selftests/plan) show whole results; here is
 * what they cannot: rivals, limits, and what must not change.
 */
#include "world.h"
#include "../../control/compile/slices.h"

static void compile_service_that_is_gone_or_skipped_wants_nothing(void **state)
{
	struct world *world = new_world();
	struct object *skipped = web_service();

	(void)state;
	assert_null(compile(world));
	skipped->service.skip = true;
	set(world, skipped);
	assert_null(compile(world));
	free_world(world);
}

static void compile_service_without_endpoints_keeps_its_frontends(void **state)
{
	struct world *world = new_world();
	const struct wanted_service *wanted;

	(void)state;
	set(world, web_service());
	wanted = compile(world);
	assert_int_equal(wanted->port_count, 1);
	assert_string_equal(wanted->ports[0].key, "shop/cart:http/TCP/IPv4");
	assert_int_equal(wanted->ports[0].frontend_count, 1);
	assert_int_equal(wanted->ports[0].frontends[0].flags, 0);
	assert_int_equal(wanted->ports[0].backend_count, 0);
	assert_null(wanted->ports[0].slots);
	assert_int_equal(wanted->ports[0].slot_count, 0);
	free_world(world);
}

static void compile_frontend_of_two_services_goes_to_the_first_by_name(void **state)
{
	struct world *world = new_world();
	struct object *rival = new_service("zebra", CLUSTER_IP);

	(void)state;
	add_port(rival, "web", IPPROTO_TCP, 80);
	add_port(rival, "alt", IPPROTO_TCP, 81);
	set(world, rival);
	assert_int_equal(compile_named(world, "zebra")->port_count, 2);
	assert_int_equal(world->complaints.count, 0);
	set(world, web_service());
	assert_int_equal(compile(world)->port_count, 1);
	assert_int_equal(world->complaints.count, 0);
	assert_int_equal(compile_named(world, "zebra")->port_count, 1);
	assert_int_equal(world->wanted->ports[0].port, 81);
	assert_int_equal(world->complaints.count, 1);
	assert_string_equal(world->complaints.items[0].object, "Service shop/zebra");
	assert_string_equal(
	    world->complaints.items[0].sentence,
	    "10.96.0.1:80/TCP is served by Service shop/cart, which "
	    "comes first by name: give one of the two another address or port");
	free_world(world);
}

static void compile_names_slices_that_lead_nowhere(void **state)
{
	struct world *world = new_world();
	struct object *lost = new_slice("lost", "kart", "http", IPPROTO_TCP, 80);
	struct object *empty = new_slice("empty", TEST_SERVICE, "htp", IPPROTO_TCP, 8080);
	struct object *wrong =
	    new_slice("wrong", TEST_SERVICE, "http", IPPROTO_UDP, 8080);
	struct complaints orphans = { 0 };

	(void)state;
	add_endpoint(lost, BACKEND_A, NULL);
	add_endpoint(wrong, BACKEND_A, NULL);
	set(world, web_service());
	set(world, empty);
	compile(world);
	assert_int_equal(world->complaints.count, 0);
	set(world, wrong);
	set(world, lost);
	compile(world);
	assert_int_equal(world->complaints.count, 1);
	assert_string_equal(world->complaints.items[0].object,
			    "EndpointSlice shop/wrong");
	assert_string_equal(world->complaints.items[0].sentence,
			    "port \"http\"/UDP is none of Service shop/cart, which has "
			    "\"http\"/TCP: give both the same name and protocol");
	slices_complain_of_orphans(world->cluster, &orphans);
	assert_int_equal(orphans.count, 1);
	assert_string_equal(orphans.items[0].object, "EndpointSlice shop/lost");
	assert_non_null(strstr(orphans.items[0].sentence,
			       "belongs to Service shop/kart, which does not exist"));
	complaints_clear(&orphans);
	free_world(world);
}

static void compile_sctp_with_another_backend_port_is_refused(void **state)
{
	struct world *world = new_world();
	struct object *service = new_service(TEST_SERVICE, CLUSTER_IP);

	(void)state;
	add_port(service, "same", IPPROTO_SCTP, 5060);
	add_port(service, "http", IPPROTO_SCTP, 80);
	add_port(service, "target", IPPROTO_SCTP, 90);
	service->service.ports[2].target_port = 91;
	set(world, service);
	set(world, new_slice("one", TEST_SERVICE, "same", IPPROTO_SCTP, 5060));
	set(world, new_slice("two", TEST_SERVICE, "http", IPPROTO_SCTP, 8080));
	assert_int_equal(compile(world)->port_count, 1);
	assert_int_equal(world->wanted->ports[0].port, 5060);
	assert_int_equal(world->complaints.count, 2);
	assert_string_equal(
	    world->complaints.items[0].sentence,
	    "port 80/SCTP is not served because its backends listen on port 8080 and "
	    "SCTP ports cannot be translated: use the same number for both");
	free_world(world);
}

static void compile_repeated_port_of_a_service_is_refused_once(void **state)
{
	struct world *world = new_world();
	struct object *service = web_service();

	(void)state;
	add_port(service, "again", IPPROTO_TCP, 80);
	add_port(service, "http", IPPROTO_TCP, 81);
	add_port(service, "http", IPPROTO_UDP, 80); /* another protocol: fine */
	set(world, service);
	assert_int_equal(compile(world)->port_count, 2);
	assert_int_equal(world->complaints.count, 2);
	free_world(world);
}

static void compile_table_size_too_small_is_raised_with_a_sentence(void **state)
{
	struct world *world = new_world();
	struct object *service = web_service();

	(void)state;
	service->service.options.table_size = 2;
	set(world, service);
	set(world, web_slice());
	assert_int_equal(compile(world)->ports[0].slot_count, 3);
	assert_int_equal(world->complaints.count, 1);
	free_world(world);
}

static void
compile_more_endpoints_than_a_slot_can_name_are_cut_with_a_sentence(void **state)
{
	struct world *world = new_world();
	struct object *slice = new_slice("big", TEST_SERVICE, "http", IPPROTO_TCP, 8080);
	struct slice_endpoint *endpoints = calloc(70000, sizeof(*endpoints));

	(void)state;
	for (uint32_t i = 0; i < 70000; i++) {
		endpoints[i] = (struct slice_endpoint){ .ready = true,
							.serving = true,
							.weight = 1 };
		addr_from_v4(__builtin_bswap32(0x0a000000 + i), &endpoints[i].addr);
	}
	slice->slice.endpoints = endpoints;
	slice->slice.endpoint_count = 70000;
	set(world, web_service());
	set(world, slice);
	assert_int_equal(compile(world)->ports[0].backend_count, 65535);
	assert_int_equal(world->complaints.count, 1);
	free_world(world);
}

static void compile_equal_backend_sets_have_equal_table_hashes(void **state)
{
	struct world *world = new_world();
	struct object *other = new_service("wish", "10.96.0.2");
	struct object *slice = new_slice("wish", "wish", "x", IPPROTO_UDP, 8080);
	uint64_t hash[2];

	(void)state;
	add_port(other, "x", IPPROTO_UDP, 53);
	add_endpoint(slice, BACKEND_C, "c");
	add_endpoint(slice, BACKEND_A, "a");
	add_endpoint(slice, BACKEND_B, "b");
	set(world, web_service());
	set(world, web_slice());
	set(world, other);
	set(world, slice);
	memcpy(hash, compile(world)->ports[0].table_hash, sizeof(hash));
	assert_memory_equal(compile_named(world, "wish")->ports[0].table_hash, hash,
			    sizeof(hash));
	world->input.seed++;
	assert_memory_not_equal(compile_named(world, "wish")->ports[0].table_hash, hash,
				sizeof(hash));
	free_world(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compile_service_that_is_gone_or_skipped_wants_nothing),
		cmocka_unit_test(compile_service_without_endpoints_keeps_its_frontends),
		cmocka_unit_test(
		    compile_frontend_of_two_services_goes_to_the_first_by_name),
		cmocka_unit_test(compile_names_slices_that_lead_nowhere),
		cmocka_unit_test(compile_sctp_with_another_backend_port_is_refused),
		cmocka_unit_test(compile_repeated_port_of_a_service_is_refused_once),
		cmocka_unit_test(compile_table_size_too_small_is_raised_with_a_sentence),
		cmocka_unit_test(
		    compile_more_endpoints_than_a_slot_can_name_are_cut_with_a_sentence),
		cmocka_unit_test(compile_equal_backend_sets_have_equal_table_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
