// SPDX-License-Identifier: BSD-2-Clause
/*
 * One walk over the frame, header tables in hand, lists the fields; the users search the
 * list. The walk stops at the first header that does not fit: the rest is payload.
 */
#include "packet_fields.h"

#include <stdio.h>
#include <string.h>
#include "packet_build.h"
#include "packet_sum.h"

struct layout {
	const char *name;
	uint8_t size;
};

static const struct layout ethernet[] = { { "dst", 6 }, { "src", 6 }, { NULL, 0 } };
static const struct layout vlan[] = { { "tpid", 2 }, { "tci", 2 }, { NULL, 0 } };
static const struct layout arp[] = {
	{ "header", 6 }, { "op", 2 },  { "smac", 6 }, { "src", 4 },
	{ "dmac", 6 },	 { "dst", 4 }, { NULL, 0 },
};
static const struct layout ip4[] = {
	{ "version_ihl", 1 }, { "tos", 1 }, { "len", 2 },   { "id", 2 },
	{ "frag_off", 2 },    { "ttl", 1 }, { "proto", 1 }, { "sum", 2 },
	{ "src", 4 },	      { "dst", 4 }, { NULL, 0 },
};
static const struct layout ip6[] = {
	{ "version", 4 }, { "len", 2 },	 { "next", 1 }, { "hop_limit", 1 },
	{ "src", 16 },	  { "dst", 16 }, { NULL, 0 },
};
static const struct layout tcp[] = {
	{ "sport", 2 }, { "dport", 2 },	 { "seq", 4 },	 { "ack", 4 },	  { "doff", 1 },
	{ "flags", 1 }, { "window", 2 }, { "check", 2 }, { "urgent", 2 }, { NULL, 0 },
};
static const struct layout udp[] = {
	{ "sport", 2 }, { "dport", 2 }, { "len", 2 }, { "check", 2 }, { NULL, 0 },
};
static const struct layout sctp[] = {
	{ "sport", 2 }, { "dport", 2 }, { "tag", 4 },
	{ "crc", 4 },	{ "chunk", 4 }, { NULL, 0 },
};
static const struct layout icmp[] = {
	{ "type", 1 }, { "code", 1 }, { "check", 2 }, { "word", 4 }, { NULL, 0 },
};

struct walk {
	const uint8_t *frame;
	size_t size, at;
	struct packet_fields *fields;
	bool inner;
};

static void add(struct walk *walk, const char *layer, const char *name, size_t size)
{
	if (walk->at + size > walk->size)
		size = walk->size - walk->at;
	if (!size || walk->fields->count == PACKET_FIELDS)
		return;
	walk->fields->field[walk->fields->count++] =
	    (struct packet_field){ layer, name, walk->at, size };
	walk->at += size;
}

static void add_layout(struct walk *walk, const char *layer, const struct layout *layout)
{
	for (; layout->name; layout++)
		add(walk, layer, layout->name, layout->size);
}

static void walk_ip(struct walk *walk);

static void walk_icmp(struct walk *walk, bool version6)
{
	size_t at = walk->at;
	uint8_t type = at < walk->size ? walk->frame[at] : 0;
	bool error = version6 ? type >= 1 && type <= 4
			      : type == 3 || type == 5 || type == 11 || type == 12;

	add_layout(walk, walk->inner ? "inner icmp" : "icmp", icmp);
	if (!error || walk->inner)
		return;
	walk->inner = true;
	walk_ip(walk);
}

static void walk_segment(struct walk *walk, uint8_t protocol)
{
	bool inner = walk->inner;

	if (protocol == PROTOCOL_TCP)
		add_layout(walk, inner ? "inner tcp" : "tcp", tcp);
	else if (protocol == PROTOCOL_UDP)
		add_layout(walk, inner ? "inner udp" : "udp", udp);
	else if (protocol == PROTOCOL_SCTP)
		add_layout(walk, inner ? "inner sctp" : "sctp", sctp);
	else if (protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMP6)
		walk_icmp(walk, protocol == PROTOCOL_ICMP6);
}

static void walk_ip4(struct walk *walk)
{
	const char *layer = walk->inner ? "inner ip" : "ip";
	const uint8_t *ip = walk->frame + walk->at;
	size_t header = (ip[0] & 15U) * 4U;
	bool later = walk->size - walk->at >= 20 && (packet_read16(ip + 6) & 0x1fff);
	uint8_t protocol = walk->size - walk->at >= 20 ? ip[9] : PROTOCOL_NONE;

	add_layout(walk, layer, ip4);
	if (header > 20)
		add(walk, layer, "options", header - 20);
	if (!later)
		walk_segment(walk, protocol);
}

static bool is_extension(uint8_t kind)
{
	return kind == PROTOCOL_HOPOPTS || kind == PROTOCOL_ROUTING ||
	       kind == PROTOCOL_FRAGMENT || kind == PROTOCOL_DESTINATION;
}

static void walk_ip6(struct walk *walk)
{
	const char *layer = walk->inner ? "inner ip" : "ip";
	const uint8_t *ip = walk->frame + walk->at;
	uint8_t next = walk->size - walk->at >= 40 ? ip[6] : PROTOCOL_NONE;

	add_layout(walk, layer, ip6);
	while (is_extension(next) && walk->size - walk->at >= 8) {
		const uint8_t *place = walk->frame + walk->at;
		bool later =
		    next == PROTOCOL_FRAGMENT && (packet_read16(place + 2) & 0xfff8);

		add(walk, layer, next == PROTOCOL_FRAGMENT ? "fragment" : "extension",
		    next == PROTOCOL_FRAGMENT ? 8 : 8 + place[1] * 8U);
		next = later ? PROTOCOL_NONE : place[0];
	}
	walk_segment(walk, next);
}

