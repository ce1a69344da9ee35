// SPDX-License-Identifier: BSD-2-Clause
#include "scene_direct.h"

#define POD_PORT 5000

void direct_begin(struct scene *scene, void **state, int number)
{
	scene_begin(scene, *state, number & 1 ? 6 : 4,
		    number & 2 ? PROTOCOL_UDP : PROTOCOL_TCP);
	for (enum role role = POD_A; role <= POD_B; role++) {
		struct hg_addr addr = scene_addr(scene, role);

		scene_mark_ours(scene, &addr);
	}
	scene_know_pods(scene);
}

struct packet direct_packet(const struct scene *scene, enum role from, enum role to,
			    uint8_t flags)
{
	struct packet packet;

	scene_from_client(scene, from, &packet);
	packet.dst = scene_addr(scene, to);
	packet.sport = POD_PORT;
	packet.dport = TARGET_PORT;
	packet.flags = flags;
	return packet;
}

struct packet direct_answer(const struct packet *packet, uint8_t flags)
{
	struct packet reply = *packet;

	reply.src = packet->dst;
	reply.dst = packet->src;
	reply.sport = packet->dport;
	reply.dport = packet->sport;
	reply.ack = packet->seq + 1;
	reply.flags = flags;
	return reply;
}

static bool passes(struct scene *scene, int program, enum role pod,
		   const struct packet *packet)
{
	scene_send_tc(scene, program, scene_link(pod), packet);
	return scene->run.verdict == TC_OK || scene->run.verdict == UINT32_MAX;
}

bool direct_leaves(struct scene *scene, enum role pod, const struct packet *packet)
{
	return passes(scene, scene->harness->pod_out, pod, packet);
}

bool direct_enters(struct scene *scene, enum role pod, const struct packet *packet)
{
	return passes(scene, scene->harness->pod_in, pod, packet);
}

/* Made by the node: the host got it by no interface. */
bool direct_enters_from_node(struct scene *scene, enum role pod,
			     const struct packet *packet)
{
	struct run *run = &scene->run;

	run->in_size = packet_build(packet, run->in);
	run->ifindex = topology_ifindex(scene_link(pod));
	run->ingress_ifindex = 0;
	harness_run(scene->harness->pod_in, false, run);
	return run->verdict == TC_OK;
}
