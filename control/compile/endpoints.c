/* SPDX-License-Identifier: BSD-2-Clause */
#include "endpoints.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct collector {
	const struct endpoint_query *query;
	struct endpoint_list *list;
};

static int append(struct endpoint_list *list, struct endpoint endpoint)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 16;
		struct endpoint *items;

		items = reallocarray(list->items, capacity, sizeof(*items));
		if (!items)
			return -ENOMEM;
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = endpoint;
	return 0;
}

/* An endpoint whose address is of another family than its slice says is not used. */
static int append_all(struct endpoint_list *list, const struct endpoint_slice *slice,
		      uint16_t port)
{
	for (size_t i = 0; i < slice->endpoint_count; i++) {
		const struct slice_endpoint *from = &slice->endpoints[i];
		int r;

		if (addr_is_v4(&from->addr) == slice->is_v6)
			continue;
		r = append(list, (struct endpoint){ .from = from, .port = port });
		if (r < 0)
			return r;
	}
	return 0;
}

static int collect_slice(void *context, const struct object *object)
{
	struct collector *collector = context;
	const struct endpoint_slice *slice = &object->slice;
	const struct service_port *wanted = collector->query->port;
	int r;

	if (slice->skip || slice->is_v6 != collector->query->is_v6)
		return 0;
	for (size_t i = 0; i < slice->port_count; i++) {
		const struct slice_port *port = &slice->ports[i];

		if (port->protocol != wanted->protocol ||
		    strcmp(port->name, wanted->name) != 0)
			continue;
		r = append_all(collector->list, slice, port->port);
		if (r < 0)
			return r;
	}
	return 0;
}

static int same_place(const struct endpoint *a, const struct endpoint *b)
{
	int order = addr_compare(&a->from->addr, &b->from->addr);

	return order ? order : (int)a->port - (int)b->port;
}

static int prefer(bool a, bool b)
{
	return (int)b - (int)a;
}

/*
 * Duplicates are normal while slices are rewritten. The best comes first: not terminating
 * (the address was reused), ready, serving; then whatever tells them apart, so that every
 * node decides alike.
 */
static int by_place_then_merit(const void *x, const void *y)
{
	const struct endpoint *a = x, *b = y;
	int order = same_place(a, b);

	if (!order)
		order = prefer(!a->from->terminating, !b->from->terminating);
	if (!order)
		order = prefer(a->from->ready, b->from->ready);
	if (!order)
		order = prefer(a->from->serving, b->from->serving);
	if (!order)
		order = (int)b->from->weight - (int)a->from->weight;
	if (!order)
		order = strcmp(a->from->node_name ? a->from->node_name : "",
			       b->from->node_name ? b->from->node_name : "");
	return order;
}

static void remove_duplicates(struct endpoint_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (kept && same_place(&list->items[kept - 1], &list->items[i]) == 0)
			continue;
		list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

int endpoints_collect(const struct endpoint_query *query, struct endpoint_list *ret_list)
{
	struct endpoint_list list = { 0 };
	struct collector collector = { .query = query, .list = &list };
	int r;

	r = cluster_each_slice(query->cluster, query->namespace, query->service,
			       collect_slice, &collector);
	if (r < 0) {
		endpoints_clear(&list);
		return r;
	}
	if (list.count)
		qsort(list.items, list.count, sizeof(list.items[0]), by_place_then_merit);
	remove_duplicates(&list);
	*ret_list = list;
	return 0;
}

void endpoints_clear(struct endpoint_list *list)
{
	free(list->items);
	*list = (struct endpoint_list){ 0 };
}

static bool names_contain(char *const *names, const char *name)
{
	for (; names && *names; names++) {
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
}

static bool is_ready(const struct endpoint *endpoint)
{
	return endpoint->from->ready;
}

static bool is_draining(const struct endpoint *endpoint)
{
	return endpoint->from->serving && endpoint->from->terminating;
}

bool endpoint_is_usable(const struct endpoint *endpoint)
{
	return is_ready(endpoint) || is_draining(endpoint);
}

enum level { LEVEL_NODE, LEVEL_ZONE, LEVEL_NONE };

static char *const *hints_of(const struct endpoint *endpoint, enum level level)
{
	const struct endpoint_hints *hints = endpoint->from->hints;

	if (!hints)
		return NULL;
	return level == LEVEL_NODE ? hints->nodes : hints->zones;
}

/* A level counts when every ready endpoint has a hint of it and one names us. */
static bool level_applies(const struct endpoint_list *list, enum level level,
			  const char *here)
{
	bool any_here = false;

	if (!here)
		return false;
	for (size_t i = 0; i < list->count; i++) {
		char *const *hints = hints_of(&list->items[i], level);

		if (!is_ready(&list->items[i]))
			continue;
		if (!hints || !*hints)
			return false;
		any_here = any_here || names_contain(hints, here);
	}
	return any_here;
}

static size_t choose_hinted(const struct endpoint_list *list, enum level level,
			    const char *here, bool *chosen)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct endpoint *endpoint = &list->items[i];

		chosen[i] = is_ready(endpoint) &&
			    (level == LEVEL_NONE ||
			     names_contain(hints_of(endpoint, level), here));
		count += chosen[i];
	}
	return count;
}

static size_t choose_where(const struct endpoint_list *list, const char *node,
			   bool (*test)(const struct endpoint *), bool *chosen)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct endpoint *endpoint = &list->items[i];
		bool is_here = !node || (endpoint->from->node_name &&
					 strcmp(endpoint->from->node_name, node) == 0);

		chosen[i] = is_here && test(endpoint);
		count += chosen[i];
	}
	return count;
}

size_t endpoints_choose(const struct endpoint_list *list, bool local,
			const struct viewpoint *viewpoint, bool *chosen)
{
	const char *node = viewpoint->node_name;
	size_t count;

	if (local) {
		count = choose_where(list, node, is_ready, chosen);
		return count ? count : choose_where(list, node, is_draining, chosen);
	}
	if (level_applies(list, LEVEL_NODE, node))
		return choose_hinted(list, LEVEL_NODE, node, chosen);
	if (level_applies(list, LEVEL_ZONE, viewpoint->zone))
		return choose_hinted(list, LEVEL_ZONE, viewpoint->zone, chosen);
	count = choose_hinted(list, LEVEL_NONE, NULL, chosen);
	return count ? count : choose_where(list, NULL, is_draining, chosen);
}
