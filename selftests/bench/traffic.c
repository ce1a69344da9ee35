// SPDX-License-Identifier: BSD-2-Clause
#include "traffic.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <headgate/endian.h>

#include "../../control/lib/addr.h"

#define SEQUENCE                                                                         \
	0x11223344U /* of the client's SYN; the backend's is the other way round */
#define BACK	   0x55667788U
#define CHUNK	   4096U /* flows opened at a time: a sixteenth of hg_embryos */
#define PASSES	   6
#define FIRST_PORT 1024U
#define HIGH_PORTS 20000U

/* xorshift64: an order, not a secret. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void shuffle(struct hg_flow_key *keys, uint32_t count)
{
	uint64_t state = 0x9e3779b97f4a7c15ULL;

	for (uint32_t i = count; i > 1; i--) {
		uint32_t other = (uint32_t)(next_random(&state) % i);
		struct hg_flow_key key = keys[i - 1];

		keys[i - 1] = keys[other];
		keys[other] = key;
	}
}

/* How many addresses clients have; see world_client(). */
static uint32_t clients_of(const struct world_options *options)
{
	if (options->pods)
		return 1;
	if (options->guard.peers)
		return guard_clients(&options->guard);
	return 126;
}

void traffic_invent(struct traffic *traffic, const struct world *world,
		    const struct invention *invention)
{
	const struct world_options *options = &world->options;
	uint32_t count = invention->count;

	*traffic = (struct traffic){ .count = count };
	traffic->clients = calloc(count, sizeof(*traffic->clients));
	traffic->replies = calloc(count, sizeof(*traffic->replies));
	if (!traffic->clients || !traffic->replies)
		give_up("out of memory for %u flows", count);
	for (uint32_t i = 0; i < count; i++) {
		struct hg_flow_key *key = &traffic->clients[i];

		key->src = options->pods ? topology_addr(POD_A, options->family)
					 : world_client(world, i, invention->high);
		key->dst = world_vip(world, i % invention->services);
		key->sport = be16((uint16_t)(FIRST_PORT + i / clients_of(options) +
					     (invention->high ? HIGH_PORTS : 0)));
		key->dport = be16(WORLD_SERVICE_PORT);
		key->protocol = options->protocol;
	}
	shuffle(traffic->clients, count);
}

void traffic_free(struct traffic *traffic)
{
	free(traffic->clients);
	free(traffic->replies);
}

static uint8_t flags_of(enum kind kind)
{
	switch (kind) {
	case KIND_SYN:
		return TCP_SYN;
	case KIND_SYN_ACK:
		return TCP_SYN | TCP_ACK;
	case KIND_RST:
		return TCP_RST;
	default:
		return TCP_ACK;
	}
}

static void describe(enum kind kind, const struct hg_flow_key *key, struct packet *ret)
{
	bool from_backend = kind == KIND_SYN_ACK;
	struct packet packet = {
		.family = addr_is_v4(&key->src) ? 4 : 6,
		.src = key->src,
		.dst = key->dst,
		.ttl = 64,
		.dont_fragment = true,
		.protocol = key->protocol,
		.sport = host16(key->sport),
		.dport = host16(key->dport),
		.seq = from_backend ? BACK : SEQUENCE + 1,
		.ack = from_backend ? SEQUENCE + 1 : BACK + 1,
		.flags = flags_of(kind),
		.window = 64240,
		.payload = key->protocol == PROTOCOL_UDP ? 24 : 0,
	};

	if (kind == KIND_SYN)
		packet.seq = SEQUENCE;
	topology_mac(ROUTER, packet.smac);
	topology_link_mac(NIC0, packet.dmac);
	*ret = packet;
}

/* The frame of a kind; packets that differ in more than a key are edited here. */
static void describe_kind(enum kind kind, const struct hg_flow_key *key,
			  struct packet *quote, struct packet *ret)
{
	struct hg_flow_key reversed = { .src = key->dst,
					.dst = key->src,
					.sport = key->dport,
					.dport = key->sport,
					.protocol = key->protocol };

	describe(kind, key, ret);
	if (kind == KIND_FRAGMENT) {
		ret->dont_fragment = false;
		ret->fragmented = true;
		ret->slice = 8;
		ret->slice_size = 8;
		ret->payload = 24;
		ret->id = 1;
	}
	if (kind == KIND_NO_IP)
		ret->ethertype = 0x88cc; /* LLDP */
	if (kind == KIND_ECHO) {
		ret->protocol = ret->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMP6;
		ret->icmp_type = ret->family == 4 ? 8 : 128;
	}
	if (kind != KIND_ICMP_ERROR)
		return;
	/* From the router on the way to the backend, to whom its sender seems to be. */
	describe(KIND_ACK, &reversed, quote);
	ret->src = topology_addr(ROUTER, ret->family);
	ret->protocol = ret->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMP6;
	ret->icmp_type = ret->family == 4 ? 3 : 1;
	ret->icmp_code = ret->family == 4 ? 1 : 3;
	ret->quote = quote;
	ret->quote_size = 8;
}

