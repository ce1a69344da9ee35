// SPDX-License-Identifier: BSD-2-Clause
#include "guarded.h"

#include <stdio.h>

#include "fresh.h"
#include "guard.h"

#define FLOWS	  1000U
#define ENDPOINTS 40U

static const struct guarded {
	const char *label;
	uint32_t endpoints;
	struct guard_options guard;
} worlds[] = {
	{ "1 rule, 10 pods", ENDPOINTS, { .rules = 1, .peers = 10 } },
	{ "500 rules, 10 pods", ENDPOINTS, { .rules = 500, .peers = 10 } },
	{ "500 rules, 10000 pods, 10 clients",
	  ENDPOINTS,
	  { .rules = 500, .peers = 10000, .clients = 10 } },
	{ "1 rule, 10000 pods", ENDPOINTS, { .rules = 1, .peers = 10000 } },
	{ "500 rules, 10000 pods", ENDPOINTS, { .rules = 500, .peers = 10000 } },
	{ "200 sets, 10000 pods",
	  200,
	  { .rules = 50, .peers = 10000, .own_sets = true } },
	{ "10000 blocks", ENDPOINTS, { .rules = 1, .blocks = 10000 } },
};

static void measure_world(struct run *run, const struct guarded *guarded, uint8_t family)
{
	const struct world_options options = { .flows = 131072,
					       .services = 1,
					       .endpoints = guarded->endpoints,
					       .family = family,
					       .protocol = PROTOCOL_TCP,
					       .guard = guarded->guard };
	char opening[NAME_ROOM], proof[NAME_ROOM], hit[NAME_ROOM];

	snprintf(opening, sizeof(opening), "%%s-v%%u-syn, %s", guarded->label);
	snprintf(proof, sizeof(proof), "%%s-v%%u-proof, %s", guarded->label);
	snprintf(hit, sizeof(hit), "%%s-v%%u-lru-hit, %s", guarded->label);
	run_open(run, &options, FRESH);
	run_open_flows(run, FLOWS, 1);
	run_measure(run, hit, KIND_ACK, run->traffic.clients, TX);
	fresh_measure(run, &(struct fresh_names){ opening, proof, opening });
	run_close_flows(run);
	run_close(run);
}

void guarded_measure(struct run *run, uint8_t family)
{
	for (size_t i = 0; i < sizeof(worlds) / sizeof(*worlds); i++)
		measure_world(run, &worlds[i], family);
}
