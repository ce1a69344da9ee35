/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which frontends a Service has, which list each follows, and who may use it.
 */
#include "world.h"

static const struct wanted_port *find_port(const struct wanted_service *wanted,
					   const char *key)
{
	for (size_t i = 0; i < wanted->port_count; i++) {
		if (strcmp(wanted->ports[i].key, key) == 0)
			return &wanted->ports[i];
	}
	fail_msg("no group %s", key);
	return NULL;
}

static const struct policy_case {
	const char *name;
	const char *node; /* where we are */
	const char *key;
	const char *frontend;
	size_t active;
	bool internal_local, external_local, no_local;
} POLICIES[] = {
	{ "Cluster/Cluster", "a", "shop/cart:http/TCP/IPv4", CLUSTER_IP, 3, false, false,
	  false },
	{ "external Local, external frontend", "a", "shop/cart:http/TCP/IPv4/local",
	  "203.0.113.1", 1, false, true, false },
	{ "external Local, clusterIP", "a", "shop/cart:http/TCP/IPv4", CLUSTER_IP, 3,
	  false, true, false },
	{ "internal Local, clusterIP", "b", "shop/cart:http/TCP/IPv4/local", CLUSTER_IP,
	  1, true, false, false },
	{ "internal Local, external frontend", "a", "shop/cart:http/TCP/IPv4",
	  "203.0.113.1", 3, true, false, false },
	{ "both Local", "c", "shop/cart:http/TCP/IPv4/local", CLUSTER_IP, 1, true, true,
	  false },
	{ "external Local, none here", "z", "shop/cart:http/TCP/IPv4/local",
	  "203.0.113.1", 0, false, true, true },
	{ "internal Local, none here", "z", "shop/cart:http/TCP/IPv4/local", CLUSTER_IP,
	  0, true, false, true },
};

static void frontends_follow_their_traffic_policy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(POLICIES) / sizeof(POLICIES[0]); i++) {
		const struct policy_case *row = &POLICIES[i];
		struct world *world = new_world();
		struct object *service = web_service();
		struct hg_addr frontend = addr(row->frontend);
		const struct wanted_port *port;
		bool found = false;

		print_message("%s\n", row->name);
		add_addr(&service->service.external_ips, "203.0.113.1");
		service->service.internal_local = row->internal_local;
		service->service.external_local = row->external_local;
		world->input.node_name = row->node;
		set(world, service);
		set(world, web_slice());
		port = find_port(compile(world), row->key);
		assert_int_equal(port->active_count, row->active);
		for (size_t j = 0; j < port->frontend_count; j++) {
			assert_int_equal(
			    !!(port->frontends[j].flags & HG_SERVICE_NO_LOCAL),
			    row->no_local);
			found |= !addr_compare(&port->frontends[j].addr, &frontend);
		}
		assert_true(found);
		free_world(world);
	}
}

static void frontends_local_list_without_endpoint_anywhere_refuses_instead(void **state)
{
	struct world *world = new_world();
	struct object *service = web_service();

	(void)state;
	service->service.internal_local = true;
	set(world, service);
	assert_int_equal(compile(world)->ports[0].frontends[0].flags, 0);
	free_world(world);
}

static uint32_t flags_of(struct world *world, const char *text)
{
	const struct wanted_service *wanted = compile(world);
	struct hg_addr where = addr(text);

	for (size_t i = 0; i < wanted->port_count; i++) {
		const struct wanted_port *port = &wanted->ports[i];

		for (size_t j = 0; j < port->frontend_count; j++) {
			if (addr_compare(&port->frontends[j].addr, &where) == 0)
				return port->frontends[j].flags;
		}
	}
	fail_msg("no frontend %s", text);
	return 0;
}

static struct object *exposed_service(void)
{
	struct object *service = web_service();

	add_addr(&service->service.cluster_ips, "fd00::1");
	add_addr(&service->service.external_ips, "203.0.113.1");
	add_addr(&service->service.load_balancer_ips, "203.0.113.2");
	add_addr(&service->service.load_balancer_ips, "2001:db8::2");
	return service;
}

static void frontends_cluster_ip_stays_inside_unless_exposed(void **state)
{
	struct world *world = new_world();
	struct object *service = exposed_service();

	(void)state;
	set(world, exposed_service());
	assert_int_equal(flags_of(world, CLUSTER_IP), 0);
	world->input.cluster_cidr = true;
	assert_int_equal(flags_of(world, CLUSTER_IP), HG_SERVICE_INSIDE_ONLY);
	assert_int_equal(flags_of(world, "fd00::1"), HG_SERVICE_INSIDE_ONLY);
	assert_int_equal(flags_of(world, "203.0.113.1"), 0);
	assert_int_equal(flags_of(world, "203.0.113.2"), 0);
	service->service.options.expose = true;
	set(world, service);
	assert_int_equal(flags_of(world, CLUSTER_IP), 0);
	free_world(world);
}

