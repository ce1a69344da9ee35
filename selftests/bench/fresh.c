// SPDX-License-Identifier: BSD-2-Clause
#include "fresh.h"

#include <stdlib.h>
#include <string.h>

#include "guard.h"

#define FRESH_CHUNK 4096U /* as many at a time */

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

static bool is_wanted(const struct run *run, const struct fresh_names *names)
{
	const char *formats[] = { names->opening, names->proof, names->datagram };
	char name[NAME_ROOM];

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		if (measure_wants(run_name(run, formats[i], name)))
			return true;
	}
	return false;
}

static void print_fresh(const struct run *run, const struct fresh_names *names,
			const char *variant, struct fresh *fresh)
{
	bool is_udp = run->world.options.protocol == PROTOCOL_UDP;
	char name[NAME_ROOM];
	struct scenario scenario = run_scenario(
	    run, run_name(run, is_udp ? names->datagram : names->opening, name));

	measure_print(&scenario, variant, &fresh->opening, &fresh->opening_harness);
	run_name(run, names->proof, name);
	if (fresh->proof.count)
		measure_print(&scenario, variant, &fresh->proof, &fresh->proof_harness);
}

static void clear(struct fresh *fresh)
{
	samples_clear(&fresh->opening);
	samples_clear(&fresh->proof);
	samples_clear(&fresh->opening_harness);
	samples_clear(&fresh->proof_harness);
}

static void measure_all(struct run *run, const struct hg_flow_key *clients,
			struct hg_flow *before, struct fresh fresh[2])
{
	struct world *world = &run->world;
	size_t size = world->lines * sizeof(*world->flows);
	int variants = world->guard ? 2 : 1;

	memcpy(before, world->flows, size);
	for (unsigned n = 0; n < run->options->repeats * (unsigned)variants; n++) {
		if (world->guard)
			guard_switch(world, n % 2 == 0);
		for (uint32_t i = 0; i < FRESH; i += FRESH_CHUNK)
			measure_chunk(run, clients + i, &fresh[(int)n % variants]);
		memcpy(world->flows, before, size);
		memset(world->embryos, 0, world->embryo_lines * sizeof(*world->embryos));
	}
}

void fresh_measure(struct run *run, const struct fresh_names *names)
{
	const struct invention fresh_clients = {
		.count = FRESH,
		.services = run->world.options.services,
		.high = true,
	};
	struct hg_flow *before = malloc(run->world.lines * sizeof(*before));
	struct fresh *fresh = calloc(2, sizeof(*fresh));
	struct traffic traffic;

	if (!before || !fresh)
		give_up("out of memory for a copy of the flow table");
	if (is_wanted(run, names)) {
		traffic_invent(&traffic, &run->world, &fresh_clients);
		measure_all(run, traffic.clients, before, fresh);
		print_fresh(run, names, "headgate", &fresh[0]);
		if (run->world.guard)
			print_fresh(run, names, "no policy", &fresh[1]);
		traffic_free(&traffic);
	}
	clear(&fresh[0]);
	clear(&fresh[1]);
	free(fresh);
	free(before);
}
