// SPDX-License-Identifier: BSD-2-Clause
/*
 * frames OBJECT PREFIX PROTOCOLS SERVICES FLOWS ROUNDS PACKETS LANE…
 *
 * Real frames through balancers side by side (lane.h), each scenario in rounds that take
 * one lane after the other, so that a busy machine hits all of them. Results are lines of
 * JSON; a lane whose packets do not arrive is an error.
 *
 *   tcp-v4-snat         client → Service on connections that handshakes have opened
 *   tcp-v4-snat-reply   the way back of the same
 *   udp-v4-snat         client → Service, flows that have been answered for two seconds
 *   tcp-v4-new          each packet a SYN of another connection
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "lane.h"
#include "sample.h"

#define LANES_MOST 8
#define PORTION	   4096 /* flows opened at a time */

struct bench {
	struct lane lanes[LANES_MOST];
	size_t lane_count;
	uint32_t services, flows, rounds, cores;
	uint64_t packets;
	bool udp;
	uint32_t generation; /* of client ports, so that no scenario meets another's */
};

struct scenario {
	const char *name;
	bool from_server;
	bool anew; /* each packet once, and other flows in each round */
	uint32_t cores;
};

static bool balances(const struct lane *lane)
{
	return strcmp(lane->name, "generator") != 0 && strcmp(lane->name, "bare") != 0;
}

static void write_frames(struct bench *bench, enum frame_kind kind)
{
	for (size_t i = 0; i < bench->lane_count; i++) {
		struct lane *lane = &bench->lanes[i];
		struct frame_plan plan = { .kind = kind,
					   .services = bench->services,
					   .generation = bench->generation };

		memcpy(plan.client_mac, lane->client_mac, 6);
		memcpy(plan.gate_mac, lane->gate_mac, 6);
		frame_write_all(&plan, lane->frames, bench->flows);
	}
}

/*
 * Frames [first, first + count) once, answered. 0, or -EIO when not all of them came
 * through unharmed.
 */
static int exchange(struct lane *lane, uint32_t first, uint32_t count, bool answers)
{
	const struct lane_order order = {
		.first = first, .flows = count, .cores = 1, .packets = count
	};
	uint64_t bad = lane_count(lane, COUNT_BAD_SUM);
	uint64_t answered = lane_count(lane, COUNT_ANSWERED);
	struct lane_run run;

	lane->settings->answering = 1;
	int r = lane_run(lane, &order, &run);

	answered = lane_settle(lane, COUNT_ANSWERED) - answered;
	lane->settings->answering = 0;
	if (r < 0)
		return r;
	bad = lane_count(lane, COUNT_BAD_SUM) - bad;
	if (run.arrived == count && answered == (answers ? count : 0) && !bad)
		return 0;
	fprintf(stderr,
		"frames: lane %s: of %u opening packets %llu arrived, %llu with a wrong "
		"checksum, and %llu answers came back\n",
		lane->name, count, (unsigned long long)run.arrived,
		(unsigned long long)bad, (unsigned long long)answered);
	return -EIO;
}

/* SYN, SYN/ACK, ACK; in portions, since nobody keeps any number of half-open flows. */
static int open_tcp(struct bench *bench, uint32_t first, uint32_t count)
{
	int r = 0;

	write_frames(bench, FRAME_SYN);
	for (size_t i = 0; r == 0 && i < bench->lane_count; i++)
		if (balances(&bench->lanes[i]))
			r = exchange(&bench->lanes[i], first, count, true);
	write_frames(bench, FRAME_ACK);
	for (size_t i = 0; r == 0 && i < bench->lane_count; i++)
		if (balances(&bench->lanes[i]))
			r = exchange(&bench->lanes[i], first, count, false);
	return r;
}

/* Two seconds: then an answered UDP flow counts as proved, in netfilter as here. */
static int open_udp(struct bench *bench, uint32_t first, uint32_t count)
{
	const struct timespec proof = { .tv_sec = 2, .tv_nsec = 600000000 };
	int r = 0;

	write_frames(bench, FRAME_UDP);
	for (int pass = 0; r == 0 && pass < 2; pass++) {
		if (pass)
			nanosleep(&proof, NULL);
		for (size_t i = 0; r == 0 && i < bench->lane_count; i++)
			if (balances(&bench->lanes[i]))
				r = exchange(&bench->lanes[i], first, count, true);
	}
	return r;
}

static int open_flows(struct bench *bench,
		      int (*open)(struct bench *bench, uint32_t first, uint32_t count))
{
	int r = 0;

	bench->generation++;
	for (size_t i = 0; i < bench->lane_count; i++)
		bench->lanes[i].settings->recorded = 0;
	for (uint32_t first = 0; r == 0 && first < bench->flows; first += PORTION) {
		uint32_t rest = bench->flows - first;

		r = open(bench, first, rest < PORTION ? rest : PORTION);
	}
	return r;
}

static void turn_replies(struct bench *bench)
{
	for (size_t i = 0; i < bench->lane_count; i++) {
		struct lane *lane = &bench->lanes[i];

		if (!balances(lane))
			continue;
		for (uint32_t j = 0; j < bench->flows; j++)
			frame_write_reply(&lane->answers[j], &lane->frames[j]);
	}
}

