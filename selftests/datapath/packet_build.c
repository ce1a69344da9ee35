// SPDX-License-Identifier: BSD-2-Clause
/*
 * Layers are written from the inside out: the layer 4 segment of the whole datagram
 * first, with its checksum; then the slice of it that this packet carries; then the
 * headers in front. A fragment thus carries the checksum of the datagram it is part of.
 */
#include "packet_build.h"

#include <assert.h>
#include <string.h>
#include "packet_sum.h"

#define SEGMENT_ROOM  FRAME_ROOM
#define ETHERTYPE_4   0x0800
#define ETHERTYPE_6   0x86dd
#define ETHERTYPE_ARP 0x0806

void packet_write16(uint8_t *place, uint16_t value)
{
	place[0] = (uint8_t)(value >> 8);
	place[1] = (uint8_t)value;
}

void packet_write32(uint8_t *place, uint32_t value)
{
	packet_write16(place, (uint16_t)(value >> 16));
	packet_write16(place + 2, (uint16_t)value);
}

uint16_t packet_read16(const uint8_t *place)
{
	return (uint16_t)(place[0] << 8 | place[1]);
}

uint32_t packet_read32(const uint8_t *place)
{
	return (uint32_t)packet_read16(place) << 16 | packet_read16(place + 2);
}

static size_t write_payload(const struct packet *packet, uint8_t *place)
{
	for (size_t i = 0; i < packet->payload; i++)
		place[i] = packet->body ? packet->body[i]
					: (uint8_t)(packet->pattern >> (i % 4 * 8)) ^
					      (uint8_t)(i / 4);
	return packet->payload;
}

/* Fill the field at `place` with the checksum of size bytes of segment, plus damage. */
static void write_check(const struct packet *packet, uint8_t *segment, size_t size,
			uint8_t *place)
{
	bool pseudo = packet->protocol != PROTOCOL_ICMP;
	uint16_t sum = 0;

	if (pseudo)
		sum = sum_pseudo(packet->family, &packet->src, &packet->dst,
				 packet->protocol, size);
	packet_write16(place, 0);
	sum = (uint16_t)~sum_bytes(sum, segment, size);
	sum = sum_word(sum, packet->check_damage);
	if (packet->protocol == PROTOCOL_UDP && sum == 0)
		sum = 0xffff;
	packet_write16(place, sum);
}

static size_t write_tcp(const struct packet *packet, uint8_t *segment)
{
	size_t header = 20 + packet->tcp_options;
	size_t size;

	packet_write16(segment, packet->sport);
	packet_write16(segment + 2, packet->dport);
	packet_write32(segment + 4, packet->seq);
	packet_write32(segment + 8, packet->ack);
	segment[12] = (uint8_t)(header / 4 << 4);
	segment[13] = packet->flags;
	packet_write16(segment + 14, packet->window);
	packet_write16(segment + 18, 0);
	memset(segment + 20, 1, packet->tcp_options);
	size = header + write_payload(packet, segment + header);
	write_check(packet, segment, size, segment + 16);
	return size;
}

static size_t write_udp(const struct packet *packet, uint8_t *segment)
{
	size_t size = 8 + write_payload(packet, segment + 8);

	packet_write16(segment, packet->sport);
	packet_write16(segment + 2, packet->dport);
	packet_write16(segment + 4, (uint16_t)size);
	packet_write16(segment + 6, 0);
	if (!packet->no_checksum)
		write_check(packet, segment, size, segment + 6);
	return size;
}

/* The CRC32c does not cover addresses and ports stay: any constant serves. */
static size_t write_sctp(const struct packet *packet, uint8_t *segment)
{
	size_t body = write_payload(packet, segment + 16);

	packet_write16(segment, packet->sport);
	packet_write16(segment + 2, packet->dport);
	packet_write32(segment + 4, packet->tag);
	packet_write32(segment + 8, 0x5c7b5c7b);
	segment[12] = packet->chunk;
	segment[13] = 0;
	packet_write16(segment + 14, (uint16_t)(4 + body));
	/* The tag that it asks the other end for: the same in both directions here. */
	if (packet->chunk == SCTP_INIT || packet->chunk == SCTP_INIT_ACK)
		packet_write32(segment + 16, packet->tag);
	return 16 + body;
}

static size_t layer3_header(const struct packet *packet)
{
	if (packet->family == 4)
		return 20 + packet->options;
	return 40 + 8U * packet->extensions;
}

static size_t write_icmp(const struct packet *packet, uint8_t *segment)
{
	size_t size = 8;

	segment[0] = packet->icmp_type;
	segment[1] = packet->icmp_code;
	packet_write32(segment + 4, packet->icmp_word);
	if (packet->quote) {
		size_t whole = packet_build_ip(packet->quote, segment + 8);
		size_t cut = layer3_header(packet->quote) + packet->quote_size;

		size += packet->quote_size && cut < whole ? cut : whole;
	} else {
		size += write_payload(packet, segment + 8);
	}
	write_check(packet, segment, size, segment + 2);
	return size;
}

static size_t write_segment(const struct packet *packet, uint8_t *segment)
{
	switch (packet->protocol) {
	case PROTOCOL_TCP:
		return write_tcp(packet, segment);
	case PROTOCOL_UDP:
		return write_udp(packet, segment);
	case PROTOCOL_SCTP:
		return write_sctp(packet, segment);
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMP6:
		return write_icmp(packet, segment);
	default:
		return write_payload(packet, segment);
	}
}