static void
frontends_source_ranges_hold_for_load_balancer_addresses_per_family(void **state)
{
	struct world *world = new_world();
	struct object *service = exposed_service();
	struct object *open = exposed_service();
	const struct wanted_port *port;

	(void)state;
	add_range(&service->service.source_ranges, "198.51.100.0/24");
	add_range(&service->service.source_ranges, "192.0.2.0/24");
	set(world, service);
	assert_int_equal(flags_of(world, CLUSTER_IP), 0);
	assert_int_equal(flags_of(world, "203.0.113.1"), 0);
	assert_int_equal(flags_of(world, "203.0.113.2"), HG_SERVICE_SOURCE_RANGES);
	assert_int_equal(flags_of(world, "2001:db8::2"), 0);
	port = find_port(world->wanted, "shop/cart:http/TCP/IPv4");
	assert_int_equal(port->source_ranges.count, 2);
	assert_int_equal(port->source_ranges.items[0].addr.bytes[12], 192);
	port = find_port(world->wanted, "shop/cart:http/TCP/IPv6");
	assert_int_equal(port->source_ranges.count, 0);
	add_range(&open->service.source_ranges, "192.0.2.0/24");
	add_range(&open->service.source_ranges, "0.0.0.0/0");
	add_range(&open->service.source_ranges, "2001:db8:1::/48");
	set(world, open);
	assert_int_equal(flags_of(world, "203.0.113.2"), 0);
	assert_int_equal(flags_of(world, "2001:db8::2"), HG_SERVICE_SOURCE_RANGES);
	free_world(world);
}

/* As kube-proxy filters; but somebody who names sources of one family hardly means that. */
static void frontends_left_open_by_ranges_of_the_other_family_are_told_once(void **state)
{
	static const struct {
		const char *ranges[2], *sentence;
	} ROWS[] = {
		{ { "192.0.2.0/24", "198.51.100.0/24" },
		  "spec.loadBalancerSourceRanges has no IPv6 range, so that any source "
		  "may "
		  "use 2001:db8::2: add one, or ::/0 if that is meant" },
		{ { "2001:db8:1::/48", NULL },
		  "spec.loadBalancerSourceRanges has no IPv4 range, so that any source "
		  "may "
		  "use 203.0.113.2: add one, or 0.0.0.0/0 if that is meant" },
		{ { "192.0.2.0/24", "2001:db8:1::/48" }, NULL },
		{ { "192.0.2.0/24", "::/0" }, NULL },
		{ { "0.0.0.0/0", NULL }, NULL }, /* shuts nobody out */
		{ { NULL, NULL }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(*ROWS); i++) {
		struct world *world = new_world();
		struct object *service = exposed_service();

		for (size_t k = 0; k < 2 && ROWS[i].ranges[k]; k++)
			add_range(&service->service.source_ranges, ROWS[i].ranges[k]);
		set(world, service);
		assert_non_null(compile(world));
		assert_int_equal(world->complaints.count, ROWS[i].sentence ? 1 : 0);
		if (ROWS[i].sentence) {
			const struct complaint *told = &world->complaints.items[0];

			assert_int_equal(told->level, COMPLAINT_WARNING);
			assert_int_equal(told->about.cause, CAUSE_OPEN);
			assert_string_equal(told->object, "Service shop/cart");
			assert_string_equal(told->sentence, ROWS[i].sentence);
		}
		free_world(world);
	}
}

/* Only load balancer addresses are subject to ranges at all. */
static void frontends_without_load_balancer_address_are_not_called_open(void **state)
{
	struct world *world = new_world();
	struct object *service = exposed_service();

	(void)state;
	add_range(&service->service.source_ranges, "192.0.2.0/24");
	service->service.load_balancer_ips.count = 1; /* the IPv4 one */
	set(world, service);
	assert_non_null(compile(world));
	assert_int_equal(world->complaints.count, 0);
	free_world(world);
}

static void
frontends_address_listed_twice_is_one_frontend_and_keeps_its_ranges(void **state)
{
	struct world *world = new_world();
	struct object *service = web_service();

	(void)state;
	add_addr(&service->service.external_ips, "203.0.113.2");
	add_addr(&service->service.load_balancer_ips, "203.0.113.2");
	add_addr(&service->service.load_balancer_ips, "203.0.113.2");
	add_range(&service->service.source_ranges, "192.0.2.0/24");
	set(world, service);
	assert_int_equal(compile(world)->ports[0].frontend_count, 2);
	assert_int_equal(flags_of(world, "203.0.113.2"), HG_SERVICE_SOURCE_RANGES);
	free_world(world);
}

static void frontends_options_become_flags_and_numbers(void **state)
{
	struct world *world = new_world();
	struct object *service = web_service();

	(void)state;
	service->service.affinity = true;
	service->service.affinity_timeout_s = 600;
	service->service.options.no_backend = NO_BACKEND_DROP;
	service->service.options.forwarding = FORWARD_NAT;
	service->service.options.drain_s = 30;
	set(world, service);
	assert_int_equal(flags_of(world, CLUSTER_IP),
			 HG_SERVICE_AFFINITY | HG_SERVICE_DROP | HG_SERVICE_NAT);
	assert_int_equal(world->wanted->ports[0].affinity_s, 600);
	assert_int_equal(world->wanted->ports[0].drain_s, 30);
	assert_int_equal(world->wanted->ports[0].forwarding, FORWARD_NAT);
	free_world(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frontends_follow_their_traffic_policy),
		cmocka_unit_test(
		    frontends_local_list_without_endpoint_anywhere_refuses_instead),
		cmocka_unit_test(frontends_cluster_ip_stays_inside_unless_exposed),
		cmocka_unit_test(
		    frontends_source_ranges_hold_for_load_balancer_addresses_per_family),
		cmocka_unit_test(
		    frontends_left_open_by_ranges_of_the_other_family_are_told_once),
		cmocka_unit_test(
		    frontends_without_load_balancer_address_are_not_called_open),
		cmocka_unit_test(
		    frontends_address_listed_twice_is_one_frontend_and_keeps_its_ranges),
		cmocka_unit_test(frontends_options_become_flags_and_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
