/* SPDX-License-Identifier: BSD-2-Clause */
#include "pods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int add(void *context, const struct object *pod)
{
	struct pods *pods = context;

	if (pods->count == pods->capacity) {
		size_t capacity = pods->capacity ? pods->capacity * 2 : 64;
		const struct object **items =
		    reallocarray(pods->items, capacity, sizeof(struct object *));

		if (!items)
			return -ENOMEM;
		pods->items = items;
		pods->capacity = capacity;
	}
	pods->items[pods->count++] = pod;
	return 0;
}

int pods_gather(const struct cluster *cluster, struct pods *ret_pods)
{
	struct pods pods = { 0 };
	int r = cluster_each(cluster, OBJECT_POD, add, &pods);

	if (r < 0)
		pods_clear(&pods);
	else
		*ret_pods = pods;
	return r;
}

void pods_clear(struct pods *pods)
{
	free(pods->items);
	*pods = (struct pods){ 0 };
}

const struct object *const *pods_of(const struct pods *pods, const char *namespace,
				    size_t *ret_count)
{
	size_t low = 0, high = pods->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(pods->items[middle]->namespace, namespace) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (high < pods->count && strcmp(pods->items[high]->namespace, namespace) == 0)
		high++;
	*ret_count = high - low;
	return low ? pods->items + low : pods->items; /* NULL when there are none */
}
