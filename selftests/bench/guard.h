/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NetworkPolicies over a world: its endpoints are pods that are isolated for ingress, its
 * clients pods or addresses in a block that one of the rules, the last, lets in.
 */
#ifndef BENCH_GUARD_H
#define BENCH_GUARD_H

#include <stdbool.h>
#include <stdint.h>

struct world;
struct cluster;

struct guard_options {
	uint32_t rules;	  /* of each rule set; 0: no policies */
	uint32_t peers;	  /* pods, dealt over the rules; 0: clients are no pods */
	uint32_t clients; /* peers that open the flows; 0: all, 1,000 at most */
	uint32_t blocks;  /* ipBlocks with an exception each, over one rule */
	bool own_sets; /* each endpoint has a rule set of its own, else all share one */
};

struct guard;

/* How many peers open flows. */
uint32_t guard_clients(const struct guard_options *options);
/* The address of the nth peer. */
struct hg_addr guard_peer(uint8_t family, uint32_t number);
/* Put policies in force. The cluster stays the caller's. */
struct guard *guard_open(struct world *world, struct cluster *cluster);
void guard_close(struct guard *guard);
/* In force or not, within one epoch: flows are not judged again. */
void guard_switch(const struct world *world, bool on);

#endif
