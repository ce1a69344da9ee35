// SPDX-License-Identifier: BSD-2-Clause
/*
 * Packets as the world sends them: tags, options, extension headers, padding, the last
 * TTL, and frames cut anywhere. Whatever the shape, what is ours is translated and keeps
 * its shape; what is not ours leaves as it came, byte for byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "answers.h"
#include "rows.h"

static enum role tagged_once(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->vlans = 1;
	packet->vlan[0] = 0x6064;
	return CLIENT;
}

static enum role tagged_twice(struct scene *scene, struct packet *packet)
{
	tagged_once(scene, packet);
	packet->vlans = 2;
	packet->vlan[1] = 0x0065;
	return CLIENT;
}

static enum role with_four_bytes_of_options(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->options = 4;
	return CLIENT;
}

static enum role with_all_options(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->options = 40;
	return CLIENT;
}

static enum role with_hop_by_hop(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->extensions = 1;
	packet->extension[0] = PROTOCOL_HOPOPTS;
	return CLIENT;
}

static enum role with_every_extension(struct scene *scene, struct packet *packet)
{
	with_hop_by_hop(scene, packet);
	packet->extensions = 4;
	packet->extension[1] = PROTOCOL_DESTINATION;
	packet->extension[2] = PROTOCOL_ROUTING;
	packet->extension[3] = PROTOCOL_DESTINATION;
	return CLIENT;
}

static enum role with_a_dozen_extensions(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->extensions = 12;
	memset(packet->extension, PROTOCOL_DESTINATION, 12);
	return CLIENT;
}

static enum role a_dozen_extensions_for_a_stranger(struct scene *scene,
						   struct packet *packet)
{
	with_a_dozen_extensions(scene, packet);
	packet->dst = scene_addr(scene, STRANGER);
	return CLIENT;
}

static enum role padded(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->payload = 1;
	packet->tcp_options = 0;
	packet->padding = 17;
	return CLIENT;
}

static enum role tagged_padded_with_options(struct scene *scene, struct packet *packet)
{
	tagged_twice(scene, packet);
	packet->options = 24;
	packet->padding = 3;
	packet->payload = 33;
	if (scene->family == 6)
		with_every_extension(scene, packet);
	return CLIENT;
}

static enum role without_udp_checksum(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->no_checksum = true;
	return CLIENT;
}

static enum role with_ttl_two(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->ttl = 2;
	return CLIENT;
}

static enum role with_ttl_one(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->ttl = 1;
	return CLIENT;
}

static enum role with_ttl_one_for_a_stranger(struct scene *scene, struct packet *packet)
{
	packet->ttl = 1;
	packet->dst = scene_addr(scene, STRANGER);
	return CLIENT;
}

/* The receiver must still notice: the sum stays wrong by the same amount. */
static enum role damaged(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->check_damage = 0x1d0f;
	return CLIENT;
}

static enum role everything_for_a_stranger(struct scene *scene, struct packet *packet)
{
	tagged_padded_with_options(scene, packet);
	packet->dst = scene_addr(scene, STRANGER);
	return CLIENT;
}

static enum role tagged_thrice(struct scene *scene, struct packet *packet)
{
	tagged_twice(scene, packet);
	packet->vlans = 3;
	packet->vlan[2] = 0x0066;
	return CLIENT;
}

static enum role another_ethertype(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->ethertype = 0x88cc;
	return CLIENT;
}

static void wide_links(struct scene *scene)
{
	struct hg_hop hop;

	one_backend_on_the_same_link(scene);
	hop = scene_read_hop(scene, scene_hop(scene, BACKEND_A));
	hop.mtu = 9000;
	scene_write_hop(scene, scene_hop(scene, BACKEND_A), &hop);
}

static enum role with_a_jumbo_payload(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->payload = 8800;
	return CLIENT;
}

#define OPENS(sentence, protocols, family, shape)                                        \
	{                                                                                \
		sentence, protocols, family, one_backend_on_the_same_link, shape,        \
		    XDP_TX, reaches_backend_a, .stats = ROW_NEW_FLOW                     \
	}
#define PASSES(sentence, protocols, family, shape)                                       \
	{                                                                                \
		sentence, protocols, family, one_backend_on_the_same_link, shape,        \
		    XDP_PASS, .stats = ROW_NOTHING                                       \
	}

