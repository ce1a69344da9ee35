// SPDX-License-Identifier: BSD-2-Clause
/*
 * The usual packets of a scene, sent and judged.
 */
#include "scene.h"

#include <stdio.h>
#include <string.h>

static uint8_t opening_chunk(const struct scene *scene)
{
	return scene->protocol == PROTOCOL_SCTP ? SCTP_INIT : SCTP_DATA;
}

void scene_from_client(const struct scene *scene, enum role client, struct packet *ret)
{
	struct packet packet = {
		.family = scene->family,
		.src = scene_addr(scene, client),
		.dst = scene_addr(scene, SERVICE),
		.ttl = 64,
		.tos = 0x10,
		.id = 0x1234,
		.dont_fragment = true,
		.protocol = scene->protocol,
		.sport = CLIENT_PORT,
		.dport = SERVICE_PORT,
		.seq = 0x11223344,
		.ack = 0x55667789, /* of scene_from_backend(), for whoever sets TCP_ACK */
		.flags = TCP_SYN,
		.window = 64240,
		.tcp_options = 20,
		.chunk = opening_chunk(scene),
		.tag = 0xabcd0123,
		.payload = scene->protocol == PROTOCOL_TCP ? 0 : 24,
		.pattern = 0x9e3779b9,
	};

	topology_mac(scene_is_local(client) ? client : ROUTER, packet.smac);
	topology_link_mac(scene_link(client), packet.dmac);
	*ret = packet;
}

void scene_from_backend(const struct scene *scene, enum role backend, struct packet *ret)
{
	struct packet packet;

	scene_from_client(scene, CLIENT, &packet);
	packet.src = scene_addr(scene, backend);
	packet.dst = scene_addr(scene, scene_link(backend) == NIC1 ? OURS_NIC1 : OURS);
	packet.sport = scene_target_port(scene);
	packet.dport = scene->snat_port;
	packet.flags = TCP_SYN | TCP_ACK;
	packet.seq = 0x55667788;
	packet.ack = 0x11223345;
	packet.chunk = scene->protocol == PROTOCOL_SCTP ? SCTP_INIT_ACK : SCTP_DATA;
	packet.pattern = 0x7f4a7c15;
	topology_mac(backend, packet.smac);
	topology_link_mac(scene_link(backend), packet.dmac);
	*ret = packet;
}

uint16_t scene_port_apart(const struct scene *scene, uint16_t port)
{
	uint16_t apart = port >= 32768 ? port - 32768 : port ^ 16384;

	if (scene->protocol == PROTOCOL_SCTP)
		return port;
	if (port < 1024)
		return port == 256 ? 511 : port ^ 256;
	return apart < 1024 ? apart + 28672 : apart;
}

void scene_to_backend(const struct scene *scene, enum role backend, struct packet *edit)
{
	edit->dst = scene_addr(scene, backend);
	edit->dport = scene_target_port(scene);
	edit->ttl--;
	if (scene_is_local(backend)) {
		edit->sport = scene_port_apart(scene, edit->sport);
		return;
	}
	edit->src = scene_addr(scene, scene_link(backend) == NIC1 ? OURS_NIC1 : OURS);
	edit->sport = scene->snat_port;
	topology_mac(backend, edit->dmac);
	topology_link_mac(scene_link(backend), edit->smac);
}

void scene_to_client(const struct scene *scene, enum role client, struct packet *edit)
{
	edit->src = scene_addr(scene, SERVICE);
	edit->sport = SERVICE_PORT;
	edit->dst = scene_addr(scene, client);
	edit->dport = CLIENT_PORT;
	edit->ttl--;
	topology_mac(ROUTER, edit->dmac);
	topology_link_mac(NIC0, edit->smac);
}

static int64_t source_port(const struct run *run)
{
	static const char *const layers[] = { "tcp", "udp", "sctp" };

	for (int i = 0; i < 3; i++) {
		int64_t port =
		    packet_field_value(run->out, run->out_size, layers[i], "sport");

		if (port >= 0)
			return port;
	}
	return -1;
}

