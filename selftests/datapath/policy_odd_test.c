// SPDX-License-Identifier: BSD-2-Clause
/*
 * What policy makes of packets without ports, errors, neighbours and
 * addresses that name no pod. POD_B hears CLIENT on one port, and OTHER_CLIENT on all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <headgate/hash.h>
#include "rows.h"
#include "scene_policy.h"

#define POD_PORT 5000

static const struct scene_rule hears[] = {
	{ .peers = { CLIENT }, .port = TARGET_PORT },
	{ .peers = { OTHER_CLIENT }, .all_ports = true },
	{ 0 },
};
static const struct scene_rule nothing[] = { { 0 } };

static void begin(struct scene *scene, void **state, uint8_t family)
{
	scene_begin(scene, *state, family, PROTOCOL_TCP);
	scene_know_pods(scene);
	scene_isolate(scene, POD_B, INGRESS, hears);
	scene_isolate(scene, POD_B, EGRESS, nothing);
	scene_switch_policy(scene);
}

static bool passed(const struct scene *scene)
{
	return scene->run.verdict == TC_OK || scene->run.verdict == UINT32_MAX;
}

static bool enters(struct scene *scene, const struct packet *packet)
{
	scene_send_tc(scene, scene->harness->pod_in, POD1, packet);
	return passed(scene);
}

static bool leaves(struct scene *scene, const struct packet *packet)
{
	scene_send_tc(scene, scene->harness->pod_out, POD1, packet);
	return passed(scene);
}

static struct packet to_pod(const struct scene *scene, enum role from)
{
	struct packet packet;

	scene_from_client(scene, from, &packet);
	packet.dst = scene_addr(scene, POD_B);
	packet.sport = POD_PORT;
	packet.dport = TARGET_PORT;
	return packet;
}

static struct packet turned(const struct packet *packet)
{
	struct packet reply = *packet;

	reply.src = packet->dst;
	reply.dst = packet->src;
	reply.sport = packet->dport;
	reply.dport = packet->sport;
	return reply;
}

static uint64_t refused(const struct scene *scene, enum hg_reason reason)
{
	return harness_reason(scene->harness, reason);
}

static struct packet echo_from(const struct scene *scene, enum role from)
{
	struct packet packet = to_pod(scene, from);

	packet.protocol = scene->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMP6;
	packet.icmp_type = scene->family == 4 ? 8 : 128;
	packet.icmp_word = 0x12340001;
	return packet;
}

static void echo_follows_rules_without_ports(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct scene scene;
		struct packet packet;

		begin(&scene, state, family);
		packet = echo_from(&scene, CLIENT);
		assert_false(enters(&scene, &packet));
		assert_int_equal(refused(&scene, HG_REASON_policy_protocol), 1);
		packet = echo_from(&scene, OTHER_CLIENT);
		assert_true(enters(&scene, &packet));
		packet = turned(&packet);
		packet.icmp_type = family == 4 ? 0 : 129;
		assert_true(leaves(&scene, &packet));
		packet.icmp_word = 0x43210001;
		assert_false(leaves(&scene, &packet));
	}
}

static void other_protocols_follow_rules_without_ports(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct scene scene;
		struct packet packet;

		begin(&scene, state, family);
		packet = to_pod(&scene, CLIENT);
		packet.protocol = 47;
		packet.payload = 40;
		assert_false(enters(&scene, &packet));
		packet.src = scene_addr(&scene, OTHER_CLIENT);
		assert_true(enters(&scene, &packet));
		packet = turned(&packet);
		assert_true(leaves(&scene, &packet));
		assert_int_equal(refused(&scene, HG_REASON_policy_protocol), 1);
	}
}

static void sctp_is_not_tcp_but_has_ports(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct scene scene;
		struct packet packet;

		begin(&scene, state, family);
		packet = to_pod(&scene, CLIENT);
		packet.protocol = PROTOCOL_SCTP;
		packet.chunk = SCTP_INIT;
		assert_true(enters(&scene, &packet));
		packet.dport++;
		assert_false(enters(&scene, &packet));
		assert_int_equal(refused(&scene, HG_REASON_policy_ingress), 1);
	}
}

static void errors_pass_by_the_flow_they_quote(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct scene scene;
		struct packet open, error;

		begin(&scene, state, family);
		open = to_pod(&scene, CLIENT);
		assert_true(enters(&scene, &open));
		/* A router on the way back: the pod's reply did not fit. */
		error = echo_from(&scene, ROUTER);
		open = turned(&open);
		error.icmp_type = family == 4 ? 3 : 2;
		error.icmp_code = family == 4 ? 4 : 0;
		error.icmp_word = 1400;
		error.quote = &open;
		error.quote_size = 8;
		assert_true(enters(&scene, &error));
		open.dport++;
		assert_false(enters(&scene, &error));
		assert_int_equal(refused(&scene, HG_REASON_policy_icmp), 1);
	}
}

static void neighbours_always_pass(void **state)
{
	static const uint8_t types[] = { 130, 131, 132, 133, 134, 135, 136, 143 };
	struct scene scene;
	struct packet packet;

	begin(&scene, state, 6);
	packet = echo_from(&scene, STRANGER);
	for (size_t i = 0; i < sizeof(types); i++) {
		packet.icmp_type = types[i];
		assert_true(enters(&scene, &packet));
	}
	packet = turned(&packet);
	memset(&packet.src, 0, sizeof(packet.src)); /* duplicate address detection */
	packet.icmp_type = 135;
	assert_true(leaves(&scene, &packet));
}

