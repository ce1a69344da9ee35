/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Longest-prefix match: one hash lookup per prefix length that occurs, longest first, the
 * local table before main. A lookup is made when a backend appears or routes change,
 * never per packet: with 10,000 routes it costs a few hash lookups, and one route more or
 * less costs one.
 */
#include "route.h"
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include "address.h"

static void free_list(struct routes *routes, struct route_list *list)
{
	struct route *route;

	while ((route = list->first)) {
		list->first = route->next;
		free(route);
	}
	HASH_DEL(routes->by_key, list);
	routes->lists[list->key.local][list->key.bits]--;
	free(list);
}

void routes_clear(struct routes *routes)
{
	struct route_list *list, *next;

	HASH_ITER (hh, routes->by_key, list, next)
		free_list(routes, list);
}

void routes_clearp(struct routes *routes)
{
	routes_clear(routes);
}

static struct route_list *find_list(const struct routes *routes,
				    const struct route_key *key)
{
	struct route_list *list;

	HASH_FIND(hh, routes->by_key, key, sizeof(*key), list);
	return list;
}

static struct route_list *get_list(struct routes *routes, const struct route_key *key)
{
	struct route_list *list = find_list(routes, key);

	if (list)
		return list;
	list = calloc(1, sizeof(*list));
	if (!list)
		return NULL;
	list->key = *key;
	HASH_ADD(hh, routes->by_key, key, sizeof(*key), list);
	if (!list->hh.tbl) {
		free(list);
		return NULL;
	}
	routes->lists[key->local][key->bits]++;
	return list;
}

int routes_append(struct routes *routes, const struct route_key *key, struct route *route)
{
	struct route_list *list = get_list(routes, key);
	struct route **place;

	if (!list) {
		free(route);
		return -ENOMEM;
	}
	for (place = &list->first; *place; place = &(*place)->next)
		if ((*place)->metric > route->metric)
			break;
	route->next = *place;
	*place = route;
	return 0;
}

static bool same_path(const struct route *a, const struct route *b)
{
	return a->type == b->type && a->count == b->count &&
	       memcmp(a->nexthops, b->nexthops, a->count * sizeof(a->nexthops[0])) == 0;
}

static bool same_route(const struct route *a, const struct route *b)
{
	return same_path(a, b) && a->mtu == b->mtu &&
	       addr_compare(&a->source, &b->source) == 0;
}

/* The place of the first route of this metric; *ret_count: how many there are. */
static struct route **find_metric(struct route_list *list, uint32_t metric,
				  unsigned *ret_count)
{
	struct route **place = &list->first;

	while (*place && (*place)->metric < metric)
		place = &(*place)->next;
	*ret_count = 0;
	for (const struct route *r = *place; r && r->metric == metric; r = r->next)
		(*ret_count)++;
	return place;
}

int routes_set(struct routes *routes, const struct route_key *key, struct route *route,
	       bool replace)
{
	struct route_list *list = find_list(routes, key);
	struct route **place, *old;
	unsigned count = 0;
	int r;

	place = list ? find_metric(list, route->metric, &count) : NULL;
	if (count == 0) {
		r = routes_append(routes, key, route);
		return r < 0 ? r : 1;
	}
	old = *place;
	if (count == 1 && same_route(old, route)) {
		free(route);
		return 0;
	}
	if (count > 1 || !replace) {
		free(route);
		return -ESTALE;
	}
	route->next = old->next;
	*place = route;
	free(old);
	return 1;
}

int routes_remove(struct routes *routes, const struct route_key *key,
		  const struct route *route)
{
	struct route_list *list = find_list(routes, key);
	struct route **place, *old;
	unsigned count = 0;

	place = list ? find_metric(list, route->metric, &count) : NULL;
	if (count == 0)
		return 0;
	if (count > 1 || !same_path(*place, route))
		return -ESTALE;
	old = *place;
	*place = old->next;
	free(old);
	if (!list->first)
		free_list(routes, list);
	return 1;
}

/* Remove what doomed() names. */
static bool drop(struct routes *routes,
		 bool (*doomed)(const void *context, struct route *route, bool is_v4),
		 const void *context)
{
	struct route_list *list, *next;
	bool changed = false;

	HASH_ITER (hh, routes->by_key, list, next) {
		bool is_v4 = addr_is_v4(&list->key.prefix) && list->key.bits >= 96;
		struct route **place = &list->first;

		while (*place) {
			struct route *route = *place;

			if (!doomed(context, route, is_v4)) {
				place = &route->next;
				continue;
			}
			*place = route->next;
			free(route);
			changed = true;
		}
		if (!list->first)
			free_list(routes, list);
	}
	return changed;
}

