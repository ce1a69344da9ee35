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

#include "fresh.h"
#include "guarded.h"

#define DEFAULT_FLOWS	  131072U /* as headgated's --flows */
#define ENDPOINTS	  10U	  /* of a Service; … */
#define ENDPOINTS_OF_ONE  40U	  /* … of the only one: SNAT ports must suffice */
#define PORTS_PER_BACKEND 8000U

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
		run_measure(run, name, other->kind, keys, other->verdict);
	}
	free(keys);
}

static const struct fresh_names usual_names = { "%s-v%u-syn", "%s-v%u-proof",
						"%s-v%u-lru-miss" };

static void measure_pod_flows(struct run *run, uint32_t flows)
{
	enum kind kind = traffic_follow_up(&run->world);

	run_open_flows(run, flows, 1);
	run_measure(run, "%s-v%u-hairpin", kind, run->traffic.clients, TC_REDIRECT);
	run_measure(run, "%s-v%u-hairpin-reply", kind, run->traffic.replies, TC_REDIRECT);
	run_close_flows(run);
}

/* Many Services are there, and all flows are of one: what the mere number costs. */
static void measure_one_of_many(struct run *run, uint32_t flows)
{
	enum kind kind = traffic_follow_up(&run->world);

	run_open_flows(run, flows, 1);
	run_measure(run, "%s-v%u-lru-hit-one", kind, run->traffic.clients, TX);
	run_measure(run, "%s-v%u-reply-one", kind, run->traffic.replies, TX);
	run_close_flows(run);
}

static void measure_flows(struct run *run, uint32_t flows)
{
	const struct world_options *options = &run->world.options;
	enum kind kind = traffic_follow_up(&run->world);

	run_open_flows(run, flows, options->services);
	run_measure(run, "%s-v%u-lru-hit", kind, run->traffic.clients, TX);
	run_measure(run, "%s-v%u-reply", kind, run->traffic.replies, TX);
	fresh_measure(run, &usual_names);
	if (options->services == 1)
		run_measure(run, "%s-v%u-icmp-error", KIND_ICMP_ERROR,
			    run->traffic.replies, TX);
	if (options->services == 1 && options->protocol == PROTOCOL_TCP && flows > 1)
		measure_others(run);
	run_close_flows(run);
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
	run_open(run, options, most);
	for (size_t i = 0; i < count; i++) {
		if (options->pods)
			measure_pod_flows(run, flows[i]);
		else
			measure_flows(run, flows[i]);
	}
	run_close(run);
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
		if (options.services[0] == 1 && protocols[i % 2] == PROTOCOL_TCP)
			guarded_measure(&run, families[i / 2]);
	}
	return 0;
}
