// SPDX-License-Identifier: BSD-2-Clause
/*
 * Program runs: what one packet costs the loaded programs on real maps, by scenario,
 * number of flows and number of Services. Names are those of the kernel's xdp_lb_bench
 * where it has the scenario; "lru-hit" is a packet of an established flow.
 *
 *   programs [--flows N,…] [--services N,…] [--repeats N] [--cpu N] [PATTERN…]
 *
 * Progress goes to standard error, rows go to standard output.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <headgate/endian.h>

#include "measure.h"
#include "options.h"
#include "traffic.h"

#define DEFAULT_FLOWS	  131072U /* as headgated's --flows */
#define ENDPOINTS	  10U	  /* of a Service; … */
#define ENDPOINTS_OF_ONE  40U	  /* … of the only one: SNAT ports must suffice */
#define PORTS_PER_BACKEND 8000U
#define FRESH		  65536U /* new flows per repeat, … */
#define FRESH_CHUNK	  4096U	 /* … as many at a time */

#define PASS	    2U
#define DROP	    1U
#define TX	    3U
#define TC_REDIRECT 7U

struct run {
	const struct options *options;
	struct world world;
	struct stage stage;
	struct traffic traffic;
	uint32_t flows;
};

static const char *name_of(const struct run *run, const char *format, char name[48])
{
	snprintf(name, 48, format,
		 run->world.options.protocol == PROTOCOL_UDP ? "udp" : "tcp",
		 (unsigned)run->world.options.family);
	return name;
}

static struct scenario scenario_of(const struct run *run, const char *name)
{
	return (struct scenario){ name, run->world.options.services, run->flows };
}

/* A list of established flows, or of packets that have none. */
static void measure_keys(struct run *run, const char *format, enum kind kind,
			 const struct hg_flow_key *keys, uint32_t verdict)
{
	char name[48];
	struct scenario scenario = scenario_of(run, name_of(run, format, name));
	const struct subject subject = {
		.hook = run->world.options.pods ? HOOK_TC : HOOK_XDP,
		.count = run->traffic.count,
		.verdict = verdict,
		.repeats = run->options->repeats,
		.yardsticks = kind == traffic_follow_up(&run->world) && verdict >= TX,
	};
	uint64_t refused = world_refused(&run->world);

	if (!measure_wants(name))
		return;
	traffic_list(&run->stage, kind, keys, run->traffic.count);
	measure_list(&run->stage, &scenario, &subject);
	refused = world_refused(&run->world) - refused;
	if ((verdict == DROP) != (refused > 0))
		give_up("%s: %llu packets were refused", name,
			(unsigned long long)refused);
}

static void learn(struct run *run)
{
	const struct hg_flow_key *lists[] = { run->traffic.clients,
					      run->traffic.replies };

	for (size_t list = 0; list < 2; list++) {
		for (uint32_t i = 0; i < run->traffic.count; i++) {
			const struct hg_flow_key *key = &lists[list][i];
			struct packet packet = { .src = key->src,
						 .dst = key->dst,
						 .protocol = key->protocol,
						 .sport = host16(key->sport),
						 .dport = host16(key->dport) };

			stage_teach(&run->stage, &packet);
		}
	}
}

/* ---- new flows ---- */
struct fresh {
	struct samples opening, proof, opening_harness, proof_harness;
	struct hg_flow_key replies[2 * FRESH_CHUNK];
};

static double run_chunk(struct run *run, enum slot slot, uint32_t count)
{
	uint32_t verdict = slot == SLOT_NOTHING ? DROP : TX;

	stage_rewind(&run->stage);
	return stage_run(&run->stage, run->stage.harness[HOOK_XDP][slot], count, count,
			 verdict);
}

/* Open and prove one chunk of flows. Of UDP only the opening is of interest. */
static void measure_chunk(struct run *run, const struct hg_flow_key *clients,
			  struct fresh *fresh)
{
	bool is_udp = run->world.options.protocol == PROTOCOL_UDP;
	struct world *world = &run->world;
	uint32_t answers;

	traffic_list(&run->stage, is_udp ? KIND_DATAGRAM : KIND_SYN, clients,
		     FRESH_CHUNK);
	samples_add(&fresh->opening_harness, run_chunk(run, SLOT_NOTHING, FRESH_CHUNK));
	samples_add(&fresh->opening, run_chunk(run, SLOT_SUBJECT, FRESH_CHUNK));
	if (is_udp) {
		memset(world->embryos, 0, world->embryo_lines * sizeof(*world->embryos));
		return;
	}
	answers = traffic_read_replies(world->embryos, world->embryo_lines, world,
				       fresh->replies, 2 * FRESH_CHUNK);
	traffic_list(&run->stage, KIND_SYN_ACK, fresh->replies, answers);
	run_chunk(run, SLOT_SUBJECT, answers);
	traffic_list(&run->stage, KIND_ACK, clients, FRESH_CHUNK);
	samples_add(&fresh->proof_harness, run_chunk(run, SLOT_NOTHING, FRESH_CHUNK));
	samples_add(&fresh->proof, run_chunk(run, SLOT_SUBJECT, FRESH_CHUNK));
}

