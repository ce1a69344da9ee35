// SPDX-License-Identifier: BSD-2-Clause
/* Policy that changes under flows: what it denies is cut, what it allows goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "rows.h"
#include "scene_direct.h"

#define CASES 4

static void a_change_cuts_what_it_denies_and_nothing_else(void **state)
{
	for (int i = 0; i < CASES; i++) {
		struct scene scene;
		struct packet open, reply, onward;

		direct_begin(&scene, state, i);
		scene_isolate(&scene, POD_B, INGRESS,
			      TO({ .anybody = true, .all_ports = true }));
		scene_switch_policy(&scene);
		open = direct_packet(&scene, POD_A, POD_B, TCP_SYN);
		assert_true(direct_enters(&scene, POD_B, &open));
		reply = direct_answer(&open, TCP_SYN | TCP_ACK);
		onward = open;
		onward.flags = TCP_ACK;
		onward.seq++;
		scene_isolate(&scene, POD_B, INGRESS,
			      TO({ .peers = { POD_A }, .port = TARGET_PORT }));
		scene_isolate(&scene, POD_B, EGRESS, NOTHING);
		scene_switch_policy(&scene);
		assert_true(direct_leaves(&scene, POD_B, &reply));
		assert_true(direct_enters(&scene, POD_B, &onward));
		scene_isolate(&scene, POD_B, INGRESS,
			      TO({ .peers = { CLIENT }, .port = TARGET_PORT }));
		scene_switch_policy(&scene);
		assert_false(direct_leaves(&scene, POD_B, &reply));
		assert_false(direct_enters(&scene, POD_B, &onward));
	}
}

static void a_change_cuts_a_connection_through_a_service(void **state)
{
	for (int i = 0; i < 2; i++) { /* TCP */
		struct scene scene;
		struct packet packet;

		direct_begin(&scene, state, i);
		one_pod_on_this_node(&scene);
		scene_from_client(&scene, CLIENT, &packet);
		scene_send(&scene, CLIENT, &packet);
		assert_int_equal(scene.run.verdict, XDP_PASS);
		scene_isolate(&scene, POD_A, INGRESS,
			      TO({ .peers = { CLIENT }, .port = TARGET_PORT }));
		scene_switch_policy(&scene);
		scene_send(&scene, CLIENT, &packet);
		assert_int_equal(scene.run.verdict, XDP_PASS);
		scene_isolate(&scene, POD_A, INGRESS, NOTHING);
		scene_switch_policy(&scene);
		scene_send(&scene, CLIENT, &packet);
		assert_int_equal(scene.run.verdict, XDP_DROP);
		assert_int_equal(scene_count_live(scene.harness->embryos), 0);
		assert_int_equal(harness_reason(scene.harness, HG_REASON_policy_ingress),
				 1);
	}
}

static void kept_flows_are_not_judged_again(void **state)
{
	struct scene scene;
	struct packet packet;

	direct_begin(&scene, state, 0);
	one_pod_on_this_node(&scene);
	scene_from_client(&scene, CLIENT, &packet);
	scene_send(&scene, CLIENT, &packet);
	scene_isolate(&scene, POD_A, INGRESS, NOTHING);
	scene_switch_policy(&scene);
	scene.harness->state->policy |= HG_POLICY_KEEP;
	scene_send(&scene, CLIENT, &packet);
	assert_int_equal(scene.run.verdict, XDP_PASS);
	packet.sport++;
	scene_send(&scene, CLIENT, &packet);
	assert_int_equal(scene.run.verdict, XDP_DROP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_cuts_what_it_denies_and_nothing_else),
		cmocka_unit_test(a_change_cuts_a_connection_through_a_service),
		cmocka_unit_test(kept_flows_are_not_judged_again),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
