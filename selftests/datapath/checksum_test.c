// SPDX-License-Identifier: BSD-2-Clause
/*
 * Incremental checksums against sums from scratch. One 16-bit word of the payload counts
 * through all its values, so the packet's checksum, and with it every carry of the
 * arithmetic, does too; a UDP sum of zero is among them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "rows.h"

static bool word_survives(struct scene *scene, struct packet *packet, uint32_t word)
{
	uint8_t body[4] = { (uint8_t)(word >> 8), (uint8_t)word, 0, 0 };
	struct packet want;

	packet->body = body;
	packet->payload = 4;
	scene_send(scene, CLIENT, packet);
	want = *packet;
	reaches_backend_a(scene, &want);
	return scene_saw(scene, "every checksum of the client is updated", XDP_TX, &want);
}

static void every_carry_towards_the_backend(void **state)
{
	struct scene scene;
	struct packet packet;

	for (int i = 0; i < 4; i++) {
		scene_begin(&scene, *state, i & 1 ? 6 : 4,
			    i & 2 ? PROTOCOL_UDP : PROTOCOL_TCP);
		an_established_flow(&scene);
		client_goes_on(&scene, &packet);
		for (uint32_t word = 0; word < 65536; word++)
			assert_true(word_survives(&scene, &packet, word));
	}
}

static void every_carry_towards_the_client(void **state)
{
	struct scene scene;
	struct packet packet, want;

	for (int i = 0; i < 4; i++) {
		scene_begin(&scene, *state, i & 1 ? 6 : 4,
			    i & 2 ? PROTOCOL_UDP : PROTOCOL_TCP);
		an_established_flow(&scene);
		scene_from_backend(&scene, BACKEND_A, &packet);
		for (uint32_t word = 0; word < 65536; word++) {
			uint8_t body[3] = { (uint8_t)word, (uint8_t)(word >> 8), 0x80 };

			packet.body = body;
			packet.payload = 3;
			scene_send(&scene, BACKEND_A, &packet);
			want = packet;
			reaches_client(&scene, &want);
			assert_true(scene_saw(&scene,
					      "every checksum of the backend is updated",
					      XDP_TX, &want));
		}
	}
}

/* The IPv4 header's own sum: TTL and identifier run through all pairs that matter. */
static void every_header_checksum(void **state)
{
	struct scene scene;
	struct packet packet, want;

	scene_begin(&scene, *state, 4, PROTOCOL_UDP);
	an_established_flow(&scene);
	for (uint32_t id = 0; id < 65536; id++) {
		client_goes_on(&scene, &packet);
		packet.payload = 0;
		packet.id = id;
		packet.ttl = (uint8_t)(2 + id % 254);
		scene_send(&scene, CLIENT, &packet);
		want = packet;
		reaches_backend_a(&scene, &want);
		assert_true(
		    scene_saw(&scene, "every header checksum is updated", XDP_TX, &want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_carry_towards_the_backend),
		cmocka_unit_test(every_carry_towards_the_client),
		cmocka_unit_test(every_header_checksum),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