/* Where packets of a kind differ: source, destination, ports (see restore.h). */
static void find_offsets(enum kind kind, uint8_t family,
			 uint32_t ret_offset[RESTORE_DIFFER])
{
	static const uint32_t headers[2][2][RESTORE_DIFFER] = {
		{ { 22, 30, 30 }, { 30, 46, 54 } },
		{ { 54, 62, 22 }, { 78, 94, 102 } }, /* inside the quote */
	};

	memcpy(ret_offset, headers[kind == KIND_ICMP_ERROR][family == 6],
	       sizeof(headers[0][0]));
}

void traffic_list(struct stage *stage, enum kind kind, const struct hg_flow_key *keys,
		  uint32_t count)
{
	uint32_t offset[RESTORE_DIFFER];
	struct packet packet, quote;

	for (uint32_t i = 0; i < count; i++) {
		describe_kind(kind, &keys[i], &quote, &packet);
		if (i == 0) {
			find_offsets(kind, packet.family, offset);
			stage_begin(stage, &packet, offset);
		}
		stage_set(stage, i, &packet);
	}
	stage_rewind(stage);
}

enum kind traffic_follow_up(const struct world *world)
{
	return world->options.protocol == PROTOCOL_UDP ? KIND_DATAGRAM : KIND_ACK;
}

uint32_t traffic_read_replies(const struct hg_flow *lines, uint32_t line_count,
			      const struct world *world, struct hg_flow_key *ret_keys,
			      uint32_t room)
{
	struct hg_addr ours = topology_addr(OURS, world->options.family);
	uint32_t count = 0;

	for (uint32_t i = 0; i < line_count && count < room; i++) {
		const struct hg_flow *line = &lines[i];

		if ((line->ctl & HG_FLOW_STATE) != HG_FLOW_LIVE ||
		    !(line->ctl & HG_FLOW_REPLY))
			continue;
		ret_keys[count] = line->key;
		if (line->key.snat)
			ret_keys[count].dst = ours;
		ret_keys[count++].snat = 0;
	}
	return count;
}

void traffic_age_embryos(struct world *world)
{
	for (uint32_t i = 0; i < world->embryo_lines; i++)
		if (world->embryos[i].key.protocol == IPPROTO_UDP)
			hg_flow_set_proof(&world->embryos[i],
					  hg_flow_proof(&world->embryos[i]) -
					      HG_TICKS(2) - 1);
}

/* Open the next flows in both directions, and prove them. */
static void open_chunk(struct world *world, struct stage *stage,
		       const struct hg_flow_key *clients, uint32_t count)
{
	static struct hg_flow_key replies[4 * CHUNK];
	bool is_udp = world->options.protocol == PROTOCOL_UDP;
	enum hook hook = world->options.pods ? HOOK_TC : HOOK_XDP;
	uint32_t answers;
	int subject = stage->harness[hook][SLOT_SUBJECT];

	traffic_list(stage, is_udp ? KIND_DATAGRAM : KIND_SYN, clients, count);
	stage_run(stage, subject, count, count, ANY_VERDICT);
	answers = traffic_read_replies(world->embryos, world->embryo_lines, world,
				       replies, 4 * CHUNK);
	if (answers) {
		traffic_list(stage, is_udp ? KIND_DATAGRAM : KIND_SYN_ACK, replies,
			     answers);
		stage_run(stage, subject, answers, answers, ANY_VERDICT);
	}
	if (is_udp)
		traffic_age_embryos(world);
	traffic_list(stage, traffic_follow_up(world), clients, count);
	stage_run(stage, subject, count, count, ANY_VERDICT);
}

/*
 * Embryonic flows may push each other out: whoever is not in the table after a pass is
 * opened again by the next; for those that are, another SYN changes nothing.
 */
void traffic_establish(struct traffic *traffic, struct world *world, struct stage *stage)
{
	uint32_t found = 0;

	for (int pass = 0; pass < PASSES && found < traffic->count; pass++) {
		for (uint32_t done = 0; done < traffic->count; done += CHUNK) {
			uint32_t left = traffic->count - done;

			open_chunk(world, stage, traffic->clients + done,
				   left < CHUNK ? left : CHUNK);
		}
		found = traffic_read_replies(world->flows, world->lines, world,
					     traffic->replies, traffic->count);
	}
	if (found < traffic->count)
		give_up("only %u of %u flows were established", found, traffic->count);
	shuffle(traffic->replies, traffic->count);
}
