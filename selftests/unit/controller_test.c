/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The controller without privileges: real objects, real compiler; the datapath and the
 * health checks are made up here and may be told to fail.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controller_parts.h"
#include "log_capture.h"

/* ---- the controller under test ---- */
static struct controller controller;
static struct options options;
static char eth0[] = "eth0", *names[] = { eth0 };

static int open_controller(void **state)
{
	(void)state;
	memset(&seen, 0, sizeof(seen));
	options = (struct options){ .interfaces = { names, 1 } };
	controller = (struct controller){ .options = &options };
	controller.cluster = cluster_new();
	controller.datapath = (struct datapath *)&seen; /* never looked into */
	controller.input = (struct compile_input){ .cluster = controller.cluster,
						   .node_name = "node-1" };
	return controller.cluster ? 0 : -1;
}

static int close_controller(void **state)
{
	(void)state;
	reconcile_clear(&controller);
	interfaces_clear(&controller);
	cluster_free(controller.cluster);
	return 0;
}

static int put_object(void *context, struct object *object)
{
	(void)context;
	return cluster_set(controller.cluster, object);
}

static void read_objects(const char *text)
{
	struct complaints complaints = { 0 };

	assert_int_equal(
	    manifest_read(text, strlen(text), "test.yaml", put_object, NULL, &complaints),
	    0);
	assert_int_equal(complaints.count, 0);
}

#define SERVICE(name, ip)                                                                \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: " name                     \
	", namespace: shop}\n"                                                           \
	"spec: {clusterIP: " ip ", ports: [{name: http, port: 80}]}\n"

/* ---- Services ---- */
static void reconcile_applies_what_changed_and_nothing_else(void **state)
{
	(void)state;
	read_objects(SERVICE("cart", "10.96.0.1") SERVICE("user", "10.96.0.2"));
	assert_false(reconcile_services(&controller, 0));
	assert_int_equal(seen.applied, 2);
	assert_int_equal(seen.checked, 2);
	changes_begin(&controller.changes);
	read_objects(SERVICE("cart", "10.96.0.1"));
	assert_false(reconcile_services(&controller, 0));
	assert_int_equal(seen.applied, 2);
	read_objects(SERVICE("cart", "10.96.0.3"));
	log_begin();
	assert_false(reconcile_services(&controller, 0));
	assert_int_equal(log_end("INFO Service shop/cart: 1 frontend (added 10.96.0.3:80"
				 "/TCP; removed 10.96.0.1:80/TCP)\n"),
			 1);
	assert_int_equal(seen.applied, 3);
	reconcile_sort(&controller);
	assert_string_equal(controller.services->name, "cart");
}

static void reconcile_removed_service_is_taken_out(void **state)
{
	(void)state;
	read_objects(SERVICE("cart", "10.96.0.1"));
	reconcile_services(&controller, 0);
	assert_int_equal(
	    cluster_remove(controller.cluster, OBJECT_SERVICE, "shop", "cart"), 0);
	reconcile_services(&controller, 0);
	assert_int_equal(seen.removed, 1);
	assert_int_equal(HASH_COUNT(controller.services), 0);
}

static void reconcile_failure_keeps_the_old_state_and_is_told_once(void **state)
{
	(void)state;
	read_objects(SERVICE("cart", "10.96.0.1"));
	reconcile_services(&controller, 0);
	const struct wanted_service *before = controller.services->wanted;

	read_objects(SERVICE("cart", "10.96.0.9"));
	seen.apply_error = -ENOSPC;
	log_begin();
	for (int tries = 0; tries < 3; tries++) {
		reconcile_services(&controller, 0);
		assert_int_equal(reconcile_retry(&controller, 999), 1000);
		assert_int_equal(reconcile_retry(&controller, 1000), UINT64_MAX);
	}
	assert_int_equal(log_end("no space in hg_slots"), 1);
	assert_int_equal(seen.failed, 3);
	assert_int_equal(seen.checked, 1); /* the checks stay those of what is in force */
	assert_ptr_equal(controller.services->wanted, before);
	assert_int_equal(controller.services->complaints.count, 1);
	seen.apply_error = 0;
	log_begin();
	reconcile_services(&controller, 0);
	assert_int_equal(log_end("resolved:"), 1);
	assert_int_equal(controller.services->retry.failures, 0);
	assert_int_equal(controller.services->complaints.count, 0);
	assert_int_equal(seen.applied, 2);
}

static void reconcile_stops_when_its_turn_is_over(void **state)
{
	(void)state;
	read_objects(SERVICE("cart", "10.96.0.1") SERVICE("user", "10.96.0.2"));
	assert_true(reconcile_services(&controller, 1));
	assert_int_equal(seen.applied, 1);
	while (reconcile_services(&controller, 1))
		;
	assert_int_equal(seen.applied, 2);
}

static void reconcile_waits_until_its_backends_are_judged(void **state)
{
	static int compiler;

	(void)state;
	controller.policies.compiler = (struct policy *)&compiler;
	read_objects(SERVICE("cart", "10.96.0.1") SERVICE("user", "10.96.0.2"));
	seen.judge_error = -ENOMEM;
	log_begin();
	assert_false(reconcile_services(&controller, 0));
	assert_int_equal(log_end("not updated"), 2);
	assert_int_equal(seen.judgements, 1); /* together: each waits for all CPUs */
	assert_int_equal(seen.applied, 0);
	seen.judge_error = 0;
	log_begin();
	assert_int_equal(reconcile_retry(&controller, 1000), UINT64_MAX);
	assert_false(reconcile_services(&controller, 0));
	assert_int_equal(log_end("resolved:"), 2);
	assert_int_equal(seen.applied, 2);
}

