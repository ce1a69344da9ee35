// SPDX-License-Identifier: BSD-2-Clause
/*
 * Policy: the real client and the real backend are judged when a flow opens, whichever hook
 * the packet enters; replies and later packets pass by the flow; another epoch asks again.
 * Over both families and TCP and UDP.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <headgate/endian.h>
#include "rows.h"
#include "scene_direct.h"

#define CASES 4

static void pods_without_policy_pass_untracked(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct scene scene;
		struct packet packet;

		direct_begin(&scene, state, i);
		packet = direct_packet(&scene, POD_A, POD_B, TCP_SYN);
		assert_true(direct_leaves(&scene, POD_A, &packet));
		assert_true(direct_enters(&scene, POD_B, &packet));
		scene_isolate(&scene, POD_B, INGRESS, NOTHING);
		scene_switch_policy(&scene);
		assert_true(direct_leaves(&scene, POD_A, &packet));
		assert_int_equal(scene_count_live(scene.harness->embryos), 0);
	}
}

static void ingress_is_judged_at_the_pod_and_replies_pass(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct scene scene;
		struct packet packet, stranger;

		direct_begin(&scene, state, i);
		scene_isolate(&scene, POD_B, INGRESS,
			      TO({ .peers = { POD_A, CLIENT }, .port = TARGET_PORT }));
		scene_isolate(&scene, POD_B, EGRESS, NOTHING);
		scene_switch_policy(&scene);
		packet = direct_packet(&scene, POD_A, POD_B, TCP_SYN);
		assert_true(direct_enters(&scene, POD_B, &packet));
		packet = direct_answer(&packet, TCP_SYN | TCP_ACK);
		assert_true(direct_leaves(&scene, POD_B, &packet));
		packet = direct_packet(&scene, CLIENT, POD_B, TCP_SYN);
		assert_true(direct_enters(&scene, POD_B, &packet));
		stranger = direct_packet(&scene, OTHER_CLIENT, POD_B, TCP_SYN);
		assert_false(direct_enters(&scene, POD_B, &stranger));
		packet.dport = SERVICE_PORT;
		assert_false(direct_enters(&scene, POD_B, &packet));
		assert_int_equal(harness_reason(scene.harness, HG_REASON_policy_ingress),
				 2);
		assert_int_equal(scene_counter(&scene, POD_B, INGRESS, 0).connections, 2);
		assert_int_equal(scene_counter(&scene, POD_B, INGRESS, -1).packets, 2);
	}
}

static void egress_is_judged_at_the_pod_and_replies_pass(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct scene scene;
		struct packet packet;

		direct_begin(&scene, state, i);
		scene_isolate(&scene, POD_A, EGRESS,
			      TO({ .peers = { CLIENT }, .all_ports = true }));
		scene_isolate(&scene, POD_A, INGRESS, NOTHING);
		scene_switch_policy(&scene);
		packet = direct_packet(&scene, POD_A, OTHER_CLIENT, TCP_SYN);
		assert_false(direct_leaves(&scene, POD_A, &packet));
		packet = direct_packet(&scene, POD_A, CLIENT, TCP_SYN);
		assert_true(direct_leaves(&scene, POD_A, &packet));
		packet = direct_answer(&packet, TCP_SYN | TCP_ACK);
		assert_true(direct_enters(&scene, POD_A, &packet));
		packet = direct_packet(&scene, CLIENT, POD_A, TCP_SYN);
		packet.sport++;
		assert_false(direct_enters(&scene, POD_A, &packet));
		assert_int_equal(harness_reason(scene.harness, HG_REASON_policy_egress),
				 1);
		assert_int_equal(harness_reason(scene.harness, HG_REASON_policy_ingress),
				 1);
	}
}

static void the_real_client_is_judged_before_snat(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct scene scene;
		struct packet packet;

		direct_begin(&scene, state, i);
		one_pod_on_this_node(&scene);
		scene_isolate(&scene, POD_A, INGRESS,
			      TO({ .peers = { CLIENT }, .port = TARGET_PORT }));
		scene_switch_policy(&scene);
		scene_from_client(&scene, CLIENT, &packet);
		scene_send(&scene, CLIENT, &packet);
		assert_int_equal(scene.run.verdict, XDP_PASS);
		assert_true(scene.run.marked);
		scene_from_client(&scene, OTHER_CLIENT, &packet);
		scene_send(&scene, OTHER_CLIENT, &packet);
		assert_int_equal(scene.run.verdict, XDP_DROP);
		assert_int_equal(harness_reason(scene.harness, HG_REASON_policy_ingress),
				 1);
	}
}

static void a_pod_reaches_a_service_by_its_backends_policy_and_its_own(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct scene scene;
		struct packet packet;

		direct_begin(&scene, state, i);
		scene_add_service(&scene,
				  &(struct scene_service){ .endpoint = { POD_B } });
		scene_isolate(&scene, POD_A, EGRESS,
			      TO({ .peers = { POD_B }, .port = TARGET_PORT }));
		scene_switch_policy(&scene);
		scene_from_client(&scene, POD_A, &packet);
		scene_send_tc(&scene, scene.harness->pod_out, POD0, &packet);
		assert_int_equal(scene.run.verdict, TC_REDIRECT);
		scene_isolate(&scene, POD_B, INGRESS,
			      TO({ .peers = { CLIENT }, .port = TARGET_PORT }));
		scene_switch_policy(&scene);
		packet.sport++;
		scene_send_tc(&scene, scene.harness->pod_out, POD0, &packet);
		assert_int_equal(scene.run.verdict, TC_SHOT);
		scene_isolate(&scene, POD_A, EGRESS,
			      TO({ .peers = { POD_B }, .port = SERVICE_PORT }));
		scene_release(&scene, POD_B, INGRESS);
		scene_switch_policy(&scene);
		scene_send_tc(&scene, scene.harness->pod_out, POD0, &packet);
		assert_int_equal(scene.run.verdict, TC_SHOT);
	}
}

static void a_pod_reaches_itself_through_its_service(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct scene scene;
		struct packet packet;

		direct_begin(&scene, state, i);
		one_pod_on_this_node(&scene);
		scene_isolate(&scene, POD_A, INGRESS, NOTHING);
		scene_isolate(&scene, POD_A, EGRESS, NOTHING);
		scene_switch_policy(&scene);
		scene_from_client(&scene, POD_A, &packet);
		scene_send_tc(&scene, scene.harness->pod_out, POD0, &packet);
		assert_int_equal(scene.run.verdict, TC_REDIRECT);
	}
}

/* Older than the isolation: no flow is known, and either end may have opened it. */
static void a_connection_older_than_the_isolation_goes_on(void **state)
{
	for (int i = 0; i < 2; i++) { /* TCP */
		struct scene scene;
		struct packet packet, reply;

		direct_begin(&scene, state, i);
		scene_isolate(&scene, POD_B, INGRESS,
			      TO({ .peers = { POD_A }, .port = TARGET_PORT }));
		scene_isolate(&scene, POD_B, EGRESS, NOTHING);
		scene_switch_policy(&scene);
		packet = direct_packet(&scene, POD_A, POD_B, TCP_ACK);
		reply = direct_answer(&packet, TCP_ACK);
		assert_true(direct_leaves(&scene, POD_B, &reply));
		assert_true(direct_enters(&scene, POD_B, &packet));
		/* What passes is not told as refused. */
		assert_int_equal(scene.harness->policy.counters[0].packets, 0);
		assert_int_equal(scene_counter(&scene, POD_B, EGRESS, -1).packets, 0);
		assert_int_equal(scene_counter(&scene, POD_B, INGRESS, 0).connections, 1);
		packet.src = scene_addr(&scene, CLIENT);
		reply.dst = packet.src;
		assert_false(direct_leaves(&scene, POD_B, &reply));
		assert_int_equal(scene_counter(&scene, POD_B, EGRESS, -1).packets, 1);
		assert_false(direct_enters(&scene, POD_B, &packet));
	}
}

