// SPDX-License-Identifier: BSD-2-Clause
/* The arrays of policy: mapped, and forgotten between cases. */
#include "harness.h"

#include <string.h>

#define ARRAYS 10

struct array {
	const char *name;
	size_t size;
	void **memory;
};

static void list(struct harness_policy *policy, struct array ret[ARRAYS])
{
	const struct array arrays[ARRAYS] = {
		{ "hg_policy_rows", HARNESS_ROWS * 64UL, (void **)&policy->rows },
		{ "hg_policy_cells", HARNESS_CELLS * 2UL, (void **)&policy->cells },
		{ "hg_policy_sets", HARNESS_SETS * 32UL, (void **)&policy->sets },
		{ "hg_policy_pods", HARNESS_PODS * 64UL, (void **)&policy->pods },
		{ "hg_policy_links", HG_POLICY_LINKS * 64UL, (void **)&policy->links },
		{ "hg_policy_v4", HG_POLICY_V4_PLACES * 4UL, (void **)&policy->v4 },
		{ "hg_policy_v4_blocks", HARNESS_BLOCKS * 512UL,
		  (void **)&policy->v4_blocks },
		{ "hg_policy_ports", HG_POLICY_PORTS * 12UL, (void **)&policy->ports },
		{ "hg_policy_counters", HARNESS_COUNTERS * 16UL,
		  (void **)&policy->counters },
		{ "hg_policy_events", HG_POLICY_EVENTS * 64UL, (void **)&policy->events },
	};

	memcpy(ret, arrays, sizeof(arrays));
}

void harness_map_policy(struct harness *harness)
{
	struct array arrays[ARRAYS];

	list(&harness->policy, arrays);
	for (int i = 0; i < ARRAYS; i++)
		*arrays[i].memory =
		    harness_map_array(harness, arrays[i].name, arrays[i].size);
}

void harness_clear_policy(struct harness *harness)
{
	struct array arrays[ARRAYS];

	list(&harness->policy, arrays);
	for (int i = 0; i < ARRAYS; i++)
		memset(*arrays[i].memory, 0, arrays[i].size);
}