static void walk_ip(struct walk *walk)
{
	if (walk->at >= walk->size)
		return;
	if (walk->frame[walk->at] >> 4 == 4)
		walk_ip4(walk);
	else if (walk->frame[walk->at] >> 4 == 6)
		walk_ip6(walk);
}

void packet_read_fields(const uint8_t *frame, size_t size, struct packet_fields *ret)
{
	struct walk walk = { .frame = frame, .size = size, .fields = ret };
	uint16_t type;

	ret->count = 0;
	add_layout(&walk, "eth", ethernet);
	while (walk.at + 4 <= size) {
		type = packet_read16(frame + walk.at);
		if (type != 0x8100 && type != 0x88a8)
			break;
		add_layout(&walk, "vlan", vlan);
	}
	type = walk.at + 2 <= size ? packet_read16(frame + walk.at) : 0;
	add(&walk, "eth", "type", 2);
	if (type == 0x0806)
		add_layout(&walk, "arp", arp);
	else if (type == 0x0800 || type == 0x86dd)
		walk_ip(&walk);
	add(&walk, "", "payload", size - walk.at);
}

static const struct packet_field *find(const struct packet_fields *fields,
				       const char *layer, const char *name)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct packet_field *field = &fields->field[i];

		if (!strcmp(field->layer, layer) && !strcmp(field->name, name))
			return field;
	}
	return NULL;
}

int64_t packet_field_value(const uint8_t *frame, size_t size, const char *layer,
			   const char *name)
{
	struct packet_fields fields;
	const struct packet_field *field;
	uint32_t value = 0;

	packet_read_fields(frame, size, &fields);
	field = find(&fields, layer, name);
	if (!field || field->size > 4)
		return -1;
	for (size_t i = 0; i < field->size; i++)
		value = value << 8 | frame[field->offset + i];
	return value;
}

static void print_bytes(char *text, const uint8_t *frame, size_t size, size_t offset,
			size_t count)
{
	size_t used = 0;

	for (size_t i = offset; i < offset + count && i < size && used < 34; i++)
		used += (size_t)snprintf(text + used, 3, "%02x", frame[i]);
	text[used] = 0;
}

bool packet_differs(const uint8_t *want, size_t want_size, const uint8_t *got,
		    size_t got_size, char ret_sentence[PACKET_SENTENCE])
{
	struct packet_fields fields;
	size_t at = 0;
	char left[40], right[40];

	while (at < want_size && at < got_size && want[at] == got[at])
		at++;
	if (at == want_size && at == got_size)
		return false;
	packet_read_fields(want_size > got_size ? want : got,
			   want_size > got_size ? want_size : got_size, &fields);
	for (size_t i = 0; i < fields.count; i++) {
		const struct packet_field *field = &fields.field[i];
		bool payload = !strcmp(field->name, "payload");
		size_t from = payload ? at : field->offset;

		if (at < field->offset || at >= field->offset + field->size)
			continue;
		print_bytes(left, want, want_size, from, payload ? 4 : field->size);
		print_bytes(right, got, got_size, from, payload ? 4 : field->size);
		snprintf(ret_sentence, PACKET_SENTENCE,
			 "%s%s%s: want %s, got %s (byte %zu; want %zu bytes, got %zu)",
			 field->layer, *field->layer ? "." : "", field->name, left, right,
			 at, want_size, got_size);
		return true;
	}
	snprintf(ret_sentence, PACKET_SENTENCE, "byte %zu: want %zu bytes, got %zu", at,
		 want_size, got_size);
	return true;
}

static bool segment_sum_holds(const uint8_t *segment, size_t size, uint16_t pseudo,
			      uint8_t protocol)
{
	if (protocol == PROTOCOL_UDP && size >= 8 && !packet_read16(segment + 6))
		return true;
	if (protocol == PROTOCOL_ICMP)
		return sum_bytes(0, segment, size) == 0xffff;
	if (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP &&
	    protocol != PROTOCOL_ICMP6)
		return true;
	return sum_bytes(pseudo, segment, size) == 0xffff;
}

static bool ip4_sums_hold(const uint8_t *ip)
{
	size_t header = (ip[0] & 15U) * 4U;
	size_t size = packet_read16(ip + 2) - header;
	uint16_t sum;

	if (sum_bytes(0, ip, header) != 0xffff)
		return false;
	if (packet_read16(ip + 6) & 0x3fff)
		return true;
	sum = sum_bytes(sum_word((uint16_t)size, ip[9]), ip + 12, 8);
	return segment_sum_holds(ip + header, size, sum, ip[9]);
}

static bool ip6_sums_hold(const uint8_t *ip)
{
	size_t size = packet_read16(ip + 4);
	const uint8_t *place = ip + 40;
	uint8_t next = ip[6];
	uint16_t sum;

	while (is_extension(next)) {
		if (next == PROTOCOL_FRAGMENT)
			return true;
		next = place[0];
		size -= 8 + place[1] * 8U;
		place += 8 + place[1] * 8U;
	}
	sum = sum_bytes(sum_word((uint16_t)size, next), ip + 8, 32);
	return segment_sum_holds(place, size, sum, next);
}

bool packet_sums_hold(const uint8_t *frame, size_t size)
{
	struct packet_fields fields;
	const struct packet_field *ip;

	packet_read_fields(frame, size, &fields);
	ip = find(&fields, "ip", "version_ihl");
	if (ip)
		return ip4_sums_hold(frame + ip->offset);
	ip = find(&fields, "ip", "version");
	return !ip || ip6_sums_hold(frame + ip->offset);
}