static void the_node_reaches_its_pods_and_hears_them(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct scene scene;
		struct packet packet, reply;

		direct_begin(&scene, state, i);
		scene_isolate(&scene, POD_B, INGRESS, NOTHING);
		scene_isolate(&scene, POD_B, EGRESS, NOTHING);
		scene_switch_policy(&scene);
		packet = direct_packet(&scene, OURS, POD_B, TCP_SYN);
		assert_false(direct_enters(&scene, POD_B, &packet));
		assert_true(direct_enters_from_node(&scene, POD_B, &packet));
		reply = direct_answer(&packet, TCP_SYN | TCP_ACK);
		assert_true(direct_leaves(&scene, POD_B, &reply));
		scene_isolate(&scene, POD_B, INGRESS, NOTHING);
		scene_isolate(&scene, POD_B, EGRESS, NOTHING);
		scene_switch_policy(&scene);
		assert_true(direct_leaves(&scene, POD_B, &reply));
	}
}

/* Nor is what the node sends counted to the rule that decided last. */
static void the_nodes_connections_are_no_rules(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct scene scene;
		struct packet packet;

		direct_begin(&scene, state, i);
		scene_isolate(&scene, POD_B, INGRESS,
			      TO({ .peers = { POD_A }, .port = TARGET_PORT }));
		scene_switch_policy(&scene);
		packet = direct_packet(&scene, POD_A, POD_B, TCP_SYN);
		assert_true(direct_enters(&scene, POD_B, &packet));
		packet = direct_packet(&scene, OURS, POD_B, TCP_SYN);
		assert_true(direct_enters_from_node(&scene, POD_B, &packet));
		assert_int_equal(scene_counter(&scene, POD_B, INGRESS, 0).connections, 1);
	}
}

