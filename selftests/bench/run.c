// SPDX-License-Identifier: BSD-2-Clause
#include "run.h"

#include <stdio.h>
#include <string.h>
#include <headgate/endian.h>

const char *run_name(const struct run *run, const char *format, char ret_name[NAME_ROOM])
{
	snprintf(ret_name, NAME_ROOM, format,
		 run->world.options.protocol == PROTOCOL_UDP ? "udp" : "tcp",
		 (unsigned)run->world.options.family);
	return ret_name;
}

struct scenario run_scenario(const struct run *run, const char *name)
{
	return (struct scenario){ name, run->world.options.services, run->flows };
}

void run_open(struct run *run, const struct world_options *options, uint32_t most)
{
	world_open(&run->world, options);
	stage_open(&run->stage, most, run->world.lines, 6 * most);
	run->stage.ifindex = topology_ifindex(options->pods ? POD0 : NIC0);
	stage_set_subject(&run->stage, HOOK_XDP, run->world.nic);
	stage_set_subject(&run->stage, HOOK_TC, run->world.pod_out);
}

void run_close(struct run *run)
{
	stage_close(&run->stage);
	world_close(&run->world);
}

void run_measure(struct run *run, const char *format, enum kind kind,
		 const struct hg_flow_key *keys, uint32_t verdict)
{
	char name[NAME_ROOM];
	struct scenario scenario = run_scenario(run, run_name(run, format, name));
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

void run_open_flows(struct run *run, uint32_t flows, uint32_t services)
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

void run_close_flows(struct run *run)
{
	struct world *world = &run->world;

	traffic_free(&run->traffic);
	memset(world->flows, 0, world->lines * sizeof(*world->flows));
	memset(world->embryos, 0, world->embryo_lines * sizeof(*world->embryos));
}
