/* SPDX-License-Identifier: BSD-2-Clause */
/* What the compiler of policies is told of a cluster that changes. */
#include "policy_parts.h"
#include "log_capture.h"
#include <headgate/reasons.h>

static void put_service(void)
{
	put("apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\n"
	    "spec: {clusterIP: 10.96.0.1, ports: [{port: 80}]}\n");
}

/* Of Service cart, with endpoints 10.1.0.1 up to 10.1.0.count. */
static void put_endpoints(unsigned count)
{
	char endpoints[256] = "";

	for (unsigned i = 1; i <= count; i++)
		snprintf(endpoints + strlen(endpoints), 40, "%s{addresses: [10.1.0.%u]}",
			 i > 1 ? ", " : "", i);
	put("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
	    "metadata: {name: cart-1, namespace: shop,"
	    " labels: {kubernetes.io/service-name: cart}}\n"
	    "addressType: IPv4\nports: [{port: 80}]\nendpoints: [%s]\n",
	    endpoints);
}

static int wanted(unsigned last)
{
	struct hg_addr addr;
	char text[32];

	snprintf(text, sizeof(text), "10.1.0.%u", last);
	assert_int_equal(addr_parse(text, &addr), 0);
	return *count_of(&addr);
}

static char cart_key[] = "shop/cart";
static char *const keys[] = { cart_key };

static void policies_cost_nothing_before_there_is_one(void **state)
{
	(void)state;
	put_service();
	put_endpoints(2);
	assert_int_equal(policies_update(&controller), 0);
	assert_int_equal(policies_judge(&controller, keys, 1), 0);
	assert_int_equal(seen.made + seen.updates, 0);
	assert_null(controller.policies.subjects);
	options.policy_mode = POLICY_OFF;
	put_policy();
	assert_int_equal(policies_update(&controller), 0);
	assert_int_equal(seen.made, 0);
}

static void policies_judge_endpoints_from_the_first_policy_on(void **state)
{
	(void)state;
	put_service();
	put_endpoints(2);
	put_policy();
	assert_int_equal(policies_update(&controller), 0);
	assert_int_equal(seen.made, 1);
	assert_int_equal(seen.updates, 1);
	assert_int_equal(wanted(1), 1);
	assert_int_equal(wanted(2), 1);
	put_endpoints(3);
	assert_int_equal(policies_judge(&controller, keys, 1), 0);
	assert_int_equal(seen.updates, 2);
	assert_int_equal(wanted(2), 1);
	assert_int_equal(wanted(3), 1);
	assert_int_equal(policies_judge(&controller, keys, 1), 0);
	assert_int_equal(policies_update(&controller), 0);
	assert_int_equal(seen.updates, 2); /* nothing changed */
}

static void policies_judge_who_was_an_endpoint_while_a_pod_holds_its_address(void **state)
{
	(void)state;
	put_service();
	put_endpoints(2);
	put_pod("cart-1", "node-2", 1);
	put_policy();
	assert_int_equal(policies_update(&controller), 0);
	put_endpoints(0);
	assert_int_equal(policies_judge(&controller, keys, 1), 0);
	assert_int_equal(wanted(1), 1); /* connections outlive the endpoint */
	assert_int_equal(wanted(2), 0);
	put_endpoints(1);
	assert_int_equal(policies_judge(&controller, keys, 1), 0);
	put_endpoints(0);
	assert_int_equal(policies_judge(&controller, keys, 1), 0);
	assert_int_equal(wanted(1), 1);
	cluster_remove(controller.cluster, OBJECT_POD, "shop", "cart-1");
	assert_int_equal(policies_update(&controller), 0);
	assert_int_equal(wanted(1), 0);
}

static void policies_of_a_service_that_is_gone_are_given_back(void **state)
{
	(void)state;
	put_service();
	put_endpoints(1);
	put_policy();
	assert_int_equal(policies_update(&controller), 0);
	cluster_remove(controller.cluster, OBJECT_SERVICE, "shop", "cart");
	assert_int_equal(policies_judge(&controller, keys, 1), 0);
	assert_int_equal(wanted(1), 0);
	assert_null(controller.policies.subjects);
}

static void policies_failure_is_told_and_tried_again(void **state)
{
	(void)state;
	put_service();
	put_endpoints(3);
	put_policy();
	seen.want_error = -ENOMEM;
	assert_int_equal(policies_update(&controller), -ENOMEM);
	assert_int_equal(seen.made, 1);
	assert_int_equal(seen.freed, 1);
	assert_int_equal(wanted(1), 0); /* all or nothing */
	assert_int_equal(controller.policies.complaints.count, 1);
	assert_int_equal(policies_retry(&controller, 999), 1000);
	assert_int_equal(policies_retry(&controller, 1000), UINT64_MAX);
	assert_true(controller.due.policies);
	seen.want_error = 0;
	seen.update_error = -ENOMEM;
	assert_int_equal(policies_update(&controller), -ENOMEM);
	assert_int_equal(policies_judge(&controller, keys, 1), -ENOMEM);
	seen.update_error = 0;
	assert_int_equal(policies_update(&controller), 0);
	assert_int_equal(controller.policies.complaints.count, 0);
	assert_int_equal(controller.policies.retry.failures, 0);
}

