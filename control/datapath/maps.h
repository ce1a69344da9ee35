/* SPDX-License-Identifier: BSD-2-Clause */
/* The pinned maps by number: names, wanted sizes, descriptors. */
#ifndef DATAPATH_MAPS_H
#define DATAPATH_MAPS_H

#include <stdint.h>
#include "datapath.h"

#define DATAPATH_MAPS(M)                                                                 \
	M(OURS, ours)                                                                    \
	M(LOCALS, locals)                                                                \
	M(SNAT, snat)                                                                    \
	M(FRONTENDS, frontends)                                                          \
	M(SERVICES, services)                                                            \
	M(SLOTS, slots)                                                                  \
	M(MEMBERS, members)                                                              \
	M(BACKENDS, backends)                                                            \
	M(HOPS, hops)                                                                    \
	M(HOP_INDEX, hop_index)                                                          \
	M(LINKS, links)                                                                  \
	M(MACS, macs)                                                                    \
	M(FLOWS, flows)                                                                  \
	M(EMBRYOS, embryos)                                                              \
	M(LOCKS, locks)                                                                  \
	M(FRAGMENTS, fragments)                                                          \
	M(AFFINITY, affinity)                                                            \
	M(RANGES, ranges)                                                                \
	M(STATS, stats)                                                                  \
	M(EXPIRED, expired)                                                              \
	M(REASONS, reasons)                                                              \
	M(PORTS, ports)                                                                  \
	M(CURSORS, cursors)                                                              \
	M(STATE, state)                                                                  \
	M(POLICY_ROWS, policy_rows)                                                      \
	M(POLICY_CELLS, policy_cells)                                                    \
	M(POLICY_SETS, policy_sets)                                                      \
	M(POLICY_PODS, policy_pods)                                                      \
	M(POLICY_LINKS, policy_links)                                                    \
	M(POLICY_V4, policy_v4)                                                          \
	M(POLICY_V4_BLOCKS, policy_v4_blocks)                                            \
	M(POLICY_V6, policy_v6)                                                          \
	M(POLICY_PORTS, policy_ports)                                                    \
	M(POLICY_COUNTERS, policy_counters)                                              \
	M(POLICY_EVENTS, policy_events)

enum map {
#define MAP_ENUM(upper, lower) MAP_##upper,
	DATAPATH_MAPS(MAP_ENUM)
#undef MAP_ENUM
	    MAP_COUNT
};

#define PODS 16384U /* addresses, when nobody asks for more */

struct map_sizes {
	uint32_t entries[MAP_COUNT]; /* 0: as the object says */
	uint32_t asked[MAP_COUNT];   /* value of the option that makes them so many */
	uint32_t rows;		     /* of hg_stats */
};

const char *map_name(enum map map); /* "hg_ours" */
/* MAP_COUNT when no map is called so. */
enum map map_by_name(const char *name);
/* The option that makes a map larger: "--slots"; NULL when it has a fixed size. */
const char *map_option(enum map map);
/* The option's value that makes a map of so many entries (rounded up, where it is). */
uint32_t map_option_value(enum map map, uint32_t entries, uint32_t rows);
/* 0, or -EINVAL with a complaint about an option that is out of bounds. */
int map_sizes(const struct datapath_options *options, uint32_t rows,
	      struct complaints *complaints, struct map_sizes *ret_sizes);

#endif
