/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How large each map must be. Services, members and slots are written to free places and
 * then switched, so the first two get twice what is in force at a time; slots are what
 * the user gave, since a table is much larger and rarely all change at once.
 */
#include "maps.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <headgate/slot.h>

static const char *const names[MAP_COUNT] = {
#define MAP_NAME(upper, lower) [MAP_##upper] = "hg_" #lower,
	DATAPATH_MAPS(MAP_NAME)
#undef MAP_NAME
};

const char *map_name(enum map map)
{
	return names[map];
}

enum map map_by_name(const char *name)
{
	for (enum map map = 0; map < MAP_COUNT; map++)
		if (!strcmp(names[map], name))
			return map;
	return MAP_COUNT;
}

const char *map_option(enum map map)
{
	static const char *const options[MAP_COUNT] = {
		[MAP_FRONTENDS] = "--services", [MAP_SERVICES] = "--services",
		[MAP_SLOTS] = "--slots",	[MAP_MEMBERS] = "--backends",
		[MAP_BACKENDS] = "--backends",	[MAP_STATS] = "--backends",
		[MAP_EXPIRED] = "--backends",	[MAP_FLOWS] = "--flows",
		[MAP_EMBRYOS] = "--half-open",	[MAP_POLICY_PODS] = "--policy-pods",
	};

	return options[map];
}

/* The reverse of map_sizes(). */
uint32_t map_option_value(enum map map, uint32_t entries, uint32_t rows)
{
	switch (map) {
	case MAP_SERVICES:
		return entries / 2 - 1;
	case MAP_SLOTS:
		return entries * HG_SLOTS_PER_ELEMENT;
	case MAP_MEMBERS:
		return entries / 2 - 2;
	case MAP_BACKENDS:
	case MAP_EXPIRED:
		return entries - 1;
	case MAP_POLICY_PODS:
		return (entries - HG_POLICY_POD_WINDOW) / 4;
	case MAP_STATS:
		return entries / (rows ?: 1) - 1;
	case MAP_FLOWS:
		return entries / 4;
	case MAP_EMBRYOS:
		return entries / 2;
	default:
		return entries;
	}
}

static uint32_t power_of_two(uint64_t at_least, uint32_t least)
{
	uint32_t power = least;

	while (power < at_least)
		power <<= 1;
	return power;
}

/*
 * As many half-open connections as take a thousandth of memory, 4 MiB at least (what a cache
 * holds) and 128 MiB at most.
 */
static uint32_t half_open_by_memory(void)
{
	const uint64_t flow = 2 * sizeof(struct hg_flow);
	uint64_t bytes =
	    (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
	uint32_t flows = 32768;

	while (2 * flows * flow <= bytes && flows < 1U << 20)
		flows *= 2;
	return flows;
}

struct bound {
	const char *option;
	uint64_t value, least, most;
};

static int check_bounds(const struct datapath_options *options,
			struct complaints *complaints)
{
	const struct bound bounds[] = {
		{ "--flows", options->flows, 1, 1U << 26 },
		{ "--half-open", options->half_open, 0, 1U << 24 },
		{ "--slots", options->slots, 2 * HG_SLOTS_PER_ELEMENT, 1U << 30 },
		{ "--backends", options->backends, 1, (1U << HG_BACKEND_BITS) - 1 },
		{ "--services", options->services, 1, 1U << 24 },
		{ "--policy-pods", options->policy_pods, 0, 1U << 20 },
		{ "last SNAT port", options->port_last, options->port_first, 65535 },
	};

	for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
		const struct bound *bound = &bounds[i];

		if (bound->value >= bound->least && bound->value <= bound->most)
			continue;
		complain(complaints, COMPLAINT_ERROR, NULL, NULL,
			 "%s is %llu: give a number from %llu to %llu", bound->option,
			 (unsigned long long)bound->value,
			 (unsigned long long)bound->least,
			 (unsigned long long)bound->most);
		return -EINVAL;
	}
	return 0;
}

int map_sizes(const struct datapath_options *options, uint32_t rows,
	      struct complaints *complaints, struct map_sizes *ret_sizes)
{
	int r = check_bounds(options, complaints);

	if (r < 0)
		return r;
	/* Index 0 is never used. */
	uint32_t backends = options->backends + 1;
	if (backends > 1U << HG_BACKEND_BITS)
		backends = 1U << HG_BACKEND_BITS;
	*ret_sizes = (struct map_sizes){ .rows = rows };
	uint32_t *entries = ret_sizes->entries;
	entries[MAP_FRONTENDS] = options->services;
	entries[MAP_SERVICES] = 2 * options->services + 2;
	entries[MAP_SLOTS] =
	    (options->slots + HG_SLOTS_PER_ELEMENT - 1) / HG_SLOTS_PER_ELEMENT;
	entries[MAP_MEMBERS] = 2 * backends + 2;
	entries[MAP_BACKENDS] = backends;
	entries[MAP_STATS] = backends * rows;
	entries[MAP_EXPIRED] = backends;
	entries[MAP_FLOWS] = power_of_two(4ULL * options->flows, HG_LOCKS);
	entries[MAP_EMBRYOS] =
	    power_of_two(2ULL * (options->half_open ?: half_open_by_memory()), HG_LOCKS);
	entries[MAP_POLICY_PODS] =
	    power_of_two(4ULL * (options->policy_pods ?: PODS), 1) + HG_POLICY_POD_WINDOW;
	uint32_t *asked = ret_sizes->asked;
	asked[MAP_FRONTENDS] = asked[MAP_SERVICES] = options->services;
	asked[MAP_SLOTS] = options->slots;
	asked[MAP_MEMBERS] = asked[MAP_BACKENDS] = options->backends;
	asked[MAP_STATS] = asked[MAP_EXPIRED] = options->backends;
	asked[MAP_FLOWS] = options->flows;
	asked[MAP_EMBRYOS] = options->half_open;
	asked[MAP_POLICY_PODS] = options->policy_pods;
	return 0;
}