static void reconcile_tells_nodes_addresses_when_they_change(void **state)
{
	static const char node[] =
	    "apiVersion: v1\nkind: Node\nmetadata: {name: node-2}\n"
	    "status: {addresses: [{type: InternalIP, address: "
	    "192.0.2.2}]}\n";

	(void)state;
	reconcile_inside(&controller);
	assert_int_equal(seen.inside, 0);
	read_objects(node);
	reconcile_inside(&controller);
	reconcile_inside(&controller);
	assert_int_equal(seen.inside, 1);
	assert_int_equal(seen.inside_count, 1);
	cluster_remove(controller.cluster, OBJECT_NODE, "", "node-2");
	reconcile_inside(&controller);
	assert_int_equal(seen.inside, 2);
	assert_int_equal(seen.inside_count, 0);
}

/* ---- interfaces ---- */
static void event(uint32_t ifindex, const char *name, bool is_pod, bool present)
{
	struct network_link link = { .ifindex = ifindex, .mtu = 1500, .is_pod = is_pod };

	snprintf(link.name, sizeof(link.name), "%s", name);
	interfaces_event(&controller, &link, present);
	interfaces_attach(&controller);
}

static void interfaces_named_and_pods_are_attached_once(void **state)
{
	(void)state;
	event(2, "eth0", false, true);
	event(3, "veth1", true, true);
	event(4, "docker0", false, true);
	event(2, "eth0", false, true); /* its MTU changed, say */
	assert_int_equal(seen.attached_nics, 1);
	assert_int_equal(seen.attached_pods, 1);
	assert_int_equal(seen.links, 3);
	assert_int_equal(seen.macs, 1);
	seen.above = 1;
	event(5, "vrrp.51", false, true); /* a macvlan on eth0 */
	event(6, "dummy0", false, true);
	assert_int_equal(seen.macs, 2);
	assert_int_equal(seen.detached, 0);
}

static void interfaces_missing_is_told_until_it_appears(void **state)
{
	(void)state;
	log_begin();
	interfaces_attach(&controller);
	interfaces_attach(&controller);
	assert_int_equal(controller.missing.count, 1);
	assert_int_equal(log_end("interface eth0 does not exist"), 1);
	log_begin();
	event(2, "eth0", false, true);
	assert_int_equal(log_end("resolved:"), 1);
	assert_int_equal(controller.missing.count, 0);
}

static void interfaces_returning_one_is_attached_again(void **state)
{
	(void)state;
	log_begin();
	event(2, "eth0", false, true);
	event(2, "eth0", false, false);
	assert_int_equal(seen.detached, 1);
	event(9, "eth0", false, true);
	assert_int_equal(seen.attached_nics, 2);
	assert_int_equal(seen.last_ifindex, 9);
	assert_int_equal(log_end("interface eth0 is gone"), 1);
}

static void interfaces_renamed_away_is_detached(void **state)
{
	(void)state;
	event(2, "eth0", false, true);
	event(2, "old0", false, true);
	assert_int_equal(seen.detached, 1);
	assert_int_equal(HASH_COUNT(controller.interfaces), 0);
	event(2, "eth0", false, true);
	assert_int_equal(seen.attached_nics, 2);
}

static void interfaces_failed_attachment_is_tried_again_when_due(void **state)
{
	(void)state;
	seen.attach_error = -EBUSY;
	log_begin();
	event(2, "eth0", false, true);
	event(2, "eth0", false, true);
	assert_int_equal(seen.failed, 1); /* an event is no reason to hurry */
	assert_int_equal(interfaces_retry(&controller, 999), 1000);
	assert_int_equal(seen.failed, 1);
	assert_int_equal(interfaces_retry(&controller, 1000), 1000);
	assert_int_equal(seen.failed, 2);
	assert_int_equal(controller.interfaces->complaints.count, 1);
	assert_int_equal(log_end("not attached"), 1);
	seen.attach_error = 0;
	assert_int_equal(interfaces_retry(&controller, 1000), UINT64_MAX);
	assert_int_equal(seen.attached_nics, 1);
	assert_int_equal(controller.interfaces->complaints.count, 0);
}

int main(void)
{
#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, open_controller, close_controller)
	const struct CMUnitTest tests[] = {
		TEST(reconcile_applies_what_changed_and_nothing_else),
		TEST(reconcile_removed_service_is_taken_out),
		TEST(reconcile_failure_keeps_the_old_state_and_is_told_once),
		TEST(reconcile_stops_when_its_turn_is_over),
		TEST(reconcile_waits_until_its_backends_are_judged),
		TEST(reconcile_tells_nodes_addresses_when_they_change),
		TEST(interfaces_named_and_pods_are_attached_once),
		TEST(interfaces_missing_is_told_until_it_appears),
		TEST(interfaces_returning_one_is_attached_again),
		TEST(interfaces_renamed_away_is_detached),
		TEST(interfaces_failed_attachment_is_tried_again_when_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
