/* SPDX-License-Identifier: BSD-2-Clause */
#include "tally.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int add(void *context, const struct policy_rule *rule,
	       const struct hg_policy_counter *counter)
{
	struct tallies *tallies = context;

	if (tallies->count == tallies->capacity) {
		size_t capacity = tallies->capacity ? tallies->capacity * 2 : 64;
		struct tally *items =
		    reallocarray(tallies->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		tallies->items = items;
		tallies->capacity = capacity;
	}
	tallies->items[tallies->count++] = (struct tally){ *rule, *counter };
	return 0;
}

static int by_policy(const struct policy_rule *a, const struct policy_rule *b)
{
	int order = strcmp(a->namespace, b->namespace);

	return order ? order : strcmp(a->name, b->name);
}

static int compare(const void *x, const void *y)
{
	return by_policy(&((const struct tally *)x)->rule,
			 &((const struct tally *)y)->rule);
}

int tallies_gather(const struct explain_input *input, struct tallies *ret_tallies)
{
	struct tallies tallies = { .is_known = input->counters };
	int r = 0;

	if (input->counters && input->policy)
		r = policy_each_counter(input->policy, add, &tallies);
	if (r < 0) {
		tallies_clear(&tallies);
		return r;
	}
	if (tallies.count)
		qsort(tallies.items, tallies.count, sizeof(*tallies.items), compare);
	*ret_tallies = tallies;
	return 0;
}

void tallies_clear(struct tallies *tallies)
{
	free(tallies->items);
	*tallies = (struct tallies){ 0 };
}

/* The first tally of a policy; count when it has none. */
static size_t first_of(const struct tallies *tallies, const struct policy_rule *rule)
{
	size_t low = 0, high = tallies->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (by_policy(&tallies->items[middle].rule, rule) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

enum sum { SUM_RULE, SUM_RULES, SUM_DENIED, SUM_AUDIT };

static bool counts(const struct tally *tally, enum sum sum,
		   const struct policy_rule *rule)
{
	bool is_denial = tally->rule.index == UINT_MAX;

	switch (sum) {
	case SUM_RULE:
		return tally->rule.index == rule->index &&
		       tally->rule.is_egress == rule->is_egress;
	case SUM_RULES:
		return !is_denial;
	case SUM_DENIED:
		return is_denial && !tally->rule.audit;
	case SUM_AUDIT:
		return is_denial && tally->rule.audit;
	default:
		return false;
	}
}

static struct hg_policy_counter add_up(const struct tallies *tallies, enum sum sum,
				       const struct policy_rule *rule)
{
	struct hg_policy_counter total = { 0 };

	for (size_t i = first_of(tallies, rule); i < tallies->count; i++) {
		const struct tally *tally = &tallies->items[i];

		if (by_policy(&tally->rule, rule) != 0)
			break;
		if (!counts(tally, sum, rule))
			continue;
		total.packets += tally->counter.packets;
		total.connections += tally->counter.connections;
	}
	return total;
}

static void put(struct body *body, struct json_object *item,
		struct hg_policy_counter total)
{
	body_number(body, item, "packets", total.packets);
	body_number(body, item, "connections", total.connections);
}

void tallies_put_rule(const struct tallies *tallies, const struct object *policy,
		      bool is_egress, size_t index, struct body *body,
		      struct json_object *item)
{
	const struct policy_rule rule = { .namespace = policy->namespace,
					  .name = policy->name,
					  .is_egress = is_egress,
					  .index = (unsigned)index };

	if (tallies->is_known)
		put(body, item, add_up(tallies, SUM_RULE, &rule));
}

void tallies_put_policy(const struct tallies *tallies, const struct object *policy,
			struct body *body, struct json_object *item)
{
	const struct policy_rule any = { .namespace = policy->namespace,
					 .name = policy->name };

	if (!tallies->is_known)
		return;
	put(body, item, add_up(tallies, SUM_RULES, &any));
	body_number(body, item, "deniedPackets",
		    add_up(tallies, SUM_DENIED, &any).packets);
	body_number(body, item, "auditDeniedPackets",
		    add_up(tallies, SUM_AUDIT, &any).packets);
}
