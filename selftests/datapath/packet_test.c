// SPDX-License-Identifier: BSD-2-Clause
/*
 * The tests' own tool is tested first: what packet_build() builds reads back with every
 * checksum right, its fields lie where the reader finds them, and a difference is named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "packet_build.h"
#include "packet_fields.h"
#include "packet_sum.h"

static struct packet usual(uint8_t family, uint8_t protocol)
{
	struct packet packet = {
		.family = family,
		.protocol = protocol,
		.ttl = 64,
		.sport = 40000,
		.dport = 80,
		.flags = TCP_SYN,
		.payload = 37,
		.pattern = 0x9e3779b9,
		.smac = { 2, 0, 0, 0, 0, 1 },
		.dmac = { 2, 0, 0, 0, 0, 2 },
	};

	packet.src.bytes[15] = 7;
	packet.dst.bytes[15] = 9;
	packet.src.bytes[12] = packet.dst.bytes[12] = 10;
	return packet;
}

static void builder_sums_hold_for_every_shape(void **state)
{
	static const uint8_t protocols[] = { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP,
					     PROTOCOL_ICMP, PROTOCOL_ICMP6 };
	uint8_t frame[FRAME_ROOM];

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof(protocols); i++) {
		struct packet packet = usual(i & 1 ? 6 : 4, protocols[i / 2]);

		for (packet.payload = 0; packet.payload < 130; packet.payload++) {
			size_t size = packet_build(&packet, frame);

			assert_true(packet_sums_hold(frame, size));
			packet.vlans = (uint8_t)(packet.payload % 3);
			packet.options = (uint8_t)(packet.payload % 4 * 4);
			packet.extensions = (uint8_t)(packet.payload % 3);
			packet.extension[0] = PROTOCOL_HOPOPTS;
			packet.extension[1] = PROTOCOL_ROUTING;
		}
	}
}

static void reader_notices_a_damaged_checksum(void **state)
{
	uint8_t frame[FRAME_ROOM];

	(void)state;
	for (unsigned family = 4; family <= 6; family += 2) {
		struct packet packet = usual((uint8_t)family, PROTOCOL_TCP);

		packet.check_damage = 1;
		assert_false(packet_sums_hold(frame, packet_build(&packet, frame)));
	}
}

static void difference_is_named_by_field(void **state)
{
	uint8_t want[FRAME_ROOM], got[FRAME_ROOM];
	char sentence[PACKET_SENTENCE];
	struct packet packet = usual(4, PROTOCOL_TCP);
	size_t size = packet_build(&packet, want);

	(void)state;
	packet_build(&packet, got);
	assert_false(packet_differs(want, size, got, size, sentence));
	got[22]++;
	assert_true(packet_differs(want, size, got, size, sentence));
	assert_non_null(strstr(sentence, "ip.ttl"));
	got[22]--;
	got[50]++;
	assert_true(packet_differs(want, size, got, size, sentence));
	assert_non_null(strstr(sentence, "tcp.check"));
	got[50]--;
	assert_true(packet_differs(want, size, got, size - 1, sentence));
	assert_non_null(strstr(sentence, "payload"));
}

static void fields_read_back(void **state)
{
	uint8_t frame[FRAME_ROOM];
	struct packet inner = usual(6, PROTOCOL_UDP);
	struct packet packet = usual(6, PROTOCOL_ICMP6);
	size_t size;

	(void)state;
	packet.icmp_type = 2;
	packet.icmp_word = 1280;
	packet.quote = &inner;
	packet.quote_size = 8;
	size = packet_build(&packet, frame);
	assert_int_equal(size, 14 + 40 + 8 + 40 + 8);
	assert_int_equal(packet_field_value(frame, size, "icmp", "word"), 1280);
	assert_int_equal(packet_field_value(frame, size, "inner udp", "sport"), 40000);
	assert_int_equal(packet_field_value(frame, size, "inner udp", "dport"), 80);
	assert_int_equal(packet_field_value(frame, size, "tcp", "dport"), -1);
}

/* The worked example of RFC 1071 §3. */
static void sum_is_that_of_the_rfc(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	(void)state;
	assert_int_equal(sum_bytes(0, bytes, sizeof(bytes)), 0xddf2);
}

static void fragment_slices_join_to_the_whole(void **state)
{
	uint8_t whole[FRAME_ROOM], slice[FRAME_ROOM];

	(void)state;
	for (unsigned family = 4; family <= 6; family += 2) {
		struct packet packet = usual((uint8_t)family, PROTOCOL_UDP);
		size_t header = family == 4 ? 20 : 40;
		size_t size, first;

		packet.payload = 100;
		size = packet_build_ip(&packet, whole);
		packet.fragmented = true;
		packet.slice_size = 64;
		packet.extensions = 1;
		packet.extension[0] = PROTOCOL_FRAGMENT;
		first = packet_build_ip(&packet, slice);
		assert_memory_equal(slice + (first - 64), whole + header, 64);
		packet.slice = 64;
		first = packet_build_ip(&packet, slice);
		assert_memory_equal(slice + (family == 4 ? 20 : 48), whole + header + 64,
				    size - header - 64);
		assert_int_equal(first, (family == 4 ? 20 : 48) + size - header - 64);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sum_is_that_of_the_rfc),
		cmocka_unit_test(builder_sums_hold_for_every_shape),
		cmocka_unit_test(reader_notices_a_damaged_checksum),
		cmocka_unit_test(difference_is_named_by_field),
		cmocka_unit_test(fields_read_back),
		cmocka_unit_test(fragment_slices_join_to_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
