// SPDX-License-Identifier: BSD-2-Clause
/*
 * control compile FOLDER COUNT SCENARIO: the policies of a folder, compiled from nothing into plain
 * memory as for the node "bench", without reading the manifests.
 */
#include "control.h"

#include <stdlib.h>
#include <string.h>
#include "../../control/compile/policy_memory.h"
#include "../../control/source/manifests.h"
#include "sample.h"

static void unchanged(void *context)
{
	(void)context;
}

static double compile(const struct cluster *cluster)
{
	const struct policy_options options = { .node_name = "bench" };
	struct policy_memory *memory = policy_memory_new();
	struct complaints complaints = { 0 };

	if (!memory)
		control_fail("compile", "out of memory");
	double begun_ms = control_now_ms();
	struct policy *policy = policy_new(&options, &memory->tables);
	int r = policy ? policy_update(policy, cluster, &complaints) : -1;
	double took_ms = control_now_ms() - begun_ms;

	if (r < 0 || complaints.count)
		control_fail("compile",
			     "the policies do not compile without a complaint");
	policy_free(policy);
	policy_memory_free(memory);
	return took_ms;
}

int compile_main(int argc, char **argv)
{
	struct samples ms = { .count = 0 };
	struct manifests *manifests;

	if (argc != 4)
		control_fail("usage", "control compile FOLDER COUNT SCENARIO");
	struct cluster *cluster = cluster_new();

	if (!cluster)
		control_fail("compile", "out of memory");
	int r = manifests_open(argv[1], cluster, NULL, unchanged, NULL, &manifests);

	if (r < 0)
		control_fail(argv[1], strerror(-r));
	for (unsigned long i = strtoul(argv[2], NULL, 10); i; i--)
		sample_add(&ms, compile(cluster));
	sample_print(&(struct subject){ "control", argv[3], "headgate", 0, 0, 0 }, "ms",
		     &ms);
	manifests_close(manifests);
	cluster_free(cluster);
	return 0;
}
