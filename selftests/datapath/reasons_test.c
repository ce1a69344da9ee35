// SPDX-License-Identifier: BSD-2-Clause
/*
 * Every reason is produced, by name, from the list itself: a new row in reasons.h without
 * a case here fails. Each case runs over both families where the reason has one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "reasons_policy.h"
#include "rows.h"

static void send_opening(struct scene *scene, enum role client,
			 void (*edit)(struct scene *, struct packet *))
{
	struct packet packet;

	scene_from_client(scene, client, &packet);
	if (edit)
		edit(scene, &packet);
	scene_send(scene, client, &packet);
}

static void produce_malformed(struct scene *scene)
{
	uint8_t frame[FRAME_ROOM];
	struct packet packet;
	size_t size;

	one_backend_on_the_same_link(scene);
	scene_from_client(scene, CLIENT, &packet);
	packet.tcp_options = 0;
	size = packet_build(&packet, frame);
	frame[14 + (scene->family == 4 ? 20 : 40) + 12] =
	    0x40; /* 16 bytes of TCP header */
	scene_send_frame(scene, CLIENT, frame, size);
}

static void a_dozen_headers(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->extensions = 12;
	memset(packet->extension, PROTOCOL_DESTINATION, 12);
}

static void produce_extension_headers(struct scene *scene)
{
	one_backend_on_the_same_link(scene);
	send_opening(scene, CLIENT, a_dozen_headers);
}

static void tunnelled(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->protocol = 47;
	packet->payload = 40;
}

static void produce_protocol(struct scene *scene)
{
	one_backend_on_the_same_link(scene);
	send_opening(scene, CLIENT, tunnelled);
}

static void to_another_port(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->dport = 81;
}

static void produce_no_service(struct scene *scene)
{
	one_backend_on_the_same_link(scene);
	send_opening(scene, CLIENT, to_another_port);
}

static void produce_no_backend(struct scene *scene)
{
	no_endpoints(scene);
	send_opening(scene, CLIENT, NULL);
}

static void produce_no_local_backend(struct scene *scene)
{
	scene_add_service(scene, &(struct scene_service){ .flags = HG_SERVICE_NO_LOCAL });
	send_opening(scene, CLIENT, NULL);
}

static void produce_outside_cluster(struct scene *scene)
{
	scene_add_service(scene, &(struct scene_service){ .flags = HG_SERVICE_INSIDE_ONLY,
							  .endpoint = { BACKEND_A } });
	send_opening(scene, CLIENT, NULL);
}

static void produce_source_range(struct scene *scene)
{
	scene_add_service(scene,
			  &(struct scene_service){ .flags = HG_SERVICE_SOURCE_RANGES,
						   .endpoint = { BACKEND_A } });
	send_opening(scene, CLIENT, NULL);
}

static void inside_a_connection(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->flags = TCP_ACK;
}

static void produce_no_flow(struct scene *scene)
{
	one_backend_on_the_same_link(scene);
	send_opening(scene, CLIENT, inside_a_connection);
}

/* Every line of the main table is a connection just seen: nothing can grow up. */
static void produce_flow_table_full(struct scene *scene)
{
	struct hg_flow line = { .ctl = HG_FLOW_LIVE | HG_FLOW_SYN | HG_FLOW_ACK,
				.partner = HG_FLOW_PARTNER_NONE,
				.backend = 1,
				.seen = harness_tick() };

	one_backend_on_the_same_link(scene);
	line.key.protocol = PROTOCOL_TCP;
	for (uint32_t i = 0; i < HARNESS_LINES; i++) {
		line.key.src.words[3] = i;
		line.key.ports = i * 2654435761U;
		scene->harness->flows[i] = line;
		scene->harness->flows[i].reach = HG_FLOW_WINDOW - 1;
	}
	(void)scene_establish(scene, CLIENT, BACKEND_A);
}

static void produce_flow_contended(struct scene *scene)
{
	one_backend_on_the_same_link(scene);
	for (uint32_t i = 0; i < HG_LOCKS; i++)
		scene->harness->locks[i] =
		    hg_lock_holder(harness_tick(), HG_LOCK_SWEEPER);
	send_opening(scene, CLIENT, NULL);
}

