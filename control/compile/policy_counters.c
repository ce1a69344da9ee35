/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A rule counts in each set that has it: what is told is the sum, together with what sets
 * that are gone have counted. What isolation denied is told of each policy that isolates.
 */
#include "policy_counters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DENIED UINT32_MAX

static struct policy_total *get_total(struct policy_title *title, bool is_egress,
				      uint32_t index, bool audit)
{
	struct policy_total *total;

	for (uint32_t i = 0; i < title->total_count; i++) {
		total = &title->totals[i];
		if (total->is_egress == is_egress && total->index == index &&
		    total->audit == audit)
			return total;
	}
	if (policy_room(&title->totals, &title->total_capacity, title->total_count + 1,
			sizeof(*total)) < 0)
		return NULL;
	total = &title->totals[title->total_count++];
	*total = (struct policy_total){ .is_egress = is_egress,
					.audit = audit,
					.index = index };
	return total;
}

static void add(struct policy_total *total, const struct hg_policy_counter *counter,
		bool to_live)
{
	struct hg_policy_counter *sum;

	if (!total)
		return;
	sum = to_live ? &total->live : &total->kept;
	sum->packets += counter->packets;
	sum->connections += counter->connections;
}

/* Everything a set has counted, to the totals of its policies. */
static void add_set(struct policy *policy, const struct policy_set *set, bool to_live)
{
	const struct hg_policy_counter *counters =
	    &policy->tables.counters[set->counter_base];

	for (uint32_t i = 0; i < set->bit_count; i++) {
		const struct policy_bit *bit = &set->bits[i];

		add(get_total(bit->title, set->is_egress, bit->rule, bit->audit),
		    &counters[i], to_live);
	}
	for (uint32_t i = 0; i < set->isolating_count; i++) {
		const struct policy_isolating *isolating = &set->isolating[i];

		add(get_total(isolating->title, set->is_egress, DENIED, isolating->audit),
		    &counters[set->bit_count + isolating->audit], to_live);
	}
}

void policy_counters_keep(struct policy *policy, const struct policy_set *set)
{
	add_set(policy, set, false);
}

static void gather(struct policy *policy)
{
	struct policy_title *title;
	uint32_t cursor = 0;

	while ((title = policy_hash_next(&policy->titles, &cursor))) {
		for (uint32_t i = 0; i < title->total_count; i++)
			title->totals[i].live = (struct hg_policy_counter){ 0 };
	}
	for (struct policy_set *set = policy->sets; set; set = set->next) {
		if (set->number)
			add_set(policy, set, true);
	}
}

static int visit_title(const struct policy_title *title,
		       int (*visit)(void *context, const struct policy_rule *rule,
				    const struct hg_policy_counter *counter),
		       void *context)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < title->total_count; i++) {
		const struct policy_total *total = &title->totals[i];
		struct policy_rule rule = { title->namespace, title->name,
					    total->is_egress, total->index,
					    total->audit };
		struct hg_policy_counter sum = {
			total->kept.packets + total->live.packets,
			total->kept.connections + total->live.connections,
		};

		r = visit(context, &rule, &sum);
	}
	return r;
}

int policy_each_counter(struct policy *policy,
			int (*visit)(void *context, const struct policy_rule *rule,
				     const struct hg_policy_counter *counter),
			void *context)
{
	const struct policy_title *title;
	uint32_t cursor = 0;
	int r = 0;

	gather(policy);
	while (r == 0 && (title = policy_hash_next(&policy->titles, &cursor)))
		r = visit_title(title, visit, context);
	return r;
}
