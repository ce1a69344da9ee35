/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The states of backends: conditions, weight, health, topology; and what is checked.
 */
#include "world.h"

static void backends_slots_name_active_backends_only(void **state)
{
	struct world *world = new_world();
	struct object *slice = web_slice();
	const struct wanted_port *port;

	(void)state;
	slice->slice.endpoints[0].weight = 0;
	slice->slice.endpoints[1].ready = slice->slice.endpoints[1].serving = false;
	set(world, web_service());
	set(world, slice);
	port = &compile(world)->ports[0];
	assert_int_equal(port->backend_count, 3);
	assert_int_equal(port->active_count, 1);
	assert_int_equal(find_backend(port, BACKEND_A)->state, BACKEND_STANDBY);
	assert_int_equal(find_backend(port, BACKEND_B)->state, BACKEND_DOWN);
	assert_int_equal(port->backends[0].state, BACKEND_ACTIVE);
	assert_int_equal(port->backends[0].addr.bytes[15], 3);
	for (uint32_t slot = 0; slot < port->slot_count; slot++)
		assert_int_equal(port->slots[slot], 0);
	free_world(world);
}

static struct world *checked_world(bool panic, int health_a, int health_b, int health_c)
{
	struct world *world = new_world();
	struct object *service = web_service();

	service->service.options.check.type = CHECK_TCP;
	service->service.options.panic = panic;
	set(world, service);
	set(world, web_slice());
	world->health[1] = health_a;
	world->health[2] = health_b;
	world->health[3] = health_c;
	return world;
}

static void backends_failed_check_takes_a_backend_out_and_unknown_does_not(void **state)
{
	struct world *world = checked_world(true, HEALTH_UP, HEALTH_DOWN, HEALTH_UNKNOWN);
	const struct wanted_port *port = &compile(world)->ports[0];

	(void)state;
	assert_int_equal(port->active_count, 2);
	assert_int_equal(find_backend(port, BACKEND_A)->state, BACKEND_ACTIVE);
	assert_int_equal(find_backend(port, BACKEND_B)->state, BACKEND_DOWN);
	assert_int_equal(find_backend(port, BACKEND_C)->state, BACKEND_ACTIVE);
	assert_int_equal(find_backend(port, BACKEND_C)->health, HEALTH_UNKNOWN);
	free_world(world);
}

static void backends_all_checks_failed_uses_all_unless_panic_is_off(void **state)
{
	struct world *world = checked_world(true, HEALTH_DOWN, HEALTH_DOWN, HEALTH_DOWN);

	(void)state;
	assert_int_equal(compile(world)->ports[0].active_count, 3);
	assert_int_equal(world->wanted->ports[0].backends[0].health, HEALTH_DOWN);
	free_world(world);
	world = checked_world(false, HEALTH_DOWN, HEALTH_DOWN, HEALTH_DOWN);
	assert_int_equal(compile(world)->ports[0].active_count, 0);
	assert_int_equal(world->wanted->ports[0].backend_count, 3);
	assert_null(world->wanted->ports[0].slots);
	free_world(world);
}

static void backends_failing_check_keeps_the_table_size_and_most_slots(void **state)
{
	struct world *world = checked_world(true, HEALTH_UP, HEALTH_UP, HEALTH_UP);
	const struct wanted_port *port = &compile(world)->ports[0];
	uint32_t size = port->slot_count, moved = 0;
	uint16_t *before = calloc(size, sizeof(*before));

	(void)state;
	memcpy(before, port->slots, size * sizeof(*before));
	world->health[3] = HEALTH_DOWN;
	port = &compile(world)->ports[0];
	assert_int_equal(port->slot_count, size);
	for (uint32_t slot = 0; slot < size; slot++)
		moved += before[slot] != 2 && before[slot] != port->slots[slot];
	assert_in_range(moved, 0, size / 10);
	free(before);
	free_world(world);
}

