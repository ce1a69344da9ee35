/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The datapath under test: a balancer in a network namespace of its own (topology.h), its
 * programs loaded and its maps filled by the daemon's own code, from manifests of as many
 * Services as a scenario wants. Nothing is attached; programs are run by the stage.
 */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include "../../control/datapath/datapath.h"
#include "../datapath/topology.h"
#include "guard.h"

#define WORLD_SERVICE_PORT 80U
#define WORLD_TARGET_PORT  8080U

struct world_options {
	uint32_t flows; /* as --flows */
	uint32_t services, endpoints;
	uint8_t family, protocol;
	bool pods; /* one endpoint each: POD_A, behind pod0 */
	struct guard_options guard;
};

struct world {
	struct world_options options;
	struct datapath *datapath;
	struct complaints complaints;
	uint32_t lines; /* of hg_flows */
	uint32_t embryo_lines;
	struct hg_flow *flows, *embryos;
	int nic, pod_out;	/* programs */
	struct hg_state *state; /* mapped */
	struct guard *guard;	/* NULL: no policies */
};

/* Both end the bench with a sentence when something fails. */
void world_open(struct world *world, const struct world_options *options);
void world_close(struct world *world);

/* Address of a Service; network order. */
struct hg_addr world_vip(const struct world *world, uint32_t service);
/* Of a client that has not been counted before `base`; high: never one of the low ones. */
struct hg_addr world_client(const struct world *world, uint32_t number, bool high);
/* Of an endpoint. */
struct hg_addr world_endpoint(const struct world *world, uint32_t service,
			      uint32_t endpoint);
/* Packets refused so far, over all reasons. */
uint64_t world_refused(const struct world *world);

#endif