static void print_fresh(const struct run *run, struct fresh *fresh)
{
	bool is_udp = run->world.options.protocol == PROTOCOL_UDP;
	char name[48];
	struct scenario scenario = scenario_of(
	    run, name_of(run, is_udp ? "%s-v%u-lru-miss" : "%s-v%u-syn", name));

	measure_print(&scenario, "headgate", &fresh->opening, &fresh->opening_harness);
	name_of(run, "%s-v%u-proof", name);
	if (fresh->proof.count)
		measure_print(&scenario, "headgate", &fresh->proof,
			      &fresh->proof_harness);
}

/* The tables are put back as they were after each repeat. */
static void measure_fresh(struct run *run)
{
	const struct invention fresh_clients = {
		.count = FRESH,
		.services = run->world.options.services,
		.high = true,
	};
	struct world *world = &run->world;
	size_t size = world->lines * sizeof(*world->flows);
	struct hg_flow *before = malloc(size);
	struct fresh *fresh = calloc(1, sizeof(*fresh));
	struct traffic traffic;
	char name[48];

	if (!before || !fresh)
		give_up("out of memory for a copy of the flow table");
	if (measure_wants(name_of(run, "%s-v%u-syn", name)) ||
	    measure_wants(name_of(run, "%s-v%u-proof", name)) ||
	    measure_wants(name_of(run, "%s-v%u-lru-miss", name))) {
		memcpy(before, world->flows, size);
		traffic_invent(&traffic, world, &fresh_clients);
		for (unsigned repeat = 0; repeat < run->options->repeats; repeat++) {
			for (uint32_t i = 0; i < FRESH; i += FRESH_CHUNK)
				measure_chunk(run, traffic.clients + i, fresh);
			memcpy(world->flows, before, size);
			memset(world->embryos, 0,
			       world->embryo_lines * sizeof(*world->embryos));
		}
		print_fresh(run, fresh);
		traffic_free(&traffic);
	}
	samples_clear(&fresh->opening);
	samples_clear(&fresh->proof);
	samples_clear(&fresh->opening_harness);
	samples_clear(&fresh->proof_harness);
	free(fresh);
	free(before);
}

/* ---- packets that are not balanced ---- */
static void edit_keys(const struct run *run, bool to_stranger, struct hg_flow_key *keys)
{
	uint8_t family = run->world.options.family;

	for (uint32_t i = 0; i < run->traffic.count; i++) {
		keys[i] = run->traffic.clients[i];
		if (to_stranger)
			keys[i].dst = topology_addr(STRANGER, family);
		else
			keys[i].src = topology_addr(OTHER_CLIENT, family);
	}
}

static void measure_others(struct run *run)
{
	static const struct other {
		const char *names[2]; /* IPv4, IPv6; NULL: not measured */
		enum kind kind;
		bool to_stranger;
		uint32_t verdict;
	} others[] = {
		{ { "pass-v4-no-vip", "pass-v6-no-vip" }, KIND_ACK, true, PASS },
		{ { "pass-v4-icmp", "pass-v6-icmp" }, KIND_ECHO, true, PASS },
		{ { "pass-non-ip", NULL }, KIND_NO_IP, true, PASS },
		{ { "drop-v4-frag", "drop-v6-frag" }, KIND_FRAGMENT, false, DROP },
		{ { "tcp-v4-rst-miss", "tcp-v6-rst-miss" }, KIND_RST, false, DROP },
	};
	struct hg_flow_key *keys = calloc(run->traffic.count, sizeof(*keys));

	if (!keys)
		give_up("out of memory for packets");
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		const struct other *other = &others[i];
		const char *name = other->names[run->world.options.family == 6];

		if (!name)
			continue;
		edit_keys(run, other->to_stranger, keys);
		measure_keys(run, name, other->kind, keys, other->verdict);
	}
	free(keys);
}

static void open_flows(struct run *run, uint32_t flows, uint32_t services)
{
	struct world *world = &run->world;
	const struct invention invention = { .count = flows, .services = services };

	run->flows = flows;
	fprintf(stderr, "bench: programs: %s, IPv%u, %u of %u Service%s, %u flow%s\n",
		world->options.protocol == PROTOCOL_UDP ? "UDP" : "TCP",
		world->options.family, services, world->options.services,
		world->options.services == 1 ? "" : "s", flows, flows == 1 ? "" : "s");
	traffic_invent(&run->traffic, world, &invention);
	traffic_establish(&run->traffic, world, &run->stage);
	learn(run);
}

static void close_flows(struct run *run)
{
	struct world *world = &run->world;

	traffic_free(&run->traffic);
	memset(world->flows, 0, world->lines * sizeof(*world->flows));
	memset(world->embryos, 0, world->embryo_lines * sizeof(*world->embryos));
}

