/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "../compile/compile.h"
#include "../compile/policy_memory.h"
#include "../compile/slices.h"
#include "../lib/cleanup.h"
#include "../source/manifests.h"
#include "plan.h"

struct reading {
	struct cluster *cluster;
	struct manifests *manifests;
	struct compile_input input;
	struct complaints complaints; /* of compiling */
};

static void close_reading(struct reading *reading)
{
	if (reading->manifests)
		manifests_close(reading->manifests);
	if (reading->cluster)
		cluster_free(reading->cluster);
	complaints_clear(&reading->complaints);
}

static void never_changed(void *context)
{
	(void)context;
}

static int open_reading(const struct options *options, struct reading *reading)
{
	reading->cluster = cluster_new();
	if (!reading->cluster) {
		fprintf(stderr, "headgated: out of memory\n");
		return -ENOMEM;
	}
	int r = manifests_open(options->manifests, reading->cluster, NULL, never_changed,
			       NULL, &reading->manifests);

	if (r < 0)
		fprintf(
		    stderr,
		    "headgated: --manifests %s cannot be read (%s): give a folder that "
		    "exists and is readable\n",
		    options->manifests, strerror(-r));
	reading->input = (struct compile_input){
		.cluster = reading->cluster,
		.node_name = options->node_name,
		.cluster_cidr = options->cluster_cidrs.count > 0,
		.seed = options->seed,
	};
	return r;
}

static int compile_one(void *context, const struct object *object)
{
	struct reading *reading = context;
	struct wanted_service *service = NULL;
	int r = compile_service(&reading->input, object->namespace, object->name,
				&reading->complaints, &service);

	if (service)
		wanted_service_free(service);
	return r;
}

static void free_compiler(struct policy **policy)
{
	if (*policy)
		policy_free(*policy);
}

static void free_memory(struct policy_memory **memory)
{
	policy_memory_free(*memory);
}

/* As if every pod were here: whichever node it is, what does not fit is told. */
static int compile_policies(struct reading *reading, const struct options *options)
{
	const struct policy_options how = {
		.mode = (enum policy_mode)options->policy_mode,
	};

	if (!cluster_count(reading->cluster, OBJECT_NETWORK_POLICY))
		return 0;
	CLEANUP(free_memory) struct policy_memory *memory = policy_memory_new();
	CLEANUP(free_compiler)
	struct policy *policy = memory ? policy_new(&how, &memory->tables) : NULL;
	int r = policy ? policy_update(policy, reading->cluster, &reading->complaints)
		       : -ENOMEM;

	return r == -ENOSPC ? 0 : r;
}

/* Print complaints, count them by level. */
static void print_complaints(const struct complaints *complaints, FILE *out,
			     size_t counts[2])
{
	for (size_t i = 0; i < complaints->count; i++) {
		const struct complaint *complaint = &complaints->items[i];
		_cleanup_free_ char *text = complaint_print(complaint);

		counts[complaint->level]++;
		fprintf(out, "%s: %s\n",
			complaint->level == COMPLAINT_ERROR ? "error" : "warning",
			text ? text : complaint->sentence);
	}
	if (!complaints->out_of_memory)
		return;
	counts[COMPLAINT_ERROR]++;
	fprintf(out, "error: some complaints were lost: out of memory\n");
}

static int print_all(const struct reading *reading, FILE *out, size_t counts[2])
{
	print_complaints(manifests_complaints(reading->manifests), out, counts);
	print_complaints(&reading->complaints, out, counts);
	return counts[COMPLAINT_ERROR] ? 1 : 0;
}

int plan_check(const struct options *options, FILE *out)
{
	CLEANUP(close_reading) struct reading reading = { 0 };
	size_t counts[2] = { 0 };
	int r = open_reading(options, &reading);

	if (r < 0)
		return 1;
	r = cluster_each(reading.cluster, OBJECT_SERVICE, compile_one, &reading);
	if (r < 0) {
		fprintf(stderr, "headgated: the Services cannot be compiled (%s)\n",
			strerror(-r));
		return 1;
	}
	r = compile_policies(&reading, options);
	if (r < 0) {
		fprintf(stderr,
			"headgated: the NetworkPolicies cannot be compiled (%s)\n",
			strerror(-r));
		return 1;
	}
	slices_complain_of_orphans(reading.cluster, &reading.complaints);
	int result = print_all(&reading, out, counts);

	fprintf(out,
		"Services: %zu, EndpointSlices: %zu, NetworkPolicies: %zu, errors: %zu, "
		"warnings: %zu\n",
		cluster_count(reading.cluster, OBJECT_SERVICE),
		cluster_count(reading.cluster, OBJECT_ENDPOINT_SLICE),
		cluster_count(reading.cluster, OBJECT_NETWORK_POLICY),
		counts[COMPLAINT_ERROR], counts[COMPLAINT_WARNING]);
	return result;
}

int plan_print(const struct options *options, FILE *out)
{
	CLEANUP(close_reading) struct reading reading = { 0 };
	size_t counts[2] = { 0 };
	int r = open_reading(options, &reading);

	if (r < 0)
		return 1;
	r = compile_print_plan(&reading.input, out, &reading.complaints);
	int result = print_all(&reading, stderr, counts);

	if (r < 0 || fflush(out) != 0 || ferror(out)) {
		fprintf(stderr, "headgated: the plan cannot be printed (%s)\n",
			strerror(r < 0 ? -r : errno));
		return 1;
	}
	return result;
}
