// SPDX-License-Identifier: BSD-2-Clause
/*
 * A virtual address that somebody else has too: another node, a pod, a backend, this host.
 * Frontends have their ports; every other packet to it goes on as if nothing were here, and
 * none is answered in its holder's name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <string.h>
#include <headgate/endian.h>
#include "rows.h"

static void share_address(struct scene *scene)
{
	struct hg_frontend_key key = { .addr = scene_addr(scene, SERVICE) };
	struct hg_service record;
	uint32_t index;
	int frontends = harness_map(scene->harness, "hg_frontends");

	one_backend_on_the_same_link(scene);
	assert_int_equal(bpf_map_lookup_elem(frontends, &key, &index), 0);
	record = scene_read_service(scene, index);
	record.flags |= HG_SERVICE_SHARED;
	scene_write_service(scene, index, &record);
}

static enum role client_opens_another_port(struct scene *scene, struct packet *packet)
{
	scene_from_client(scene, CLIENT, packet);
	packet->dport = 22;
	return CLIENT;
}

static enum role client_goes_on_at_another_port(struct scene *scene,
						struct packet *packet)
{
	client_opens_another_port(scene, packet);
	packet->flags = TCP_ACK;
	return CLIENT;
}

static void make_echo(const struct scene *scene, struct packet *packet)
{
	scene_from_client(scene, CLIENT, packet);
	packet->protocol = scene->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMP6;
	packet->icmp_type = scene->family == 4 ? 8 : 128;
	packet->icmp_word = 0x12340001;
	packet->payload = 32;
}

static enum role client_pings(struct scene *scene, struct packet *packet)
{
	make_echo(scene, packet);
	return CLIENT;
}

static enum role client_pings_in_parts(struct scene *scene, struct packet *packet)
{
	make_echo(scene, packet);
	packet->payload = 2000;
	packet->fragmented = true;
	packet->id = 7;
	packet->slice = 0;
	packet->slice_size = 1000;
	return CLIENT;
}

static enum role a_part_comes_whose_first_did_not(struct scene *scene,
						  struct packet *packet)
{
	scene_from_client(scene, CLIENT, packet);
	packet->payload = 2000;
	packet->fragmented = true;
	packet->id = 9;
	packet->slice = 1000;
	packet->slice_size = 500;
	return CLIENT;
}

static enum role an_error_comes_for_its_holder(struct scene *scene, struct packet *packet)
{
	static struct packet quote;

	quote = (struct packet){ .family = scene->family,
				 .ttl = 60,
				 .protocol = scene->protocol,
				 .src = scene_addr(scene, SERVICE),
				 .dst = scene_addr(scene, CLIENT),
				 .sport = 50000,
				 .dport = 443,
				 .payload = 20 };
	make_echo(scene, packet);
	packet->payload = 0;
	packet->icmp_type = scene->family == 4 ? 3 : 1;
	packet->icmp_code = scene->family == 4 ? 3 : 4;
	packet->icmp_word = 0;
	packet->quote = &quote;
	return CLIENT;
}

static const struct row rows[] = {
	{ .sentence = "its own port is balanced",
	  .protocols = ROW_TCP | ROW_UDP,
	  .state = share_address,
	  .in = client_opens,
	  .verdict = XDP_TX,
	  .out = reaches_backend_a,
	  .stats = ROW_NEW_FLOW },
	{ .sentence = "another port is left to the holder",
	  .protocols = ROW_TCP | ROW_UDP,
	  .state = share_address,
	  .in = client_opens_another_port,
	  .verdict = XDP_PASS },
	{ .sentence = "a connection of the holder gets no reset",
	  .protocols = ROW_TCP,
	  .state = share_address,
	  .in = client_goes_on_at_another_port,
	  .verdict = XDP_PASS },
	{ .sentence = "echo is the holder's to answer",
	  .protocols = ROW_TCP,
	  .state = share_address,
	  .in = client_pings,
	  .verdict = XDP_PASS },
	{ .sentence = "large echo too",
	  .protocols = ROW_TCP,
	  .state = share_address,
	  .in = client_pings_in_parts,
	  .verdict = XDP_PASS },
	{ .sentence = "a fragment that cannot be placed is left to the holder",
	  .protocols = ROW_UDP,
	  .state = share_address,
	  .in = a_part_comes_whose_first_did_not,
	  .verdict = XDP_PASS },
	{ .sentence = "so is an error about a flow that is not ours",
	  .protocols = ROW_TCP | ROW_UDP,
	  .state = share_address,
	  .in = an_error_comes_for_its_holder,
	  .verdict = XDP_PASS },
};

static void what_no_frontend_claims_is_left_alone(void **state)
{
	assert_int_equal(rows_run(*state, ROWS(rows)), 0);
}

static void who_asks_for_its_card_is_not_answered(void **state)
{
	struct packet packet = { .family = 4, .arp = 1 };
	struct scene scene;

	scene_begin(&scene, *state, 4, PROTOCOL_TCP);
	share_address(&scene);
	packet.src = scene_addr(&scene, ROUTER);
	packet.dst = scene_addr(&scene, SERVICE);
	topology_mac(ROUTER, packet.smac);
	memset(packet.dmac, 0xff, 6);
	scene_send(&scene, CLIENT, &packet);
	assert_true(scene_saw(&scene, "ARP for a shared address", XDP_PASS, &packet));
}

static void who_solicits_it_is_not_answered(void **state)
{
	static const uint8_t group[13] = { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff };
	uint8_t body[24] = { [16] = 1, [17] = 1 };
	struct packet packet = { .family = 6,
				 .ttl = 255,
				 .protocol = PROTOCOL_ICMP6,
				 .icmp_type = 135,
				 .body = body,
				 .payload = 24 };
	struct scene scene;
	struct hg_addr vip;

	scene_begin(&scene, *state, 6, PROTOCOL_TCP);
	share_address(&scene);
	vip = scene_addr(&scene, SERVICE);
	packet.src = scene_addr(&scene, ROUTER);
	memcpy(packet.dst.bytes, group, 13);
	memcpy(packet.dst.bytes + 13, vip.bytes + 13, 3);
	topology_mac(ROUTER, packet.smac);
	memcpy(body, vip.bytes, 16);
	memcpy(body + 18, packet.smac, 6);
	scene_send(&scene, CLIENT, &packet);
	assert_true(
	    scene_saw(&scene, "solicitation of a shared address", XDP_PASS, &packet));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_no_frontend_claims_is_left_alone),
		cmocka_unit_test(who_asks_for_its_card_is_not_answered),
		cmocka_unit_test(who_solicits_it_is_not_answered),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
