// SPDX-License-Identifier: BSD-2-Clause
#include "answers.h"

#include <stdio.h>
#include <string.h>

static uint8_t octet(const struct run *run, const char *name, uint8_t otherwise)
{
	int64_t value = packet_field_value(run->out, run->out_size, "ip", name);

	return value < 0 ? otherwise : (uint8_t)value;
}

void answers_leave_open(const struct scene *scene, struct packet *packet)
{
	const struct run *run = &scene->run;
	int64_t value;

	packet->ttl = octet(run, scene->family == 4 ? "ttl" : "hop_limit", 64);
	if (packet->ttl < 32)
		packet->ttl = 64; /* must reach the client: a difference is reported */
	packet->tos = octet(run, "tos", 0);
	if (scene->family == 6) {
		value = packet_field_value(run->out, run->out_size, "ip", "version");
		packet->tos = (uint8_t)(value >> 20);
		return;
	}
	packet->id = (uint16_t)packet_field_value(run->out, run->out_size, "ip", "id");
	value = packet_field_value(run->out, run->out_size, "ip", "frag_off");
	packet->dont_fragment = value == 0x4000;
}

static void turn_round(struct packet *packet)
{
	struct hg_addr addr = packet->src;
	uint16_t port = packet->sport;
	uint8_t mac[6];

	packet->src = packet->dst;
	packet->dst = addr;
	packet->sport = packet->dport;
	packet->dport = port;
	memcpy(mac, packet->smac, 6);
	memcpy(packet->smac, packet->dmac, 6);
	memcpy(packet->dmac, mac, 6);
	packet->options = 0;
	packet->extensions = 0;
	packet->padding = 0;
	packet->payload = 0;
}

void answered_by_reset(struct scene *scene, struct packet *packet)
{
	uint32_t consumed =
	    packet->payload + !!(packet->flags & TCP_SYN) + !!(packet->flags & TCP_FIN);

	turn_round(packet);
	if (packet->flags & TCP_ACK) {
		packet->flags = TCP_RST;
		packet->seq = packet->ack;
		packet->ack = 0;
	} else {
		packet->flags = TCP_RST | TCP_ACK;
		packet->ack = packet->seq + consumed;
		packet->seq = 0;
	}
	packet->window = 0;
	packet->tcp_options = 0;
	answers_leave_open(scene, packet);
}

/* Of the quote's layer 4: what the answer has room for, at least 8 bytes. */
static uint16_t quote_size(const struct scene *scene, const struct packet *about)
{
	size_t head = 14 + 4U * about->vlans + (scene->family == 4 ? 20 : 40) + 8;
	size_t quoted_head =
	    (scene->family == 4 ? 20U + about->options : 40 + 8U * about->extensions);
	size_t room = scene->run.out_size;

	return room < head + quoted_head + 8 ? 8 : (uint16_t)(room - head - quoted_head);
}

void answered_by_error(const struct scene *scene, struct packet *packet, uint8_t type,
		       uint8_t code)
{
	static struct packet about;

	about = *packet;
	packet->quote_size = quote_size(scene, &about);
	turn_round(packet);
	packet->protocol = scene->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMP6;
	packet->icmp_type = type;
	packet->icmp_code = code;
	packet->icmp_word = 0;
	packet->quote = &about;
	answers_leave_open(scene, packet);
}

void answered_port_unreachable(struct scene *scene, struct packet *packet)
{
	if (scene->family == 4)
		answered_by_error(scene, packet, 3, 3);
	else
		answered_by_error(scene, packet, 1, 4);
}

void answered_time_exceeded(struct scene *scene, struct packet *packet)
{
	answered_by_error(scene, packet, scene->family == 4 ? 11 : 3, 0);
}

void answered_too_big(const struct scene *scene, struct packet *packet, uint32_t mtu)
{
	if (scene->family == 4)
		answered_by_error(scene, packet, 3, 4);
	else
		answered_by_error(scene, packet, 2, 0);
	packet->icmp_word = mtu;
}