/* Four ports (see narrow_open), four connections: a fifth client finds none. */
static void produce_snat_ports(struct scene *scene)
{
	struct packet packet;

	one_backend_on_the_same_link(scene);
	for (uint16_t i = 0; i < 5; i++) {
		scene_from_client(scene, CLIENT, &packet);
		packet.sport = 1000 + i;
		scene_send(scene, CLIENT, &packet);
		scene_from_backend(scene, BACKEND_A, &packet);
		scene_send(scene, BACKEND_A, &packet);
		scene_from_client(scene, CLIENT, &packet);
		packet.sport = 1000 + i;
		packet.flags = TCP_ACK;
		scene_send(scene, CLIENT, &packet);
	}
}

static void produce_sctp_port(struct scene *scene)
{
	scene->protocol = PROTOCOL_SCTP;
	one_backend_on_the_same_link(scene);
	if (scene_establish(scene, CLIENT, BACKEND_A))
		send_opening(scene, OTHER_CLIENT, NULL);
}

static void with_its_last_ttl(struct scene *scene, struct packet *packet)
{
	(void)scene;
	packet->ttl = 1;
}

static void produce_ttl_expired(struct scene *scene)
{
	one_backend_on_the_same_link(scene);
	send_opening(scene, CLIENT, with_its_last_ttl);
}

static void long_segment(struct scene *scene, struct packet *packet)
{
	inside_a_connection(scene, packet);
	packet->payload = 1600;
}

static void produce_too_big(struct scene *scene)
{
	an_established_flow(scene);
	send_opening(scene, CLIENT, long_segment);
}

static void later_fragment(struct scene *scene, struct packet *packet)
{
	packet->payload = 200;
	packet->fragmented = true;
	packet->slice = 96;
	packet->extensions = scene->family == 6;
	packet->extension[0] = PROTOCOL_FRAGMENT;
}

static void produce_fragment(struct scene *scene)
{
	one_backend_on_the_same_link(scene);
	send_opening(scene, CLIENT, later_fragment);
}

static void error_about_nothing(struct scene *scene, struct packet *packet)
{
	static struct packet quote;

	quote = *packet;
	quote.src = packet->dst;
	quote.dst = packet->src;
	packet->protocol = scene->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMP6;
	packet->icmp_type = scene->family == 4 ? 3 : 1;
	packet->quote = &quote;
	packet->quote_size = 8;
}

static void produce_icmp_unplaced(struct scene *scene)
{
	one_backend_on_the_same_link(scene);
	send_opening(scene, CLIENT, error_about_nothing);
}

static void produce_no_route(struct scene *scene)
{
	struct hg_backend backend;

	one_backend_on_the_same_link(scene);
	backend = scene_read_backend(scene, 1);
	backend.addr = scene_addr(scene, LOST_CLIENT);
	backend.hop = 0;
	backend.flags |= HG_BACKEND_UNREACHABLE;
	scene_write_backend(scene, 1, &backend);
	send_opening(scene, CLIENT, NULL);
}

static void produce_backend_gone(struct scene *scene)
{
	struct hg_backend backend;

	an_established_flow(scene);
	backend = scene_read_backend(scene, 1);
	backend.generation++;
	scene_write_backend(scene, 1, &backend);
	send_opening(scene, CLIENT, inside_a_connection);
}

/* One answer per tick (see narrow_open): of twenty refusals most get none. */
static void produce_answer_withheld(struct scene *scene)
{
	no_endpoints(scene);
	for (int i = 0; i < 20; i++)
		send_opening(scene, CLIENT, NULL);
}

/* The frontend already names a record that is being written for another address. */
static void produce_table_changing(struct scene *scene)
{
	struct hg_service service;

	one_backend_on_the_same_link(scene);
	service = scene_read_service(scene, scene->services);
	service.addr = scene_addr(scene, OTHER_SERVICE);
	scene_write_service(scene, scene->services, &service);
	send_opening(scene, CLIENT, NULL);
}

/* State of before the control process knew: the virtual address is its own endpoint. */
static void produce_vip_loop(struct scene *scene)
{
	struct hg_backend backend;

	one_backend_on_the_same_link(scene);
	backend = scene_read_backend(scene, 1);
	backend.addr = backend.vip;
	backend.port = backend.vport;
	scene_write_backend(scene, 1, &backend);
	send_opening(scene, CLIENT, NULL);
}

enum which { USUAL, NARROW, WHICHS };

struct producer {
	void (*produce)(struct scene *scene);
	enum which harness;
	uint8_t family; /* 0: both */
};

