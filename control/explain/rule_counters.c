/* SPDX-License-Identifier: BSD-2-Clause */
#include "rule_counters.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int add(void *context, const struct policy_rule *rule,
	       const struct hg_policy_counter *counter)
{
	struct counters *counters = context;

	if (counters->count == counters->capacity) {
		size_t capacity = counters->capacity ? counters->capacity * 2 : 64;
		struct rule_counter *items =
		    reallocarray(counters->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		counters->items = items;
		counters->capacity = capacity;
	}
	counters->items[counters->count++] = (struct rule_counter){ *rule, *counter };
	return 0;
}

static int by_policy(const struct policy_rule *a, const struct policy_rule *b)
{
	int order = strcmp(a->namespace, b->namespace);

	return order ? order : strcmp(a->name, b->name);
}

static int compare(const void *x, const void *y)
{
	return by_policy(&((const struct rule_counter *)x)->rule,
			 &((const struct rule_counter *)y)->rule);
}

int rule_counters_gather(const struct explain_input *input, struct counters *ret_counters)
{
	struct counters counters = { .is_known = input->counters };
	int r = 0;

	if (input->counters && input->policy)
		r = policy_each_counter(input->policy, add, &counters);
	if (r < 0) {
		rule_counters_clear(&counters);
		return r;
	}
	if (counters.count)
		qsort(counters.items, counters.count, sizeof(*counters.items), compare);
	*ret_counters = counters;
	return 0;
}

void rule_counters_clear(struct counters *counters)
{
	free(counters->items);
	*counters = (struct counters){ 0 };
}

/* The first counter of a policy; count when it has none. */
static size_t first_of(const struct counters *counters, const struct policy_rule *rule)
{
	size_t low = 0, high = counters->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_policy(&counters->items[middle].rule, rule) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum sum { SUM_RULE, SUM_RULES, SUM_DENIED, SUM_AUDIT };

static bool counts(const struct rule_counter *rule_counter, enum sum sum,
		   const struct policy_rule *rule)
{
	bool is_denial = rule_counter->rule.index == UINT_MAX;

	switch (sum) {
	case SUM_RULE:
		return rule_counter->rule.index == rule->index &&
		       rule_counter->rule.is_egress == rule->is_egress;
	case SUM_RULES:
		return !is_denial;
	case SUM_DENIED:
		return is_denial && !rule_counter->rule.audit;
	case SUM_AUDIT:
		return is_denial && rule_counter->rule.audit;
	default:
		return false;
	}
}

static struct hg_policy_counter add_up(const struct counters *counters, enum sum sum,
				       const struct policy_rule *rule)
{
	struct hg_policy_counter total = { 0 };

	for (size_t i = first_of(counters, rule); i < counters->count; i++) {
		const struct rule_counter *rule_counter = &counters->items[i];

		if (by_policy(&rule_counter->rule, rule) != 0)
			break;
		if (!counts(rule_counter, sum, rule))
			continue;
		total.packets += rule_counter->counter.packets;
		total.connections += rule_counter->counter.connections;
	}
	return total;
}

static void put(struct body *body, struct json_object *item,
		struct hg_policy_counter total)
{
	body_number(body, item, "packets", total.packets);
	body_number(body, item, "connections", total.connections);
}

void rule_counters_put_rule(const struct counters *counters, const struct object *policy,
			    bool is_egress, size_t index, struct body *body,
			    struct json_object *item)
{
	const struct policy_rule rule = { .namespace = policy->namespace,
					  .name = policy->name,
					  .is_egress = is_egress,
					  .index = (unsigned)index };

	if (counters->is_known)
		put(body, item, add_up(counters, SUM_RULE, &rule));
}

void rule_counters_put_policy(const struct counters *counters,
			      const struct object *policy, struct body *body,
			      struct json_object *item)
{
	const struct policy_rule any = { .namespace = policy->namespace,
					 .name = policy->name };

	if (!counters->is_known)
		return;
	put(body, item, add_up(counters, SUM_RULES, &any));
	body_number(body, item, "deniedPackets",
		    add_up(counters, SUM_DENIED, &any).packets);
	body_number(body, item, "auditDeniedPackets",
		    add_up(counters, SUM_AUDIT, &any).packets);
}
