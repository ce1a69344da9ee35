/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_intervals.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "policy_classes.h"

/* Index of the first that is not less. */
static uint32_t lower_bound(const struct policy_id_list *list, uint32_t id)
{
	uint32_t low = 0, high = list->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (list->items[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int policy_id_add(struct policy_id_list *list, uint32_t id)
{
	uint32_t at = lower_bound(list, id);

	if (policy_room(&list->items, &list->capacity, list->count + 1,
			sizeof(*list->items)) < 0)
		return -ENOMEM;
	memmove(list->items + at + 1, list->items + at,
		(list->count - at) * sizeof(*list->items));
	list->items[at] = id;
	list->count++;
	return 0;
}

int policy_id_remove(struct policy_id_list *list, uint32_t id)
{
	uint32_t at = lower_bound(list, id);

	assert(at < list->count && list->items[at] == id);
	list->count--;
	memmove(list->items + at, list->items + at + 1,
		(list->count - at) * sizeof(*list->items));
	return 0;
}

void policy_id_clear(struct policy_id_list *list)
{
	free(list->items);
	*list = (struct policy_id_list){ 0 };
}

int policy_intervals_add(struct policy_classes *classes,
			 struct policy_intervals *intervals, uint32_t first,
			 const struct policy_id_list *ids)
{
	uint32_t class;
	int r;

	if (policy_room(&intervals->items, &intervals->capacity, intervals->count + 1,
			sizeof(*intervals->items)) < 0)
		return -ENOMEM;
	r = policy_classes_take(classes, ids->items, ids->count, &class);
	if (r < 0)
		return r;
	if (intervals->count && intervals->items[intervals->count - 1].class == class)
		policy_classes_drop(classes, class);
	else
		intervals->items[intervals->count++] =
		    (struct policy_interval){ first, class };
	return 0;
}

void policy_intervals_clear(struct policy_classes *classes,
			    struct policy_intervals *intervals)
{
	for (uint32_t i = 0; i < intervals->count; i++)
		policy_classes_drop(classes, intervals->items[i].class);
	free(intervals->items);
	*intervals = (struct policy_intervals){ 0 };
}

/* ---- differences ---- */
static int add_span(struct policy_spans *spans, uint32_t first, uint32_t last)
{
	if (spans->count && spans->items[spans->count - 1].last + 1 == first) {
		spans->items[spans->count - 1].last = last;
		return 0;
	}
	if (policy_room(&spans->items, &spans->capacity, spans->count + 1,
			sizeof(*spans->items)) < 0)
		return -ENOMEM;
	spans->items[spans->count++] = (struct policy_span){ first, last };
	return 0;
}

/* The last number before the next run, UINT32_MAX when there is none. */
static uint32_t last_of(const struct policy_intervals *intervals, uint32_t at)
{
	return at + 1 < intervals->count ? intervals->items[at + 1].first - 1
					 : UINT32_MAX;
}

int policy_spans_find(const struct policy_intervals *old,
		      const struct policy_intervals *new, struct policy_spans *spans)
{
	uint32_t i = 0, j = 0, first = 0, last;
	int r = 0;

	spans->count = 0;
	if (!old->count)
		return add_span(spans, 0, UINT32_MAX);
	for (;;) {
		uint32_t old_last = last_of(old, i), new_last = last_of(new, j);

		last = old_last < new_last ? old_last : new_last;
		if (old->items[i].class != new->items[j].class)
			r = add_span(spans, first, last);
		if (r < 0 || last == UINT32_MAX)
			return r;
		i += old_last == last;
		j += new_last == last;
		first = last + 1;
	}
}

bool policy_spans_contain(const struct policy_spans *spans, uint32_t number)
{
	uint32_t low = 0, high = spans->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (spans->items[middle].last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < spans->count && spans->items[low].first <= number;
}
