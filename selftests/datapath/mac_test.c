// SPDX-License-Identifier: BSD-2-Clause
/*
 * Frames for another machine, that a switch floods or a promiscuous NIC hears: they are the
 * stack's, untouched, uncounted and without an answer, also where a flow of theirs is known: a
 * balancer that was the active one and is the standby now has them all. What is sent to the NIC
 * or to an interface above it is taken, and everything where nobody has told what that is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "answers.h"
#include "rows.h"

static const uint8_t FOREIGN[6] = { 2, 9, 9, 9, 9, 9 };
static const uint8_t VIRTUAL[6] = { 0, 0, 0x5e, 0, 1, 51 }; /* VRRP, RFC 5798 §7.3 */
static const uint8_t EVERYBODY[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t A_GROUP[6] = { 1, 0, 0x5e, 1, 1, 1 };

static void send_to(struct packet *packet, const uint8_t mac[6])
{
	memcpy(packet->dmac, mac, 6);
}

static enum role opening(struct scene *scene, struct packet *packet)
{
	enum role from = client_opens(scene, packet);

	send_to(packet, FOREIGN);
	return from;
}

static enum role going_on(struct scene *scene, struct packet *packet)
{
	enum role from = client_goes_on(scene, packet);

	send_to(packet, FOREIGN);
	return from;
}

static enum role reply(struct scene *scene, struct packet *packet)
{
	enum role from = backend_a_replies(scene, packet);

	send_to(packet, FOREIGN);
	return from;
}

static enum role opening_to_everybody(struct scene *scene, struct packet *packet)
{
	enum role from = client_opens(scene, packet);

	send_to(packet, EVERYBODY);
	return from;
}

static enum role opening_to_a_group(struct scene *scene, struct packet *packet)
{
	enum role from = client_opens(scene, packet);

	send_to(packet, A_GROUP);
	return from;
}

static enum role ping(struct scene *scene, struct packet *packet)
{
	scene_from_client(scene, CLIENT, packet);
	packet->protocol = scene->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMP6;
	packet->icmp_type = scene->family == 4 ? 8 : 128;
	send_to(packet, FOREIGN);
	return CLIENT;
}

static enum role part_of_a_datagram(struct scene *scene, struct packet *packet)
{
	opening(scene, packet);
	packet->payload = 200;
	packet->dont_fragment = false;
	packet->fragmented = true;
	packet->slice = 96;
	packet->extensions = scene->family == 6;
	packet->extension[0] = PROTOCOL_FRAGMENT;
	return CLIENT;
}

static enum role with_its_last_ttl(struct scene *scene, struct packet *packet)
{
	opening(scene, packet);
	packet->ttl = 1;
	return CLIENT;
}

/* To the backend itself, as the client may do beside the Service. */
static enum role directly(struct scene *scene, struct packet *packet)
{
	opening(scene, packet);
	packet->dst = scene_addr(scene, BACKEND_A);
	packet->dport = scene_target_port(scene);
	return CLIENT;
}

static enum role to_a_virtual_mac(struct scene *scene, struct packet *packet)
{
	client_opens(scene, packet);
	send_to(packet, VIRTUAL);
	return CLIENT;
}

/* VRRP's interface is up: the sixth of those above the NIC. */
static void a_virtual_mac(struct scene *scene)
{
	uint8_t macs[HG_MACS_EACH][6] = { { 0 } };

	one_backend_on_the_same_link(scene);
	for (uint8_t i = 1; i < HG_MACS_EACH; i++)
		macs[i][5] = i;
	topology_link_mac(NIC0, macs[0]);
	memcpy(macs[HG_MACS_EACH - 1], VIRTUAL, 6);
	scene_take_macs(scene, NIC0, (const uint8_t(*)[6])macs, HG_MACS_EACH);
}

static void no_mac_is_told(struct scene *scene)
{
	one_backend_on_the_same_link(scene);
	scene_take_macs(scene, NIC0, NULL, 0);
}

/* Its number has the same low bits; this NIC's MACs could not be told. */
static void anothers_macs_are_told(struct scene *scene)
{
	struct hg_macs entry = { .ifindex = topology_ifindex(NIC0) + HG_MACS };

	one_backend_on_the_same_link(scene);
	memcpy(entry.macs, VIRTUAL, 6);
	harness_put_at(scene->harness, "hg_macs", topology_ifindex(NIC0) & (HG_MACS - 1),
		       &entry);
}

/* Of an established flow the first packet of a tick is looked at. */
static void a_flow_of_the_last_tick(struct scene *scene)
{
	an_established_flow(scene);
	scene_age(scene, 1);
}

#define LEFT_ALONE(sentence, protocols, before, packet)                                  \
	{                                                                                \
		sentence, protocols, 0, before, packet, XDP_PASS, .stats = ROW_NOTHING   \
	}

static const struct row rows[] = {
	LEFT_ALONE("a connection to another balancer is not opened here too", ROW_PORTS,
		   one_backend_on_the_same_link, opening),
	LEFT_ALONE("nor one that everybody hears of", ROW_PORTS,
		   one_backend_on_the_same_link, opening_to_everybody),
	LEFT_ALONE("nor one that a group hears of", ROW_PORTS,
		   one_backend_on_the_same_link, opening_to_a_group),
	LEFT_ALONE("nor does it go on here where it is known", ROW_PORTS,
		   a_flow_of_the_last_tick, going_on),
	LEFT_ALONE("nor its reply", ROW_PORTS, a_flow_of_the_last_tick, reply),
	LEFT_ALONE("nor the reply to one that was just opened", ROW_PORTS, an_open_flow,
		   reply),
	LEFT_ALONE("what is not known is not refused", ROW_PORTS, no_endpoints, going_on),
	LEFT_ALONE("nor what has no backend", ROW_PORTS, no_endpoints, opening),
	LEFT_ALONE("nor a part of a datagram", ROW_UDP, one_backend_on_the_same_link,
		   part_of_a_datagram),
	LEFT_ALONE("nor the last TTL", ROW_PORTS, one_backend_on_the_same_link,
		   with_its_last_ttl),
	LEFT_ALONE("a ping of another balancer is not answered", ROW_TCP,
		   one_backend_on_the_same_link, ping),
	{ "frames to a virtual MAC above the NIC are taken", ROW_PORTS, 0, a_virtual_mac,
	  to_a_virtual_mac, XDP_TX, reaches_backend_a, .stats = ROW_NEW_FLOW },
	LEFT_ALONE("without it they are not", ROW_PORTS, one_backend_on_the_same_link,
		   to_a_virtual_mac),
	{ "where no MAC is told all frames are taken", ROW_PORTS, 0, no_mac_is_told,
	  opening, XDP_TX, reaches_backend_a, .stats = ROW_NEW_FLOW },
	{ "also where another's are told", ROW_PORTS, 0, anothers_macs_are_told, opening,
	  XDP_TX, reaches_backend_a, .stats = ROW_NEW_FLOW },
	LEFT_ALONE("but never what everybody hears of", ROW_PORTS, no_mac_is_told,
		   opening_to_everybody),
};

static void frames_for_others_are_left_alone(void **state)
{
	assert_int_equal(rows_run(*state, ROWS(rows)), 0);
}

/* It would take the source port from a flow that has ended; see port_give_back(). */
static void what_others_open_ends_no_flow(void **state)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct scene scene;
		struct packet packet;
		struct hg_addr addr;
		unsigned before;

		scene_begin(&scene, *state, family, PROTOCOL_UDP);
		scene_add_service(
		    &scene, &(struct scene_service){ .flags = HG_SERVICE_NAT,
						     .backend_flags = HG_BACKEND_NAT,
						     .endpoint = { BACKEND_A } });
		addr = scene_addr(&scene, BACKEND_A);
		scene_mark_ours(&scene, &addr);
		scene_from_client(&scene, CLIENT, &packet);
		scene_send(&scene, CLIENT, &packet);
		before = scene_count_live(scene.harness->embryos);
		assert_int_equal(before, 2);
		directly(&scene, &packet);
		scene_send(&scene, CLIENT, &packet);
		assert_true(scene_saw(&scene, "a frame for another", XDP_PASS, &packet));
		assert_int_equal(scene_count_live(scene.harness->embryos), before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_for_others_are_left_alone),
		cmocka_unit_test(what_others_open_ends_no_flow),
	};

	return cmocka_run_group_tests(tests, rows_open, rows_close);
}
