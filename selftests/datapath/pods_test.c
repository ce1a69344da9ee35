// SPDX-License-Identifier: BSD-2-Clause
/*
 * Pods of this node: as backends for clients outside (DNAT in XDP, then by tc into the
 * pod), as clients of Services (pod_out), as both (hairpin). Addresses of clients and
 * pods are kept, but for the hairpin. Layer 2 of what tc redirects is the kernel's to
 * fill (bpf_redirect_neigh, bpf_redirect_peer), so it is compared as it came.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "answers.h"
#include "rows.h"

#define POD_PORT 5000

static const uint8_t protocols[] = { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP };
#define CASES 6

static void begin(struct scene *scene, void **state, int number)
{
	struct hg_addr addr;

	scene_begin(scene, *state, number & 1 ? 6 : 4, protocols[number / 2]);
	for (enum role role = POD_A; role <= POD_B; role++) {
		addr = scene_addr(scene, role);
		scene_mark_ours(scene, &addr);
	}
}

/* The bridge's or router's cards do not matter here: what left is compared as it came. */
static void keep_layer2(const struct scene *scene, struct packet *want)
{
	memcpy(want->dmac, scene->run.out, 6);
	memcpy(want->smac, scene->run.out + 6, 6);
}

static struct packet pod_opens(const struct scene *scene, enum role pod)
{
	struct packet packet;

	scene_from_client(scene, pod, &packet);
	packet.sport = POD_PORT;
	return packet;
}

/* What `from`, a pod or host, answers to `to`. */
static struct packet reply(const struct scene *scene, enum role from, enum role to,
			   uint16_t port)
{
	struct packet packet;

	scene_from_backend(scene, from, &packet);
	packet.dst = scene_addr(scene, to);
	packet.dport = port;
	return packet;
}

static bool passed(const struct scene *scene, const char *sentence,
		   const struct packet *packet)
{
	uint32_t verdict = scene->run.verdict;

	if (verdict == UINT32_MAX) /* TC_ACT_UNSPEC: the next filter decides */
		verdict = TC_OK;
	return verdict == TC_OK && scene_saw(scene, sentence, scene->run.verdict, packet);
}

static bool left(struct scene *scene, const char *sentence, struct packet *want)
{
	keep_layer2(scene, want);
	return scene_saw(scene, sentence, TC_REDIRECT, want);
}

static bool nic_hands_to_pod(struct scene *scene, const struct packet *want)
{
	const struct run *run = &scene->run;

	return scene_saw(scene, "the NIC translates for the pod", XDP_PASS, want) &&
	       run->marked && run->mark.kind == HG_META_PEER &&
	       run->mark.ifindex == topology_ifindex(POD0);
}

static void client_outside_reaches_pod_and_back(void **state)
{
	struct scene scene;
	struct packet packet, want;

	for (int i = 0; i < CASES; i++) {
		begin(&scene, state, i);
		one_pod_on_this_node(&scene);
		scene_from_client(&scene, CLIENT, &packet);
		scene_send(&scene, CLIENT, &packet);
		want = packet;
		scene_to_backend(&scene, POD_A, &want);
		assert_true(nic_hands_to_pod(&scene, &want));
		packet = reply(&scene, POD_A, CLIENT, want.sport);
		scene_send_tc(&scene, scene.harness->pod_out, POD0, &packet);
		want = packet;
		want.src = scene_addr(&scene, SERVICE);
		want.sport = SERVICE_PORT;
		want.dport = CLIENT_PORT;
		want.ttl--;
		assert_true(left(&scene, "the pod's reply is the Service's", &want));
		assert_int_equal(harness_stats(*state, 1).packets[0], 1);
		assert_int_equal(harness_stats(*state, 1).packets[1], 1);
	}
}

/* Without metadata the tc half finds the flow again, and changes nothing twice. */
static void nic_tc_finds_what_xdp_translated(void **state)
{
	struct scene scene;
	struct packet packet, translated;

	for (int i = 0; i < CASES; i++) {
		begin(&scene, state, i);
		one_pod_on_this_node(&scene);
		scene_from_client(&scene, CLIENT, &packet);
		scene_send(&scene, CLIENT, &packet);
		translated = packet;
		scene_to_backend(&scene, POD_A, &translated);
		scene_send_tc(&scene, scene.harness->nic_tc, NIC0, &translated);
		assert_true(
		    left(&scene, "what was translated goes into the pod", &translated));
		translated.src = scene_addr(&scene, OTHER_CLIENT);
		scene_send_tc(&scene, scene.harness->nic_tc, NIC0, &translated);
		assert_true(
		    passed(&scene, "direct traffic to a pod passes", &translated));
	}
}