static void measure_pod_flows(struct run *run, uint32_t flows)
{
	enum kind kind = traffic_follow_up(&run->world);

	open_flows(run, flows, 1);
	measure_keys(run, "%s-v%u-hairpin", kind, run->traffic.clients, TC_REDIRECT);
	measure_keys(run, "%s-v%u-hairpin-reply", kind, run->traffic.replies,
		     TC_REDIRECT);
	close_flows(run);
}

/* Many Services are there, and all flows are of one: what the mere number costs. */
static void measure_one_of_many(struct run *run, uint32_t flows)
{
	enum kind kind = traffic_follow_up(&run->world);

	open_flows(run, flows, 1);
	measure_keys(run, "%s-v%u-lru-hit-one", kind, run->traffic.clients, TX);
	measure_keys(run, "%s-v%u-reply-one", kind, run->traffic.replies, TX);
	close_flows(run);
}

static void measure_flows(struct run *run, uint32_t flows)
{
	const struct world_options *options = &run->world.options;
	enum kind kind = traffic_follow_up(&run->world);

	open_flows(run, flows, options->services);
	measure_keys(run, "%s-v%u-lru-hit", kind, run->traffic.clients, TX);
	measure_keys(run, "%s-v%u-reply", kind, run->traffic.replies, TX);
	measure_fresh(run);
	if (options->services == 1)
		measure_keys(run, "%s-v%u-icmp-error", KIND_ICMP_ERROR,
			     run->traffic.replies, TX);
	if (options->services == 1 && options->protocol == PROTOCOL_TCP && flows > 1)
		measure_others(run);
	close_flows(run);
	if (options->services > 1)
		measure_one_of_many(run, flows);
}

/* One world for all numbers of flows that its table holds. */
static void measure_world(struct run *run, const struct world_options *options,
			  const uint32_t *flows, size_t count)
{
	uint32_t most = FRESH;

	for (size_t i = 0; i < count; i++)
		most = flows[i] > most ? flows[i] : most;
	world_open(&run->world, options);
	stage_open(&run->stage, most, run->world.lines, 6 * most);
	run->stage.ifindex = topology_ifindex(options->pods ? POD0 : NIC0);
	stage_set_subject(&run->stage, HOOK_XDP, run->world.nic);
	stage_set_subject(&run->stage, HOOK_TC, run->world.pod_out);
	for (size_t i = 0; i < count; i++) {
		if (options->pods)
			measure_pod_flows(run, flows[i]);
		else
			measure_flows(run, flows[i]);
	}
	stage_close(&run->stage);
	world_close(&run->world);
}

static void measure_protocol(struct run *run, uint8_t family, uint8_t protocol)
{
	const struct options *wants = run->options;
	struct world_options options = { .flows = DEFAULT_FLOWS,
					 .services = 1,
					 .endpoints = ENDPOINTS_OF_ONE,
					 .family = family,
					 .protocol = protocol };
	size_t small = 0;

	while (small < wants->flow_counts && wants->flows[small] <= DEFAULT_FLOWS)
		small++;
	if (wants->services[0] == 1 && small)
		measure_world(run, &options, wants->flows, small);
	for (size_t i = small; i < wants->flow_counts && wants->services[0] == 1; i++) {
		options.flows = wants->flows[i];
		options.endpoints =
		    ENDPOINTS_OF_ONE + wants->flows[i] / PORTS_PER_BACKEND;
		measure_world(run, &options, &wants->flows[i], 1);
	}
	options.flows = DEFAULT_FLOWS;
	options.endpoints = ENDPOINTS;
	for (size_t i = 0; i < wants->service_counts && protocol == PROTOCOL_TCP; i++) {
		options.services = wants->services[i];
		if (options.services > 1 && small)
			measure_world(run, &options, wants->flows, small);
	}
}

/* A pod has one address, so SNAT ports allow no more flows than this. */
static void measure_pods(struct run *run, uint8_t family, uint8_t protocol)
{
	const uint32_t flows[] = { 1, 1000 };
	const struct world_options options = { .flows = DEFAULT_FLOWS,
					       .services = 1,
					       .endpoints = 1,
					       .family = family,
					       .protocol = protocol,
					       .pods = true };

	measure_world(run, &options, flows, 2);
}

int main(int argc, char **argv)
{
	static struct run run;
	struct options options = { 0 };
	const uint8_t families[] = { 4, 6 };
	const uint8_t protocols[] = { PROTOCOL_TCP, PROTOCOL_UDP };

	options_read(argc, argv, &options);
	run.options = &options;
	topology_enter();
	for (size_t i = 0; i < 4; i++) {
		measure_protocol(&run, families[i / 2], protocols[i % 2]);
		if (options.services[0] == 1)
			measure_pods(&run, families[i / 2], protocols[i % 2]);
	}
	return 0;
}
