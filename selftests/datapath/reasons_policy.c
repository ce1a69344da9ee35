// SPDX-License-Identifier: BSD-2-Clause
#include "reasons_policy.h"

#include "scene_policy.h"

/* From a stranger to POD_B, which is isolated in both directions. */
static struct packet for_an_isolated_pod(struct scene *scene)
{
	static const struct scene_rule nothing[] = { { 0 } };
	struct packet packet;

	scene_know_pods(scene);
	scene_isolate(scene, POD_B, INGRESS, nothing);
	scene_isolate(scene, POD_B, EGRESS, nothing);
	scene_switch_policy(scene);
	scene_from_client(scene, STRANGER, &packet);
	packet.dst = scene_addr(scene, POD_B);
	return packet;
}

static void enter(struct scene *scene, const struct packet *packet)
{
	scene_send_tc(scene, scene->harness->pod_in, POD1, packet);
}

void produce_policy_egress(struct scene *scene)
{
	struct packet packet = for_an_isolated_pod(scene);

	packet.src = packet.dst;
	packet.dst = scene_addr(scene, STRANGER);
	scene_send_tc(scene, scene->harness->pod_out, POD1, &packet);
}

void produce_policy_ingress(struct scene *scene)
{
	struct packet packet = for_an_isolated_pod(scene);

	enter(scene, &packet);
}

void produce_policy_protocol(struct scene *scene)
{
	struct packet packet = for_an_isolated_pod(scene);

	packet.protocol = 47;
	packet.payload = 40;
	enter(scene, &packet);
}

void produce_policy_fragment(struct scene *scene)
{
	struct packet packet = for_an_isolated_pod(scene);

	packet.payload = 200;
	packet.fragmented = true;
	packet.slice = 96;
	packet.extensions = scene->family == 6;
	packet.extension[0] = PROTOCOL_FRAGMENT;
	enter(scene, &packet);
}

void produce_policy_icmp(struct scene *scene)
{
	struct packet packet = for_an_isolated_pod(scene), quote = packet;

	quote.src = packet.dst;
	quote.dst = packet.src;
	packet.protocol = scene->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMP6;
	packet.icmp_type = scene->family == 4 ? 3 : 1;
	packet.quote = &quote;
	packet.quote_size = 8;
	enter(scene, &packet);
}

void produce_policy_malformed(struct scene *scene)
{
	struct packet packet = for_an_isolated_pod(scene);
	struct run *run = &scene->run;

	packet.tcp_options = 0;
	run->in_size = packet_build(&packet, run->in);
	run->in[14 + (scene->family == 4 ? 20 : 40) + 12] = 0x40; /* TCP header of 16 */
	run->ifindex = topology_ifindex(POD1);
	run->ingress_ifindex = topology_ifindex(NIC0);
	harness_run(scene->harness->pod_in, false, run);
}

void produce_spoofed_source(struct scene *scene)
{
	struct packet packet;

	scene_know_pods(scene);
	scene_from_client(scene, POD_A, &packet);
	packet.dst = scene_addr(scene, STRANGER);
	scene_send_tc(scene, scene->harness->pod_out, POD1, &packet);
}
