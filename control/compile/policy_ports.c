/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "policy_classes.h"
#include "policy_intervals.h"
#include "policy_terms.h"

/* ---- terms ---- */
static int order_ranges(const void *a, const void *b)
{
	const struct policy_range *x = a, *y = b;

	if (x->protocol != y->protocol)
		return x->protocol - y->protocol;
	return x->first != y->first ? x->first - y->first : x->last - y->last;
}

static uint32_t merge(struct policy_range *ranges, uint32_t count)
{
	uint32_t kept = 0;

	qsort(ranges, count, sizeof(*ranges), order_ranges);
	for (uint32_t i = 0; i < count; i++) {
		struct policy_range *last = kept ? &ranges[kept - 1] : NULL;

		if (!last || last->protocol != ranges[i].protocol ||
		    ranges[i].first > last->last + 1)
			ranges[kept++] = ranges[i];
		else if (ranges[i].last > last->last)
			last->last = ranges[i].last;
	}
	return kept;
}

struct ranges {
	const struct policy_range *items;
	uint32_t count;
};

static bool is_same(const void *item, const void *key)
{
	const struct policy_ports *ports = item;
	const struct ranges *ranges = key;

	return ports->count == ranges->count &&
	       memcmp(ports->ranges, ranges->items,
		      ranges->count * sizeof(*ranges->items)) == 0;
}

struct policy_term *policy_ports_take(struct policy *policy, struct policy_range *ranges,
				      uint32_t count)
{
	struct ranges key = { ranges, merge(ranges, count) };
	size_t size = key.count * sizeof(*ranges);
	uint32_t hash = policy_hash_bytes(2, ranges, size);
	struct policy_ports *ports =
	    policy_hash_find(&policy->terms[POLICY_PORTS], hash, is_same, &key);

	if (!ports) {
		if (policy_hash_reserve(&policy->terms[POLICY_PORTS], 1) < 0)
			return NULL;
		ports = calloc(1, sizeof(*ports) + size);
		if (!ports)
			return NULL;
		ports->term.side = POLICY_PORTS;
		ports->term.hash = hash;
		ports->count = key.count;
		memcpy(ports->ranges, ranges, size);
		policy_hash_add(&policy->terms[POLICY_PORTS], hash, ports);
	}
	policy_term_hold(&ports->term);
	return &ports->term;
}

/* ---- classes: a sweep over all ports of all protocols ---- */
struct edge {
	uint32_t at; /* protocol << 16 | port */
	uint32_t id;
	bool begins;
};

static int order_edges(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static int list_edges(struct policy *policy, struct edge **ret_edges, size_t *ret_count)
{
	size_t count = 0, used = 0;
	struct edge *edges;

	for (uint32_t i = 1; i < policy->active_capacity[POLICY_PORTS]; i++) {
		const struct policy_term *term = policy->active[POLICY_PORTS][i];

		if (term && term->activity == POLICY_ACTIVE)
			count += 2UL * ((const struct policy_ports *)term)->count;
	}
	edges = calloc(count + 1, sizeof(*edges));
	if (!edges)
		return -ENOMEM;
	for (uint32_t i = 1; i < policy->active_capacity[POLICY_PORTS]; i++) {
		const struct policy_term *term = policy->active[POLICY_PORTS][i];
		const struct policy_ports *ports = (const struct policy_ports *)term;

		if (!term || term->activity != POLICY_ACTIVE)
			continue;
		for (uint32_t j = 0; j < ports->count; j++) {
			const struct policy_range *range = &ports->ranges[j];
			uint32_t base = range->protocol * HG_POLICY_PORTS;

			edges[used++] = (struct edge){ base + range->first, i, true };
			edges[used++] = (struct edge){ base + range->last + 1, i, false };
		}
	}
	qsort(edges, used, sizeof(*edges), order_edges);
	*ret_edges = edges;
	*ret_count = used;
	return 0;
}

static int cross(struct policy_id_list *ids, const struct edge *edge)
{
	return edge->begins ? policy_id_add(ids, edge->id)
			    : policy_id_remove(ids, edge->id);
}

static int sweep(struct policy *policy, const struct edge *edges, size_t count,
		 struct policy_intervals *intervals)
{
	struct policy_classes *classes = &policy->classes[POLICY_PORTS];
	struct policy_id_list ids = { 0 };
	uint32_t at = 0;
	int r = 0;

	for (size_t i = 0; r == 0;) {
		for (; r == 0 && i < count && edges[i].at == at; i++)
			r = cross(&ids, &edges[i]);
		if (r < 0)
			break;
		r = policy_intervals_add(classes, intervals, at, &ids);
		if (i == count)
			break;
		at = edges[i].at;
	}
	policy_id_clear(&ids);
	return r;
}

int policy_ports_plan(struct policy *policy, struct policy_intervals *ret_classes)
{
	struct policy_intervals intervals = { 0 };
	struct edge *edges;
	size_t count;
	int r = list_edges(policy, &edges, &count);

	if (r < 0)
		return r;
	r = sweep(policy, edges, count, &intervals);
	free(edges);
	if (r < 0) {
		policy_intervals_clear(&policy->classes[POLICY_PORTS], &intervals);
		return r;
	}
	*ret_classes = intervals;
	return 0;
}

void policy_ports_write(struct policy *policy, const struct policy_intervals *classes)
{
	uint32_t total = HG_POLICY_PROTOCOLS * HG_POLICY_PORTS;
	uint16_t *places = policy->tables.ports + (policy->bank ? total : 0);

	for (uint32_t i = 0; i < classes->count; i++) {
		uint32_t end =
		    i + 1 < classes->count ? classes->items[i + 1].first : total;
		uint16_t class = (uint16_t)classes->items[i].class;

		for (uint32_t at = classes->items[i].first; at < end; at++) {
			if (places[at] != class)
				__atomic_store_n(&places[at], class, __ATOMIC_RELEASE);
		}
	}
}