static const struct row rows[] = {
	OPENS("a tagged packet keeps its tag", ROW_PORTS, 0, tagged_once),
	OPENS("a packet tagged twice keeps its tags", ROW_PORTS, 0, tagged_twice),
	OPENS("an IPv4 option stays", ROW_PORTS, ROW_V4, with_four_bytes_of_options),
	OPENS("40 bytes of IPv4 options stay", ROW_PORTS, ROW_V4, with_all_options),
	OPENS("a hop-by-hop header stays", ROW_PORTS, ROW_V6, with_hop_by_hop),
	OPENS("extension headers stay", ROW_PORTS, ROW_V6, with_every_extension),
	OPENS("Ethernet padding stays", ROW_PORTS, 0, padded),
	OPENS("tags, options and padding together", ROW_PORTS, 0,
	      tagged_padded_with_options),
	OPENS("UDP over IPv4 without checksum stays without", ROW_UDP, ROW_V4,
	      without_udp_checksum),
	OPENS("the TTL before the last is enough", ROW_PORTS, 0, with_ttl_two),
	OPENS("a damaged packet stays as damaged as it was", ROW_TCP | ROW_UDP, 0,
	      damaged),
	{ "the last TTL ends here", ROW_PORTS, 0, one_backend_on_the_same_link,
	  with_ttl_one, XDP_TX, answered_time_exceeded, .reason = HG_REASON_ttl_expired },
	{ "too many extension headers are refused", ROW_PORTS, ROW_V6,
	  one_backend_on_the_same_link, with_a_dozen_extensions, XDP_DROP,
	  .reason = HG_REASON_extension_headers },
	{ "a jumbo frame is one packet", ROW_PORTS, 0, wide_links, with_a_jumbo_payload,
	  XDP_TX, reaches_backend_a, .stats = ROW_NEW_FLOW },
	PASSES("a stranger's extension headers pass", ROW_PORTS, ROW_V6,
	       a_dozen_extensions_for_a_stranger),
	PASSES("a stranger's last TTL passes", ROW_PORTS, 0, with_ttl_one_for_a_stranger),
	PASSES("a stranger's packet passes in any shape", ROW_PORTS, 0,
	       everything_for_a_stranger),
	PASSES("three tags are not ours to read", ROW_PORTS, 0, tagged_thrice),
	PASSES("another ethertype passes", ROW_TCP, 0, another_ethertype),
};

static void shape_is_kept(void **state)
{
	assert_int_equal(rows_run(*state, ROWS(rows)), 0);
}

static uint64_t refused(const struct harness *harness)
{
	uint64_t sum = 0;

	for (uint32_t i = 1; i < HG_REASON_END; i++)
		sum += harness_reason(harness, i);
	return sum;
}

/* Every length from an Ethernet header on: dropped with a reason or left alone. */
static void cut_everywhere(struct scene *scene, const uint8_t *frame, size_t whole)
{
	const struct run *run = &scene->run;

	for (size_t size = 14; size < whole; size++) {
		uint64_t before = refused(scene->harness);

		scene_send_frame(scene, CLIENT, frame, size);
		if (run->verdict == XDP_PASS) {
			assert_int_equal(run->out_size, size);
			assert_memory_equal(run->out, frame, size);
			continue;
		}
		assert_int_equal(run->verdict, XDP_DROP);
		assert_int_equal(refused(scene->harness), before + 1);
	}
	assert_int_equal(scene_count_live(scene->harness->embryos), 0);
}

static void truncated_packet_is_never_forwarded(void **state)
{
	static const uint8_t protocols[] = { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP };
	uint8_t frame[FRAME_ROOM];
	struct scene scene;
	struct packet packet;

	for (int i = 0; i < 12; i++) {
		scene_begin(&scene, *state, i & 1 ? 6 : 4, protocols[i / 2 % 3]);
		one_backend_on_the_same_link(&scene);
		scene_from_client(&scene, CLIENT, &packet);
		if (i >= 6)
			tagged_padded_with_options(&scene, &packet);
		packet.padding = 0;
		cut_everywhere(&scene, frame, packet_build(&packet, frame));
	}
}

static void truncated_stranger_passes(void **state)
{
	uint8_t frame[FRAME_ROOM];
	struct scene scene;
	struct packet packet;

	for (int i = 0; i < 2; i++) {
		size_t whole;

		scene_begin(&scene, *state, i ? 6 : 4, PROTOCOL_TCP);
		one_backend_on_the_same_link(&scene);
		scene_from_client(&scene, CLIENT, &packet);
		everything_for_a_stranger(&scene, &packet);
		whole = packet_build(&packet, frame);
		for (size_t size = 14; size < whole; size++) {
			scene_send_frame(&scene, CLIENT, frame, size);
			assert_int_equal(scene.run.verdict, XDP_PASS);
			assert_memory_equal(scene.run.out, frame, size);
		}
		assert_int_equal(refused(*state), 0);
	}
}

/* One wrong byte anywhere in the headers: no crash, no abort, and no drop uncounted. */
static void corrupted_packet_is_judged(void **state)
{
	uint8_t frame[FRAME_ROOM];
	struct scene scene;
	struct packet packet;

	for (int i = 0; i < 4; i++) {
		size_t whole;

		scene_begin(&scene, *state, i & 1 ? 6 : 4,
			    i & 2 ? PROTOCOL_UDP : PROTOCOL_TCP);
		one_backend_on_the_same_link(&scene);
		scene_from_client(&scene, CLIENT, &packet);
		whole = packet_build(&packet, frame);
		for (size_t j = 0; j < whole * 8 && j < 80UL * 8; j++) {
			uint64_t before = refused(*state);

			frame[j / 8] ^= (uint8_t)(1 << j % 8);
			scene_send_frame(&scene, CLIENT, frame, whole);
			frame[j / 8] ^= (uint8_t)(1 << j % 8);
			assert_int_not_equal(scene.run.verdict, XDP_ABORTED);
			if (scene.run.verdict == XDP_DROP)
				assert_int_equal(refused(*state), before + 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shape_is_kept),
		cmocka_unit_test(truncated_packet_is_never_forwarded),
		cmocka_unit_test(truncated_stranger_passes),
		cmocka_unit_test(corrupted_packet_is_judged),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