static void pod_reaches_remote_backend_with_its_own_address(void **state)
{
	struct scene scene;
	struct packet packet, want;

	for (int i = 0; i < CASES; i++) {
		begin(&scene, state, i);
		one_backend_on_the_same_link(&scene);
		packet = pod_opens(&scene, POD_A);
		scene_send_tc(&scene, scene.harness->pod_out, POD0, &packet);
		want = packet;
		want.dst = scene_addr(&scene, BACKEND_A);
		want.sport = scene_port_apart(&scene, POD_PORT);
		want.dport = scene_target_port(&scene);
		want.ttl--;
		assert_true(left(&scene, "a pod's packet leaves for a backend", &want));
		packet = reply(&scene, BACKEND_A, POD_A, want.sport);
		scene_send(&scene, BACKEND_A, &packet);
		want = packet;
		want.src = scene_addr(&scene, SERVICE);
		want.sport = SERVICE_PORT;
		want.dport = POD_PORT;
		want.ttl--;
		assert_true(nic_hands_to_pod(&scene, &want));
	}
}

static void pod_reaches_pod_through_the_service(void **state)
{
	struct scene scene;
	struct packet packet, want;

	for (int i = 0; i < CASES; i++) {
		begin(&scene, state, i);
		scene_add_service(&scene,
				  &(struct scene_service){ .endpoint = { POD_B } });
		packet = pod_opens(&scene, POD_A);
		scene_send_tc(&scene, scene.harness->pod_out, POD0, &packet);
		want = packet;
		scene_to_backend(&scene, POD_B, &want);
		assert_true(left(&scene, "a pod's packet goes to the other pod", &want));
		packet = reply(&scene, POD_B, POD_A, want.sport);
		scene_send_tc(&scene, scene.harness->pod_out, POD1, &packet);
		want = packet;
		want.src = scene_addr(&scene, SERVICE);
		want.sport = SERVICE_PORT;
		want.dport = POD_PORT;
		want.ttl--;
		assert_true(
		    left(&scene, "the other pod's reply is the Service's", &want));
	}
}

/* From the same port, and not through the Service this time. */
static void pod_reaches_a_backend_directly_after_the_service(void **state)
{
	struct scene scene;
	struct packet packet, answer;

	for (int i = 0; i < 4; i++) { /* TCP and UDP */
		begin(&scene, state, i);
		scene_add_service(&scene,
				  &(struct scene_service){ .endpoint = { POD_B } });
		packet = pod_opens(&scene, POD_A);
		scene_send_tc(&scene, scene.harness->pod_out, POD0, &packet);
		scene_age(&scene, 2);
		packet.dst = scene_addr(&scene, POD_B);
		packet.dport = scene_target_port(&scene);
		scene_send_tc(&scene, scene.harness->pod_out, POD0, &packet);
		assert_true(passed(&scene, "a pod's own packet to a backend", &packet));
		answer = reply(&scene, POD_B, POD_A, POD_PORT);
		scene_send_tc(&scene, scene.harness->pod_out, POD1, &answer);
		assert_true(passed(&scene, "the backend's own answer", &answer));
	}
}

/* The same of a client outside. */
static void client_reaches_a_pod_directly_after_the_service(void **state)
{
	struct scene scene;
	struct packet packet, answer;

	for (int i = 0; i < 4; i++) { /* TCP and UDP */
		begin(&scene, state, i);
		one_pod_on_this_node(&scene);
		scene_from_client(&scene, CLIENT, &packet);
		scene_send(&scene, CLIENT, &packet);
		scene_age(&scene, 2);
		packet.dst = scene_addr(&scene, POD_A);
		packet.dport = scene_target_port(&scene);
		scene_send(&scene, CLIENT, &packet);
		assert_int_equal(scene.run.verdict, XDP_PASS);
		answer = reply(&scene, POD_A, CLIENT, CLIENT_PORT);
		scene_send_tc(&scene, scene.harness->pod_out, POD0, &answer);
		assert_true(passed(&scene, "the pod's own answer", &answer));
	}
}

static bool is_ours(const struct scene *scene, struct hg_addr *ret_addr)
{
	struct packet_fields fields;
	size_t size = scene->family == 4 ? 4 : 16;

	packet_read_fields(scene->run.out, scene->run.out_size, &fields);
	for (enum role role = OURS; role <= OURS_NIC1; role++) {
		*ret_addr = scene_addr(scene, role);
		for (size_t i = 0; i < fields.count; i++) {
			const struct packet_field *field = &fields.field[i];

			if (!strcmp(field->name, "src") && !strcmp(field->layer, "ip") &&
			    !memcmp(scene->run.out + field->offset,
				    ret_addr->bytes + 16 - size, size))
				return true;
		}
	}
	return false;
}

