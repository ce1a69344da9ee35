/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>

#include "views.h"

static int append(void *context, const struct datapath_backend_view *view)
{
	struct views *views = context;

	if (views->count == views->capacity) {
		size_t capacity = views->capacity ? views->capacity * 2 : 16;
		struct datapath_backend_view *items =
		    reallocarray(views->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		views->items = items;
		views->capacity = capacity;
	}
	views->items[views->count++] = *view;
	return 0;
}

static int compare_backend(const struct datapath_backend_view *a,
			   const struct hg_addr *addr, uint16_t port)
{
	int order = addr_compare(&a->addr, addr);

	return order ? order : (int)a->port - (int)port;
}

static int compare_views(const void *left, const void *right)
{
	const struct datapath_backend_view *a = left, *b = right;
	int order = compare_backend(a, &b->addr, b->port);

	return order ? order : addr_compare(&a->vip, &b->vip);
}

int views_read(const struct api_state *api, const char *port_key, struct views *ret_views)
{
	struct views views = { 0 };
	int r = api->each_backend(api->context, port_key, append, &views);

	if (r < 0 && r != -ENOENT) {
		views_clear(&views);
		return r;
	}
	if (views.count)
		qsort(views.items, views.count, sizeof(*views.items), compare_views);
	*ret_views = views;
	return 0;
}

void views_clear(struct views *views)
{
	free(views->items);
	*views = (struct views){ 0 };
}

size_t views_find(const struct views *views, const struct hg_addr *addr, uint16_t port,
		  size_t *ret_first)
{
	size_t low = 0, high = views->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_backend(&views->items[middle], addr, port) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < views->count; high++) {
		if (compare_backend(&views->items[high], addr, port) != 0)
			break;
	}
	*ret_first = low;
	return high - low;
}

void views_add(struct datapath_counters *sum, const struct datapath_counters *counters)
{
	for (int direction = 0; direction < 2; direction++) {
		sum->packets[direction] += counters->packets[direction];
		sum->bytes[direction] += counters->bytes[direction];
	}
	sum->created += counters->created;
	sum->active += counters->active;
}