/* One lane once. *ret_ns: per packet that arrived, generator and receiver included. */
static int measure(struct bench *bench, struct lane *lane,
		   const struct scenario *scenario, double *ret_ns)
{
	const struct lane_order order = {
		.from_server = scenario->from_server,
		.flows = bench->flows,
		.cores = scenario->cores,
		.packets =
		    scenario->anew ? bench->flows : bench->packets * scenario->cores,
	};
	struct lane_run run;
	int r = lane_run(lane, &order, &run);

	if (r < 0)
		return r;
	if (run.arrived * 2 < run.sent) {
		fprintf(stderr,
			"frames: lane %s: %s: only %llu of %llu packets arrived\n",
			lane->name, scenario->name, (unsigned long long)run.arrived,
			(unsigned long long)run.sent);
		return -EIO;
	}
	if (run.arrived * 100 < run.sent * 99)
		fprintf(stderr, "frames: lane %s: %s: %llu of %llu packets arrived\n",
			lane->name, scenario->name, (unsigned long long)run.arrived,
			(unsigned long long)run.sent);
	*ret_ns = 1e9 / run.sent_per_s * (double)run.sent / (double)run.arrived;
	return 0;
}

static void print_lane(const struct bench *bench, const struct scenario *scenario,
		       const struct lane *lane, struct samples *ns, double generator_ns)
{
	struct samples rates = { .count = 0 }, own = { .count = 0 };
	const struct subject subject = {
		"frames",	 scenario->name, lane->name,
		bench->services, bench->flows,	 scenario->cores
	};

	for (size_t i = 0; i < ns->count; i++) {
		sample_add(&rates, 1e9 / ns->values[i]);
		sample_add(&own, ns->values[i] - generator_ns);
	}
	sample_print(&subject, "packets/s", &rates);
	sample_print(&subject, "ns/packet", ns);
	if (generator_ns > 0)
		sample_print(&subject, "ns/packet less generator", &own);
}

static double least(const struct samples *samples)
{
	double least = samples->values[0];

	for (size_t i = 1; i < samples->count; i++)
		least = samples->values[i] < least ? samples->values[i] : least;
	return least;
}

/* The way back has its own generator, which is not measured apart: the same program. */
static int run_scenario(struct bench *bench, const struct scenario *scenario)
{
	static struct samples ns[LANES_MOST];
	double generator_ns = 0, value;

	memset(ns, 0, sizeof(ns));
	for (uint32_t round = 0; round < bench->rounds; round++) {
		if (scenario->anew) {
			bench->generation++;
			write_frames(bench, FRAME_SYN);
		}
		for (size_t i = 0; i < bench->lane_count; i++) {
			struct lane *lane = &bench->lanes[i];

			if (scenario->from_server && !balances(lane))
				continue;
			int r = measure(bench, lane, scenario, &value);

			if (r < 0)
				return r;
			sample_add(&ns[i], value);
		}
	}
	for (size_t i = 0; i < bench->lane_count; i++)
		if (strcmp(bench->lanes[i].name, "generator") == 0 && ns[i].count)
			generator_ns = least(&ns[i]);
	for (size_t i = 0; i < bench->lane_count; i++)
		print_lane(bench, scenario, &bench->lanes[i], &ns[i],
			   balances(&bench->lanes[i]) ? generator_ns : 0);
	return 0;
}

/* One portion of flows: each more would wait another two seconds. */
static int run_udp(struct bench *bench)
{
	static const struct scenario udp = { "udp-v4-snat", false, false, 1 };
	uint32_t flows = bench->flows;

	bench->flows = flows < PORTION ? flows : PORTION;
	int r = open_flows(bench, open_udp);

	if (r == 0)
		r = run_scenario(bench, &udp);
	bench->flows = flows;
	return r;
}

static int run_all(struct bench *bench)
{
	static const struct scenario tcp = { "tcp-v4-snat", false, false, 1 };
	static const struct scenario reply = { "tcp-v4-snat-reply", true, false, 1 };
	static const struct scenario anew = { "tcp-v4-new", false, true, 1 };
	struct scenario scaled = { "tcp-v4-snat", false, false, bench->cores };
	int r = open_flows(bench, open_tcp);

	if (r == 0)
		r = run_scenario(bench, &tcp);
	if (r == 0 && bench->cores > 1)
		r = run_scenario(bench, &scaled);
	turn_replies(bench);
	if (r == 0)
		r = run_scenario(bench, &reply);
	if (r == 0 && bench->udp)
		r = run_udp(bench);
	return r < 0 ? r : run_scenario(bench, &anew);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	if (argc < 9 || argc - 8 > LANES_MOST) {
		fprintf(stderr,
			"usage: frames OBJECT PREFIX PROTOCOLS SERVICES FLOWS ROUNDS "
			"PACKETS LANE...\n");
		return 2;
	}
	bench.udp = strstr(argv[3], "UDP") != NULL;
	bench.services = (uint32_t)strtoul(argv[4], NULL, 10);
	bench.flows = (uint32_t)strtoul(argv[5], NULL, 10);
	bench.rounds = (uint32_t)strtoul(argv[6], NULL, 10);
	bench.packets = strtoull(argv[7], NULL, 10);
	bench.cores = online < LANE_CORES_MOST ? (uint32_t)online : LANE_CORES_MOST;
	if (!bench.services || bench.flows < bench.cores || bench.flows > 65536 ||
	    !bench.rounds || !bench.packets) {
		fprintf(stderr,
			"frames: numbers must be positive, flows at most 65536\n");
		return 2;
	}
	int r = 0;

	for (int i = 8; r == 0 && i < argc; i++)
		r = lane_open(&bench.lanes[bench.lane_count++], argv[1], argv[2], argv[i],
			      bench.flows);
	if (r == 0)
		r = run_all(&bench);
	for (size_t i = 0; i < bench.lane_count; i++)
		lane_close(&bench.lanes[i]);
	return r < 0;
}