/* The source port of a packet that left for a backend is what its reply will be sent to.
 */
static void learn_port(struct scene *scene, const struct packet *packet)
{
	struct hg_addr vip = scene_addr(scene, SERVICE);
	struct hg_addr other = scene_addr(scene, OTHER_SERVICE);
	bool to_service = !memcmp(&packet->dst, &vip, sizeof(vip)) ||
			  !memcmp(&packet->dst, &other, sizeof(other));
	int64_t port = source_port(&scene->run);

	if (to_service && port >= 0 &&
	    (scene->run.verdict == XDP_TX || scene->run.verdict == XDP_REDIRECT))
		scene->snat_port = (uint16_t)port;
}

void scene_send_frame(struct scene *scene, enum role from, const uint8_t *frame,
		      size_t size)
{
	memcpy(scene->run.in, frame, size);
	scene->run.in_size = size;
	scene->run.ifindex = topology_ifindex(scene_link(from));
	harness_run(scene->harness->nic, true, &scene->run);
}

void scene_send(struct scene *scene, enum role from, const struct packet *packet)
{
	uint8_t frame[FRAME_ROOM];

	scene_send_frame(scene, from, frame, packet_build(packet, frame));
	learn_port(scene, packet);
}

void scene_send_tc(struct scene *scene, int program, int link,
		   const struct packet *packet)
{
	struct run *run = &scene->run;

	memset(&run->given, 0, sizeof(run->given));
	run->in_size = packet_build(packet, run->in);
	run->ifindex = topology_ifindex(link);
	run->ingress_ifindex = run->ifindex;
	harness_run(program, false, run);
}

static bool forwarded(const struct scene *scene)
{
	return scene->run.verdict == XDP_TX || scene->run.verdict == XDP_REDIRECT;
}

bool scene_establish(struct scene *scene, enum role client, enum role backend)
{
	struct packet opening, reply;

	scene_from_client(scene, client, &opening);
	scene_send(scene, client, &opening);
	if (!forwarded(scene))
		return false;
	scene_from_backend(scene, backend, &reply);
	scene_send(scene, backend, &reply);
	if (!forwarded(scene))
		return false;
	if (scene->protocol == PROTOCOL_UDP)
		scene_age(scene, 3);
	opening.flags = TCP_ACK;
	opening.tcp_options = 0;
	opening.seq++;
	opening.ack = reply.seq + 1;
	if (scene->protocol == PROTOCOL_SCTP)
		opening.chunk = SCTP_COOKIE_ECHO;
	scene_send(scene, client, &opening);
	return forwarded(scene);
}

const char *scene_title(const struct scene *scene, const char *sentence)
{
	static char title[200];
	const char *protocol = scene->protocol == PROTOCOL_TCP	  ? "tcp"
			       : scene->protocol == PROTOCOL_UDP  ? "udp"
			       : scene->protocol == PROTOCOL_SCTP ? "sctp"
								  : "icmp";

	snprintf(title, sizeof(title), "%s (v%u, %s)", sentence, scene->family, protocol);
	return title;
}

bool scene_saw(const struct scene *scene, const char *sentence, uint32_t verdict,
	       const struct packet *want)
{
	char difference[PACKET_SENTENCE];
	uint8_t frame[FRAME_ROOM];
	size_t size;

	if (scene->run.verdict != verdict) {
		fprintf(stderr, "%s: verdict: want %u, got %u\n",
			scene_title(scene, sentence), verdict, scene->run.verdict);
		return false;
	}
	if (!want)
		return true;
	size = packet_build(want, frame);
	if (!packet_differs(frame, size, scene->run.out, scene->run.out_size, difference))
		return true;
	fprintf(stderr, "%s: %s\n", scene_title(scene, sentence), difference);
	return false;
}