/* A SYN in the reply's direction is another connection. */
static void a_reply_does_not_open(void **state)
{
	for (int i = 0; i < 2; i++) { /* TCP */
		struct scene scene;
		struct packet packet;

		direct_begin(&scene, state, i);
		scene_isolate(&scene, POD_A, EGRESS,
			      TO({ .peers = { CLIENT }, .all_ports = true }));
		scene_isolate(&scene, POD_A, INGRESS, NOTHING);
		scene_switch_policy(&scene);
		packet = direct_packet(&scene, POD_A, CLIENT, TCP_SYN);
		assert_true(direct_leaves(&scene, POD_A, &packet));
		packet = direct_answer(&packet, TCP_SYN);
		assert_false(direct_enters(&scene, POD_A, &packet));
		packet.flags = TCP_SYN | TCP_ACK;
		assert_true(direct_enters(&scene, POD_A, &packet));
	}
}

static void audit_drops_nothing_and_counts(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct scene scene;
		struct packet packet;
		const struct scene_rule *audited =
		    TO({ .peers = { CLIENT }, .all_ports = true, .audit = true });

		direct_begin(&scene, state, i);
		scene_isolate_by(&scene, POD_B, INGRESS, audited, false);
		scene_switch_policy(&scene);
		packet = direct_packet(&scene, POD_A, POD_B, TCP_SYN);
		assert_true(direct_enters(&scene, POD_B, &packet));
		packet = direct_packet(&scene, CLIENT, POD_B, TCP_SYN);
		assert_true(direct_enters(&scene, POD_B, &packet));
		assert_int_equal(scene_counter(&scene, POD_B, INGRESS, -2).packets, 1);
		assert_int_equal(scene_counter(&scene, POD_B, INGRESS, 0).packets, 1);
		/* … and where other policies isolate, it allows nothing. */
		scene_isolate(&scene, POD_B, INGRESS, audited);
		scene_switch_policy(&scene);
		packet.sport++;
		assert_false(direct_enters(&scene, POD_B, &packet));
	}
}

/* Of a flood of refusals the first of each tick are told; all are counted. */
static void refusals_are_told_with_their_ends(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct hg_policy_event event;
		struct scene scene;
		struct packet packet;
		struct hg_addr addr;
		uint64_t told;

		direct_begin(&scene, state, i);
		scene_isolate(&scene, POD_B, INGRESS, NOTHING);
		scene_switch_policy(&scene);
		packet = direct_packet(&scene, CLIENT, POD_B, TCP_SYN);
		for (int n = 0; n < 200; n++) {
			packet.sport++;
			assert_false(direct_enters(&scene, POD_B, &packet));
		}
		told = scene.harness->policy.counters[0].packets;
		assert_in_range(told, 1, 5 * HG_POLICY_EVENTS_PER_TICK);
		event = scene.harness->policy.events[told - 1];
		addr = scene_addr(&scene, POD_B);
		assert_int_equal(event.number, told);
		assert_memory_equal(&event.to, &addr, sizeof(addr));
		assert_int_equal(event.port, be16(TARGET_PORT));
		assert_int_equal(event.reason, HG_REASON_policy_ingress);
		assert_int_equal(scene_counter(&scene, POD_B, INGRESS, -1).packets, 200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pods_without_policy_pass_untracked),
		cmocka_unit_test(ingress_is_judged_at_the_pod_and_replies_pass),
		cmocka_unit_test(egress_is_judged_at_the_pod_and_replies_pass),
		cmocka_unit_test(the_real_client_is_judged_before_snat),
		cmocka_unit_test(
		    a_pod_reaches_a_service_by_its_backends_policy_and_its_own),
		cmocka_unit_test(a_pod_reaches_itself_through_its_service),
		cmocka_unit_test(a_connection_older_than_the_isolation_goes_on),
		cmocka_unit_test(the_node_reaches_its_pods_and_hears_them),
		cmocka_unit_test(the_nodes_connections_are_no_rules),
		cmocka_unit_test(a_reply_does_not_open),
		cmocka_unit_test(audit_drops_nothing_and_counts),
		cmocka_unit_test(refusals_are_told_with_their_ends),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