static bool is_dead(const void *context, struct route *route, bool is_v4)
{
	const struct nexthop_judge *judge = context;

	(void)is_v4;
	for (uint32_t i = 0; i < route->count; i++)
		if (judge->rank(judge->context, route->nexthops[i].ifindex) > 0)
			return false;
	return route->count > 0;
}

bool routes_drop_dead(struct routes *routes, const struct nexthop_judge *judge)
{
	return drop(routes, is_dead, judge);
}

static bool lost_source(const void *context, struct route *route, bool is_v4)
{
	if (addr_compare(&route->source, context) != 0)
		return false;
	if (is_v4)
		return true;
	route->source = (struct hg_addr){ 0 };
	return false;
}

bool routes_drop_source(struct routes *routes, const struct hg_addr *source)
{
	return drop(routes, lost_source, source);
}

static const struct nexthop *choose(const struct route *route,
				    const struct nexthop_judge *judge)
{
	const struct nexthop *best = NULL;
	int best_rank = 0;

	for (uint32_t i = 0; i < route->count; i++) {
		int rank = judge->rank(judge->context, route->nexthops[i].ifindex);

		if (rank > best_rank) {
			best = &route->nexthops[i];
			best_rank = rank;
		}
	}
	return best;
}

/* 1: decided, 0: a shorter prefix may answer, -ENETUNREACH: nothing may. */
static int decide(const struct route *route, const struct nexthop_judge *judge,
		  struct route_match *match)
{
	match->route = route;
	match->nexthop = NULL;
	switch (route->type) {
	case RTN_LOCAL:
		return 1;
	case RTN_UNICAST:
		match->nexthop = choose(route, judge);
		return match->nexthop != NULL;
	default:
		return -ENETUNREACH;
	}
}

static int find_in(const struct routes *routes, const struct hg_addr *addr,
		   const struct nexthop_judge *judge, struct route_key *key,
		   struct route_match *match)
{
	const struct route_list *list;
	int shortest = addr_is_v4(addr) ? 96 : 0;
	int r;

	for (int bits = 128; bits >= shortest; bits--) {
		if (!routes->lists[key->local][bits])
			continue;
		key->bits = (uint16_t)bits;
		key->prefix = addr_keep_bits(addr, (unsigned)bits);
		list = find_list(routes, key);
		for (const struct route *rt = list ? list->first : NULL; rt;
		     rt = rt->next) {
			if (rt->type == RTN_THROW)
				return 0;
			r = decide(rt, judge, match);
			if (r != 0)
				return r;
		}
	}
	return 0;
}

int routes_find(const struct routes *routes, const struct hg_addr *addr,
		const struct nexthop_judge *judge, struct route_match *ret_match)
{
	struct route_key key = { .local = 1 };
	struct route_match match;
	int r;

	r = find_in(routes, addr, judge, &key, &match);
	if (r == 0) {
		key.local = 0;
		r = find_in(routes, addr, judge, &key, &match);
	}
	if (r <= 0)
		return -ENETUNREACH;
	*ret_match = match;
	return 0;
}

static void visit_gateways(const struct route *route,
			   void (*visit)(void *context, const struct nexthop *nexthop),
			   void *context)
{
	for (uint32_t i = 0; i < route->count; i++)
		if (!addr_is_zero(&route->nexthops[i].gateway))
			visit(context, &route->nexthops[i]);
}

void routes_each_gateway(const struct routes *routes,
			 void (*visit)(void *context, const struct nexthop *nexthop),
			 void *context)
{
	for (const struct route_list *list = routes->by_key; list; list = list->hh.next)
		for (const struct route *r = list->first; r; r = r->next)
			visit_gateways(r, visit, context);
}

static bool mentions(const struct route *route, uint32_t ifindex)
{
	for (uint32_t i = 0; i < route->count; i++)
		if (route->nexthops[i].ifindex == ifindex)
			return true;
	return false;
}

bool routes_mention(const struct routes *routes, uint32_t ifindex)
{
	for (const struct route_list *list = routes->by_key; list; list = list->hh.next)
		for (const struct route *r = list->first; r; r = r->next)
			if (mentions(r, ifindex))
				return true;
	return false;
}