static const struct producer producers[HG_REASON_END] = {
	[HG_REASON_malformed] = { produce_malformed, USUAL, 0 },
	[HG_REASON_extension_headers] = { produce_extension_headers, USUAL, 6 },
	[HG_REASON_protocol] = { produce_protocol, USUAL, 0 },
	[HG_REASON_no_service] = { produce_no_service, USUAL, 0 },
	[HG_REASON_no_backend] = { produce_no_backend, USUAL, 0 },
	[HG_REASON_no_local_backend] = { produce_no_local_backend, USUAL, 0 },
	[HG_REASON_outside_cluster] = { produce_outside_cluster, USUAL, 0 },
	[HG_REASON_source_range] = { produce_source_range, USUAL, 0 },
	[HG_REASON_no_flow] = { produce_no_flow, USUAL, 0 },
	[HG_REASON_flow_table_full] = { produce_flow_table_full, USUAL, 0 },
	[HG_REASON_flow_contended] = { produce_flow_contended, USUAL, 0 },
	[HG_REASON_snat_ports] = { produce_snat_ports, NARROW, 0 },
	[HG_REASON_sctp_port] = { produce_sctp_port, USUAL, 0 },
	[HG_REASON_ttl_expired] = { produce_ttl_expired, USUAL, 0 },
	[HG_REASON_too_big] = { produce_too_big, USUAL, 0 },
	[HG_REASON_fragment] = { produce_fragment, USUAL, 0 },
	[HG_REASON_icmp_unplaced] = { produce_icmp_unplaced, USUAL, 0 },
	[HG_REASON_no_route] = { produce_no_route, USUAL, 0 },
	[HG_REASON_backend_gone] = { produce_backend_gone, USUAL, 0 },
	[HG_REASON_answer_withheld] = { produce_answer_withheld, NARROW, 0 },
	[HG_REASON_table_changing] = { produce_table_changing, USUAL, 0 },
	[HG_REASON_policy_egress] = { produce_policy_egress, USUAL, 0 },
	[HG_REASON_policy_ingress] = { produce_policy_ingress, USUAL, 0 },
	[HG_REASON_policy_protocol] = { produce_policy_protocol, USUAL, 0 },
	[HG_REASON_policy_fragment] = { produce_policy_fragment, USUAL, 0 },
	[HG_REASON_policy_icmp] = { produce_policy_icmp, USUAL, 0 },
	[HG_REASON_policy_malformed] = { produce_policy_malformed, USUAL, 0 },
	[HG_REASON_spoofed_source] = { produce_spoofed_source, USUAL, 0 },
	[HG_REASON_vip_loop] = { produce_vip_loop, USUAL, 0 },
};

static struct harness harnesses[WHICHS];

static int open_both(void **state)
{
	struct hg_config config = harness_config();

	(void)state;
	topology_enter();
	if (harness_open(&config, &harnesses[USUAL]) < 0)
		return -1;
	config.port_last = config.port_first + 3;
	config.answers_per_tick = 1;
	return harness_open(&config, &harnesses[NARROW]);
}

static int close_both(void **state)
{
	(void)state;
	for (int i = 0; i < WHICHS; i++)
		harness_close(&harnesses[i]);
	return 0;
}

static bool is_produced(uint32_t reason, const char *name)
{
	const struct producer *producer = &producers[reason];
	bool fine = true;
	struct scene scene;

	if (!producer->produce) {
		print_error("reason %s: no test produces it\n", name);
		return false;
	}
	for (uint8_t family = 4; family <= 6; family += 2) {
		if (producer->family && producer->family != family)
			continue;
		scene_begin(&scene, &harnesses[producer->harness], family, PROTOCOL_TCP);
		producer->produce(&scene);
		if (harness_reason(scene.harness, reason))
			continue;
		print_error("reason %s: not counted (v%u; last verdict %u)\n", name,
			    family, scene.run.verdict);
		fine = false;
	}
	return fine;
}

static void every_reason_is_produced(void **state)
{
	unsigned failed = 0;

	(void)state;
#define REASONS_TRY(number, name, sentence) failed += !is_produced(number, #name);
	HG_REASONS(REASONS_TRY)
#undef REASONS_TRY
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_is_produced),
	};

	return cmocka_run_group_tests(tests, open_both, close_both);
}