static void write_ip4(const struct packet *packet, uint8_t *ip, size_t size, bool more)
{
	size_t header = layer3_header(packet);
	uint16_t offset = (uint16_t)(packet->fragmented ? packet->slice / 8 : 0);

	ip[0] = (uint8_t)(0x40 | header / 4);
	ip[1] = packet->tos;
	packet_write16(ip + 2, packet->no_length ? 0 : (uint16_t)(header + size));
	packet_write16(ip + 4, (uint16_t)packet->id);
	packet_write16(ip + 6, (uint16_t)(offset | (more ? 0x2000 : 0) |
					  (packet->dont_fragment ? 0x4000 : 0)));
	ip[8] = packet->ttl;
	ip[9] = packet->protocol;
	packet_write16(ip + 10, 0);
	memcpy(ip + 12, packet->src.bytes + 12, 4);
	memcpy(ip + 16, packet->dst.bytes + 12, 4);
	if (packet->options)
		memset(ip + 20, 1, packet->options - 1U);
	if (packet->options)
		ip[header - 1] = 0;
	packet_write16(ip + 10, (uint16_t)~sum_bytes(0, ip, header));
}

static void write_extension(const struct packet *packet, uint8_t *place, uint8_t kind,
			    bool more)
{
	static const uint8_t padded[6] = { 1, 4, 0, 0, 0, 0 };	/* PadN */
	static const uint8_t routing[6] = { 3, 0, 0, 0, 0, 0 }; /* no segments left */

	place[1] = 0;
	memcpy(place + 2, kind == PROTOCOL_ROUTING ? routing : padded, 6);
	if (kind != PROTOCOL_FRAGMENT)
		return;
	packet_write16(place + 2, (uint16_t)(packet->slice | more));
	packet_write32(place + 4, packet->id);
}

static void write_ip6(const struct packet *packet, uint8_t *ip, size_t size, bool more)
{
	uint8_t *next = ip + 6;
	uint8_t *place = ip + 40;

	packet_write32(ip, 0x60000000U | (uint32_t)packet->tos << 20);
	if (packet->no_length)
		packet_write16(ip + 4, 0);
	else
		packet_write16(ip + 4, (uint16_t)(8U * packet->extensions + size));
	ip[7] = packet->ttl;
	memcpy(ip + 8, packet->src.bytes, 16);
	memcpy(ip + 24, packet->dst.bytes, 16);
	for (uint8_t i = 0; i < packet->extensions; i++) {
		*next = packet->extension[i];
		write_extension(packet, place, packet->extension[i], more);
		next = place;
		place += 8;
	}
	*next = packet->protocol;
}

size_t packet_build_ip(const struct packet *packet, uint8_t *ip)
{
	uint8_t segment[SEGMENT_ROOM] = { 0 };
	size_t size = write_segment(packet, segment);
	size_t header = layer3_header(packet);
	size_t slice = 0;
	bool more = false;

	if (packet->fragmented) {
		slice = packet->slice;
		assert(slice % 8 == 0 && slice < size);
		more = packet->slice_size && slice + packet->slice_size < size;
		size = more ? packet->slice_size : size - slice;
	}
	if (packet->family == 4)
		write_ip4(packet, ip, size, more);
	else
		write_ip6(packet, ip, size, more);
	memcpy(ip + header, segment + slice, size);
	return header + size;
}

static size_t write_arp(const struct packet *packet, uint8_t *arp)
{
	static const uint8_t ethernet[6] = { 0, 1, 8, 0, 6, 4 };

	memcpy(arp, ethernet, 6);
	packet_write16(arp + 6, packet->arp);
	memcpy(arp + 8, packet->smac, 6);
	memcpy(arp + 14, packet->src.bytes + 12, 4);
	memcpy(arp + 18, packet->arp_dmac, 6);
	memcpy(arp + 24, packet->dst.bytes + 12, 4);
	return 28;
}

static uint16_t packet_ethertype(const struct packet *packet)
{
	if (packet->ethertype)
		return packet->ethertype;
	if (packet->arp)
		return ETHERTYPE_ARP;
	return packet->family == 4 ? ETHERTYPE_4 : ETHERTYPE_6;
}

size_t packet_build(const struct packet *packet, uint8_t *frame)
{
	uint8_t *place = frame + 12;

	memcpy(frame, packet->dmac, 6);
	memcpy(frame + 6, packet->smac, 6);
	for (uint8_t i = 0; i < packet->vlans; i++) {
		packet_write16(place, i + 1 < packet->vlans ? 0x88a8 : 0x8100);
		packet_write16(place + 2, packet->vlan[i]);
		place += 4;
	}
	packet_write16(place, packet_ethertype(packet));
	place += 2;
	place += packet->arp ? write_arp(packet, place) : packet_build_ip(packet, place);
	memset(place, 0xa5, packet->padding);
	return (size_t)(place - frame) + packet->padding;
}

size_t packet_size(const struct packet *packet)
{
	uint8_t ip[FRAME_ROOM];

	return packet_build_ip(packet, ip);
}