static void policies_that_do_not_fit_hold_no_service_up(void **state)
{
	(void)state;
	put_service();
	put_policy();
	seen.update_error = -ENOSPC;
	assert_int_equal(policies_update(&controller), -ENOSPC);
	assert_string_equal(controller.policies.complaints.items[0].sentence,
			    "does not fit");
	put_endpoints(1);
	assert_int_equal(policies_judge(&controller, keys, 1), 0);
	assert_int_equal(seen.updates, 2);
}

static void policies_of_a_previous_daemon_are_taken_over_to_end(void **state)
{
	(void)state;
	seen.is_on = true;
	put_service(); /* the folder is there, its policy was removed */
	assert_int_equal(policies_update(&controller), 0);
	assert_int_equal(seen.made, 1);
	assert_int_equal(seen.updates, 1);
}

static void assert_held(const char *cause)
{
	assert_int_equal(policies_update(&controller), 0);
	assert_int_equal(seen.made, 0);
	assert_int_equal(controller.policies.complaints.count, 1);
	assert_non_null(strstr(controller.policies.complaints.items[0].sentence, cause));
}

/* Whom they protect would be open, if what cannot be read now were taken for not there. */
static void
policies_of_a_previous_daemon_stay_while_manifests_cannot_be_read(void **state)
{
	const struct place place = { .file = (char[]){ "pol.yaml" }, .line = 3 };
	const struct about HIDING[] = {
		object_about_named(OBJECT_POD, "shop", "a", CAUSE_INVALID),
		object_about_named(OBJECT_NAMESPACE, "", "shop", CAUSE_INVALID),
		/* what its items are is not known */
		{ .kind = ABOUT_FILE, .word = "List", .cause = CAUSE_INVALID },
		/* whom it selects neither */
		object_about_named(OBJECT_NETWORK_POLICY, NULL, NULL, CAUSE_INVALID),
	};
	const struct about TELLING[] = {
		object_about_named(OBJECT_SERVICE, "shop", "a", CAUSE_INVALID),
		object_about_named(OBJECT_SERVICE, NULL, NULL, CAUSE_INVALID),
		/* it isolates whom it selects */
		object_about_named(OBJECT_NETWORK_POLICY, "shop", "a", CAUSE_INVALID),
		/* the other one is in force */
		object_about_named(OBJECT_POD, "shop", "a", CAUSE_DUPLICATE),
	};

	(void)state;
	seen.is_on = true;
	options.manifests = (char[]){ "/etc/m" };
	assert_held("/etc/m holds no manifest");
	put_service();
	complain(&seen.manifests, COMPLAINT_ERROR, &place, NULL, "not valid YAML");
	assert_held("this cannot be read");
	assert_string_equal(controller.policies.complaints.items[0].place.file,
			    "pol.yaml");
	complaints_clear(&seen.manifests);
	for (size_t i = 0; i < sizeof(HIDING) / sizeof(*HIDING); i++) {
		complain(&seen.manifests, COMPLAINT_ERROR, &place, &HIDING[i], "is bad");
		assert_held("this cannot be read");
		complaints_clear(&seen.manifests);
	}
	/* These hide no pod. */
	for (size_t i = 0; i < sizeof(TELLING) / sizeof(*TELLING); i++)
		complain(&seen.manifests, COMPLAINT_ERROR, &place, &TELLING[i], "is bad");
	complain(&seen.manifests, COMPLAINT_WARNING, &place, NULL, "a kind is ignored");
	assert_int_equal(policies_update(&controller), 0);
	assert_int_equal(seen.made, 1);
	assert_int_equal(controller.policies.complaints.count, 0);
	complaints_clear(&seen.manifests);
}

/* Nothing here is compiled, but the maps are as they were. */
static void policies_that_are_held_are_counted(void **state)
{
	static char missing[] = "/etc/m";

	(void)state;
	options.manifests = missing;
	seen.is_on = true;
	for (unsigned place = 1; place < 6; place++)
		seen.lines[place].taken = place != 5;
	seen.lines[1].views[0].ingress = 1;
	seen.lines[2].views[0].egress = 1;
	seen.lines[3].views[0].ingress = 2; /* audited only */
	seen.lines[4].views[1].ingress = 1; /* not in force */
	seen.lines[5].views[0].ingress = 1; /* nobody's */
	assert_held("holds no manifest");
	assert_true(controller.policies.held);
	assert_int_equal(policies_count_held(&controller), 2);
	put_service();
	assert_int_equal(policies_update(&controller), 0);
	assert_false(controller.policies.held);
	assert_int_equal(policies_count_held(&controller), 0);
}