/* fe80::/64 and ff02::/16 are nobody's addresses; the pod is still isolated. */
static void addresses_that_name_no_pod_open_no_way(void **state)
{
	struct scene scene;
	struct packet packet;

	begin(&scene, state, 6);
	packet = to_pod(&scene, STRANGER);
	memset(&packet.dst, 0, sizeof(packet.dst));
	packet.dst.bytes[0] = 0xff;
	packet.dst.bytes[1] = 0x02;
	packet.dst.bytes[15] = 0xfb;
	packet.protocol = PROTOCOL_UDP;
	assert_false(enters(&scene, &packet));
	packet.src = scene_addr(&scene, OTHER_CLIENT);
	assert_true(enters(&scene, &packet));
	packet = to_pod(&scene, STRANGER);
	packet = turned(&packet);
	memset(&packet.src, 0, sizeof(packet.src));
	packet.src.bytes[0] = 0xfe;
	packet.src.bytes[1] = 0x80;
	packet.src.bytes[15] = 1;
	assert_false(leaves(&scene, &packet));
	assert_int_equal(refused(&scene, HG_REASON_policy_egress), 1);
}

static void a_pod_sends_from_its_own_address(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct scene scene;
		struct packet packet;

		scene_begin(&scene, *state, family, PROTOCOL_TCP);
		scene_know_pods(&scene);
		packet = to_pod(&scene, STRANGER);
		packet = turned(&packet);
		assert_true(leaves(&scene, &packet));
		packet.src = scene_addr(&scene, POD_A);
		assert_false(leaves(&scene, &packet));
		assert_int_equal(refused(&scene, HG_REASON_spoofed_source), 1);
	}
}

/* Its interface is not known yet: the address tells. */
static void a_pod_is_judged_before_its_interface_is_known(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct scene scene;
		struct packet packet;

		begin(&scene, state, family);
		memset(scene.harness->policy.links, 0,
		       HG_POLICY_LINKS * sizeof(*scene.harness->policy.links));
		packet = to_pod(&scene, STRANGER);
		assert_false(enters(&scene, &packet));
		packet = to_pod(&scene, CLIENT);
		assert_true(enters(&scene, &packet));
		packet = turned(&packet);
		packet.flags = TCP_SYN | TCP_ACK;
		assert_true(leaves(&scene, &packet));
		packet.dport++;
		packet.flags = TCP_SYN;
		assert_false(leaves(&scene, &packet));
	}
}

/* The interface is told before the first policy is, and places with it. */
static void a_pod_is_judged_before_its_place_is_known(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct scene scene;
		struct packet packet;

		begin(&scene, state, family);
		for (uint32_t i = 0; i < HG_POLICY_LINKS; i++)
			memset(scene.harness->policy.links[i].pods, 0,
			       sizeof(scene.harness->policy.links[i].pods));
		packet = to_pod(&scene, STRANGER);
		assert_false(enters(&scene, &packet));
		packet = to_pod(&scene, CLIENT);
		assert_true(enters(&scene, &packet));
	}
}

/* Of a pod's address: other addresses' lines before it, its own the last of its window. */
static struct hg_policy_pod *move_to_the_last_line(const struct scene *scene)
{
	struct hg_policy_pod *lines = scene->harness->policy.pods, own;
	struct hg_addr addr = scene_addr(scene, POD_B);
	const struct hg_config *config = &scene->harness->config;
	uint32_t home = hg_policy_home(&addr, config->pod_mask, config->seed);
	uint32_t last = home + HG_POLICY_POD_WINDOW - 1;

	for (uint32_t i = home; i <= last; i++) {
		if (memcmp(&lines[i].addr, &addr, sizeof(addr)) == 0)
			own = lines[i];
	}
	for (uint32_t i = home; i < last; i++) {
		lines[i] = (struct hg_policy_pod){ .taken = 1, .passed = 1 };
		lines[i].addr.words[0] = i;
	}
	own.passed = 0;
	lines[last] = own;
	return &lines[last];
}

static void a_pod_is_found_as_far_as_its_search_goes(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct scene scene;
		struct packet packet;
		struct hg_policy_pod *line;

		begin(&scene, state, family);
		memset(scene.harness->policy.links, 0,
		       HG_POLICY_LINKS * sizeof(*scene.harness->policy.links));
		line = move_to_the_last_line(&scene);
		packet = to_pod(&scene, STRANGER);
		assert_false(enters(&scene, &packet));
		line->taken = 0;
		assert_true(enters(&scene, &packet));
		line->taken = 1;
		assert_false(enters(&scene, &packet));
		line[-1].passed = 0;
		assert_true(enters(&scene, &packet));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echo_follows_rules_without_ports),
		cmocka_unit_test(other_protocols_follow_rules_without_ports),
		cmocka_unit_test(sctp_is_not_tcp_but_has_ports),
		cmocka_unit_test(errors_pass_by_the_flow_they_quote),
		cmocka_unit_test(neighbours_always_pass),
		cmocka_unit_test(addresses_that_name_no_pod_open_no_way),
		cmocka_unit_test(a_pod_sends_from_its_own_address),
		cmocka_unit_test(a_pod_is_judged_before_its_interface_is_known),
		cmocka_unit_test(a_pod_is_judged_before_its_place_is_known),
		cmocka_unit_test(a_pod_is_found_as_far_as_its_search_goes),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
