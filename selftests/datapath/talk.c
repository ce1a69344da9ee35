// SPDX-License-Identifier: BSD-2-Clause
#include "talk.h"

#include <headgate/endian.h>

#include "flow_check.h"

#define SYN_LENGTH(flags) (!!((flags)&TCP_SYN) + !!((flags)&TCP_FIN))

void talk_begin(struct talk *talk, struct scene *scene, uint16_t port)
{
	*talk = (struct talk){ .scene = scene,
			       .port = port,
			       .next = { 0x11223344 + port * 7919U, 0x55667788 } };
}

static bool send(struct talk *talk, enum side side, uint8_t flags, uint16_t payload,
		 const uint32_t numbers[2])
{
	struct scene *scene = talk->scene;
	struct packet packet;

	scene->snat_port = talk->snat_port;
	if (side == BY_CLIENT) {
		scene_from_client(scene, CLIENT, &packet);
		packet.sport = talk->port;
	} else {
		scene_from_backend(scene, BACKEND_A, &packet);
	}
	packet.flags = flags;
	packet.tcp_options = flags & TCP_SYN ? packet.tcp_options : 0;
	packet.payload = payload;
	packet.seq = numbers[0];
	packet.ack = flags & TCP_ACK ? numbers[1] : 0;
	scene_send(scene, side == BY_CLIENT ? CLIENT : BACKEND_A, &packet);
	if (side == BY_CLIENT)
		talk->snat_port = scene->snat_port;
	return scene->run.verdict == XDP_TX;
}

bool talk_say(struct talk *talk, enum side side, uint8_t flags, uint16_t payload)
{
	const uint32_t numbers[2] = { talk->next[side], talk->heard[side] };

	talk->next[side] += payload + SYN_LENGTH(flags);
	return send(talk, side, flags, payload, numbers);
}

void talk_hear(struct talk *talk, enum side side)
{
	talk->heard[side] = talk->next[!side];
}

bool talk_open(struct talk *talk, struct scene *scene, uint16_t port)
{
	talk_begin(talk, scene, port);
	if (!talk_say(talk, BY_CLIENT, TCP_SYN, 0))
		return false;
	talk_hear(talk, BY_BACKEND);
	if (!talk_say(talk, BY_BACKEND, TCP_SYN | TCP_ACK, 0))
		return false;
	talk_hear(talk, BY_CLIENT);
	return talk_say(talk, BY_CLIENT, TCP_ACK, 0);
}

bool talk_close(struct talk *talk, enum side first)
{
	if (!talk_say(talk, first, TCP_FIN | TCP_ACK, 0))
		return false;
	talk_hear(talk, !first);
	if (!talk_say(talk, !first, TCP_FIN | TCP_ACK, 0))
		return false;
	talk_hear(talk, first);
	return talk_say(talk, first, TCP_ACK, 0);
}

bool talk_forge(struct talk *talk, enum side side, uint8_t flags, uint32_t seq,
		uint32_t ack)
{
	const uint32_t numbers[2] = { seq, ack };

	return send(talk, side, flags, 0, numbers);
}

bool talk_lines(const struct talk *talk, struct hg_flow *lines[2])
{
	const struct scene *scene = talk->scene;
	struct hg_flow *flows = scene->harness->flows;
	struct hg_flow_key key = { .src = scene_addr(scene, CLIENT),
				   .dst = scene_addr(scene, SERVICE),
				   .sport = be16(talk->port),
				   .dport = be16(SERVICE_PORT),
				   .protocol = PROTOCOL_TCP };
	int64_t line = flow_find(scene->harness, flows, &key);

	if (line < 0)
		return false;
	lines[0] = &flows[line];
	lines[1] = &flows[flows[line].partner];
	return true;
}

uint32_t talk_timeout(const struct talk *talk)
{
	static uint32_t names[HG_TIMEOUTS];
	struct hg_flow *lines[2];

	if (!talk_lines(talk, lines))
		return HG_TIMEOUTS;
	/* Each time-out is its own number; CLOSED is longer than TIME_WAIT. */
	for (uint32_t i = 0; i < HG_TIMEOUTS; i++)
		names[i] = i == HG_TIMEOUT_CLOSED ? HG_TICKS(1000) : i;
	uint32_t got =
	    hg_flow_timeout(names, PROTOCOL_TCP, lines[0]->ctl, lines[1]->ctl, false);

	return got == HG_TICKS(1000) ? HG_TIMEOUT_CLOSED : got;
}