static void policies_applied_are_in_the_log(void **state)
{
	(void)state;
	changes_begin(&controller.changes);
	put_policy();
	put_pod("web", "node-1", 1);
	seen.update_error = -ENOMEM;
	log_begin();
	assert_int_equal(policies_update(&controller), -ENOMEM);
	assert_int_equal(log_end("INFO"), 0);
	seen.update_error = 0;
	log_begin();
	assert_int_equal(policies_update(&controller), 0);
	assert_int_equal(
	    log_end("INFO NetworkPolicy shop/deny: in force: 0 ingress and 0 "
		    "egress rules\n"),
	    1);
	cluster_remove(controller.cluster, OBJECT_NETWORK_POLICY, "shop", "deny");
	log_begin();
	assert_int_equal(policies_update(&controller), 0);
	assert_int_equal(log_end("INFO NetworkPolicy shop/deny: removed\n"), 1);
}

/* Until no thread waits any more. */
static void run_loop(void)
{
	while (controller.grace.is_waiting)
		uv_run(&controller.loop, UV_RUN_ONCE);
}

static void policies_settle_while_nothing_else_is_to_do(void **state)
{
	(void)state;
	put_policy();
	assert_int_equal(policies_update(&controller), 0);
	seen.unsettled = 2;
	grace_thread_begin(&controller);
	assert_int_equal(seen.settled, 0);
	run_loop();
	assert_int_equal(seen.waits, 2);
	assert_int_equal(seen.settled, 2);
}

/* A wait that began before the last change is no wait for that one's readers. */
static void policies_wait_again_for_a_change_meanwhile(void **state)
{
	(void)state;
	put_policy();
	assert_int_equal(policies_update(&controller), 0);
	seen.unsettled = 2;
	grace_thread_begin(&controller);
	put_pod("web", "node-1", 1);
	assert_int_equal(policies_update(&controller), 0);
	assert_int_equal(seen.updates, 2);
	assert_int_equal(seen.settled, 1); /* by the change itself */
	run_loop();
	assert_int_equal(seen.waits, 3);
	assert_int_equal(seen.settled, 2);
}

/* The maps are closed next. */
static void policies_do_not_settle_at_the_end(void **state)
{
	(void)state;
	put_policy();
	assert_int_equal(policies_update(&controller), 0);
	seen.unsettled = 1;
	grace_thread_begin(&controller);
	grace_thread_close(&controller);
	uv_run(&controller.loop, UV_RUN_DEFAULT);
	assert_int_equal(seen.waits, 1);
	assert_int_equal(seen.settled, 0);
}

/* Refuse one more packet by the set of this counter. */
static void refuse(uint32_t counter, uint32_t reason)
{
	seen.last = (struct datapath_refusal){ .number = ++seen.refused.packets,
					       .counter = counter,
					       .reason = reason };
}

static void assert_refusal(const char *direction, const char *names)
{
	struct api_denial refusal;

	assert_int_equal(denials_list(&controller, &refusal, 1), 1);
	assert_int_equal(refusal.packet.number, seen.refused.packets);
	assert_string_equal(refusal.direction, direction);
	assert_string_equal(refusal.policies, names);
}

static void policies_are_named_by_what_they_refused_whatever_comes_after(void **state)
{
	(void)state;
	refuse(1, HG_REASON_policy_ingress); /* by an earlier daemon */
	put_policy();
	seen.isolating = "later";
	assert_int_equal(policies_update(&controller), 0);
	assert_refusal("ingress", "");
	refuse(1, HG_REASON_policy_egress);
	seen.unsettled = 1;
	seen.isolating = "deny";
	grace_thread_begin(&controller); /* the set goes, its counter is another's then */
	run_loop();
	seen.isolating = "other";
	assert_refusal("egress", "shop/deny");
	refuse(1, 0);
	assert_refusal("ingress", "shop/audited");
	refuse(2, HG_REASON_policy_protocol);
	assert_refusal("", "");
}

int main(void)
{
#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, open_controller, close_controller)
	const struct CMUnitTest tests[] = {
		TEST(policies_cost_nothing_before_there_is_one),
		TEST(policies_judge_endpoints_from_the_first_policy_on),
		TEST(policies_judge_who_was_an_endpoint_while_a_pod_holds_its_address),
		TEST(policies_of_a_service_that_is_gone_are_given_back),
		TEST(policies_failure_is_told_and_tried_again),
		TEST(policies_that_do_not_fit_hold_no_service_up),
		TEST(policies_of_a_previous_daemon_are_taken_over_to_end),
		TEST(policies_of_a_previous_daemon_stay_while_manifests_cannot_be_read),
		TEST(policies_that_are_held_are_counted),
		TEST(policies_applied_are_in_the_log),
		TEST(policies_settle_while_nothing_else_is_to_do),
		TEST(policies_wait_again_for_a_change_meanwhile),
		TEST(policies_do_not_settle_at_the_end),
		TEST(policies_are_named_by_what_they_refused_whatever_comes_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