static void backends_checks_are_distinct_and_cover_what_serves(void **state)
{
	struct world *world = new_world();
	struct object *service = web_service();
	struct object *slice = web_slice();
	const struct wanted_service *wanted;

	(void)state;
	add_addr(&service->service.external_ips, "203.0.113.1");
	service->service.external_local = true; /* two groups over the same endpoints */
	service->service.options.check.type = CHECK_HTTP;
	service->service.options.check.path = text_copy("/ready");
	slice->slice.endpoints[1].ready = slice->slice.endpoints[1].serving = false;
	slice->slice.endpoints[2].ready = false;
	slice->slice.endpoints[2].terminating = true;
	set(world, service);
	set(world, slice);
	service->service.options.panic = false;
	world->health[1] = HEALTH_DOWN; /* still checked, or it would never come back */
	wanted = compile(world);
	assert_int_equal(wanted->port_count, 2);
	assert_int_equal(wanted->check.type, CHECK_HTTP);
	assert_string_equal(wanted->check.path, "/ready");
	assert_int_equal(wanted->check_count, 2);
	assert_int_equal(wanted->checks[0].addr.bytes[15], 1);
	assert_int_equal(wanted->checks[0].port, 8080);
	assert_int_equal(wanted->checks[1].addr.bytes[15], 3);
	assert_int_equal(world->asked_port, 8080);
	free_world(world);
}

static bool a_is_out(void *context, const struct hg_addr *addr, uint16_t port,
		     uint8_t protocol)
{
	(void)context;
	(void)port;
	(void)protocol;
	return addr->bytes[15] == 1;
}

/* After a restart: what the tables in force leave out stays out until its check succeeds. */
static void backends_that_are_out_stay_out_while_unknown(void **state)
{
	struct world *world =
	    checked_world(true, HEALTH_UNKNOWN, HEALTH_UNKNOWN, HEALTH_UP);

	(void)state;
	world->input.is_out = a_is_out;
	const struct wanted_port *port = &compile(world)->ports[0];
	assert_int_equal(port->active_count, 2);
	assert_int_equal(find_backend(port, BACKEND_A)->state, BACKEND_DOWN);
	assert_int_equal(find_backend(port, BACKEND_A)->health, HEALTH_UNKNOWN);
	assert_int_equal(world->wanted->check_count, 3); /* or it would never return */
	world->health[1] = HEALTH_UP;
	assert_int_equal(compile(world)->ports[0].active_count, 3);
	free_world(world);
}

static void backends_check_port_replaces_the_backends_own(void **state)
{
	struct world *world = new_world();
	struct object *service = web_service();

	(void)state;
	service->service.options.check.type = CHECK_TCP;
	service->service.options.check.port = 9000;
	set(world, service);
	set(world, web_slice());
	assert_int_equal(compile(world)->checks[2].port, 9000);
	assert_int_equal(world->asked_port, 9000);
	world->input.health = NULL;
	assert_int_equal(compile(world)->check_count, 3);
	assert_int_equal(world->wanted->ports[0].backends[0].health, HEALTH_NONE);
	free_world(world);
}

static void backends_zone_of_this_node_decides_about_hints(void **state)
{
	struct world *world = new_world();
	struct object *slice = web_slice();

	(void)state;
	slice->slice.endpoints[0].hints = new_hints("z1", NULL);
	slice->slice.endpoints[1].hints = new_hints("z2", NULL);
	slice->slice.endpoints[2].hints = new_hints("z2", NULL);
	set(world, web_service());
	set(world, slice);
	assert_int_equal(compile(world)->ports[0].active_count, 3);
	set(world, new_node("a", "z1"));
	set(world, new_node("b", "z2"));
	assert_int_equal(compile(world)->ports[0].active_count, 1);
	assert_int_equal(find_backend(&world->wanted->ports[0], BACKEND_B)->state,
			 BACKEND_STANDBY);
	free_world(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(backends_slots_name_active_backends_only),
		cmocka_unit_test(
		    backends_failed_check_takes_a_backend_out_and_unknown_does_not),
		cmocka_unit_test(backends_all_checks_failed_uses_all_unless_panic_is_off),
		cmocka_unit_test(
		    backends_failing_check_keeps_the_table_size_and_most_slots),
		cmocka_unit_test(backends_checks_are_distinct_and_cover_what_serves),
		cmocka_unit_test(backends_that_are_out_stay_out_while_unknown),
		cmocka_unit_test(backends_check_port_replaces_the_backends_own),
		cmocka_unit_test(backends_zone_of_this_node_decides_about_hints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