static uint16_t port_as_it_left(const struct scene *scene)
{
	static const char *const layers[] = { "tcp", "udp", "sctp" };
	const struct run *run = &scene->run;

	return (uint16_t)packet_field_value(run->out, run->out_size,
					    layers[scene->protocol == PROTOCOL_TCP   ? 0
						   : scene->protocol == PROTOCOL_UDP ? 1
										     : 2],
					    "sport");
}

static void pod_reaches_itself_through_the_service(void **state)
{
	struct scene scene;
	struct packet packet, want;
	struct hg_addr ours;

	for (int i = 0; i < CASES; i++) {
		begin(&scene, state, i);
		one_pod_on_this_node(&scene);
		packet = pod_opens(&scene, POD_A);
		scene_send_tc(&scene, scene.harness->pod_out, POD0, &packet);
		assert_true(is_ours(&scene, &ours));
		want = packet;
		want.src = ours;
		want.sport = port_as_it_left(&scene);
		want.dst = scene_addr(&scene, POD_A);
		want.dport = scene_target_port(&scene);
		want.ttl--;
		assert_true(left(&scene, "the pod gets its own packet from us", &want));
		packet = reply(&scene, POD_A, OURS, want.sport);
		packet.dst = ours;
		scene_send_tc(&scene, scene.harness->pod_out, POD0, &packet);
		want = packet;
		want.src = scene_addr(&scene, SERVICE);
		want.sport = SERVICE_PORT;
		want.dst = scene_addr(&scene, POD_A);
		want.dport = POD_PORT;
		want.ttl--;
		assert_true(left(&scene, "its reply to itself is the Service's", &want));
	}
}

static void direct_traffic_of_pods_passes(void **state)
{
	struct scene scene;
	struct packet packet;

	for (int i = 0; i < CASES; i++) {
		begin(&scene, state, i);
		one_pod_on_this_node(&scene);
		packet = pod_opens(&scene, POD_A);
		packet.dst = scene_addr(&scene, STRANGER);
		scene_send_tc(&scene, scene.harness->pod_out, POD0, &packet);
		assert_true(passed(&scene, "a pod speaks to a stranger", &packet));
		packet = pod_opens(&scene, POD_A);
		packet.dst = scene_addr(&scene, POD_B);
		scene_send_tc(&scene, scene.harness->pod_out, POD0, &packet);
		assert_true(passed(&scene, "a pod speaks to a pod", &packet));
	}
}

static void pod_is_inside_the_cluster(void **state)
{
	struct scene scene;
	struct packet packet;

	for (int i = 0; i < CASES; i++) {
		begin(&scene, state, i);
		scene_add_service(
		    &scene, &(struct scene_service){ .flags = HG_SERVICE_INSIDE_ONLY,
						     .endpoint = { BACKEND_B } });
		packet = pod_opens(&scene, POD_A);
		scene_send_tc(&scene, scene.harness->pod_out, POD0, &packet);
		assert_true(
		    scene_saw(&scene, "a clusterIP takes pods", TC_REDIRECT, NULL));
		assert_int_equal(harness_reason(*state, HG_REASON_outside_cluster), 0);
	}
}

static void pod_is_refused_with_an_answer(void **state)
{
	struct scene scene;
	struct packet packet, want;

	for (int i = 0; i < CASES; i++) {
		begin(&scene, state, i);
		no_endpoints(&scene);
		packet = pod_opens(&scene, POD_A);
		scene_send_tc(&scene, scene.harness->pod_out, POD0, &packet);
		want = packet;
		if (scene.protocol == PROTOCOL_TCP)
			answered_by_reset(&scene, &want);
		else
			answered_port_unreachable(&scene, &want);
		assert_true(left(&scene, "a pod is refused", &want));
		assert_int_equal(harness_reason(*state, HG_REASON_no_backend), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_outside_reaches_pod_and_back),
		cmocka_unit_test(nic_tc_finds_what_xdp_translated),
		cmocka_unit_test(pod_reaches_remote_backend_with_its_own_address),
		cmocka_unit_test(pod_reaches_a_backend_directly_after_the_service),
		cmocka_unit_test(client_reaches_a_pod_directly_after_the_service),
		cmocka_unit_test(pod_reaches_pod_through_the_service),
		cmocka_unit_test(pod_reaches_itself_through_the_service),
		cmocka_unit_test(direct_traffic_of_pods_passes),
		cmocka_unit_test(pod_is_inside_the_cluster),
		cmocka_unit_test(pod_is_refused_with_an_answer),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
