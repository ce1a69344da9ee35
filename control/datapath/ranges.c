/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges of places: first fit over a sorted list of free extents. Neighbouring extents
 * are joined at once, so the list is as long as the map is fragmented.
 */
#include "ranges.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t even(uint32_t count)
{
	return count + (count & 1);
}

int ranges_open(struct ranges *ranges, uint32_t first, uint32_t size)
{
	struct extent *free_list = malloc(16 * sizeof(*free_list));

	if (!free_list)
		return -ENOMEM;
	first = even(first);
	size &= ~1U;
	free_list[0] = (struct extent){ first, size - first };
	*ranges = (struct ranges){
		.size = size, .free = free_list, .free_count = 1, .free_capacity = 16
	};
	return 0;
}

void ranges_close(struct ranges *ranges)
{
	free(ranges->free);
	free(ranges->deferred.entries);
	*ranges = (struct ranges){ 0 };
}

/* Each range held or resting may one day be an extent of its own. */
static int reserve(struct ranges *ranges)
{
	size_t holders = ranges->taken + ranges->deferred.count + 1;
	size_t need = ranges->free_count + holders + 1;
	int r = deferred_reserve(&ranges->deferred, ranges->taken + 1);

	if (r < 0)
		return r;
	if (need <= ranges->free_capacity)
		return 0;
	struct extent *list = realloc(ranges->free, 2 * need * sizeof(*list));
	if (!list)
		return -ENOMEM;
	ranges->free = list;
	ranges->free_capacity = 2 * need;
	return 0;
}

static void remove_extent(struct ranges *ranges, size_t at)
{
	memmove(ranges->free + at, ranges->free + at + 1,
		(--ranges->free_count - at) * sizeof(*ranges->free));
}

static void insert_extent(struct ranges *ranges, size_t at, struct extent extent)
{
	assert(ranges->free && ranges->free_count < ranges->free_capacity);
	memmove(ranges->free + at + 1, ranges->free + at,
		(ranges->free_count++ - at) * sizeof(*ranges->free));
	ranges->free[at] = extent;
}

int ranges_take(struct ranges *ranges, uint32_t count, uint32_t *ret_base)
{
	int r = reserve(ranges);

	if (r < 0)
		return r;
	count = even(count);
	for (size_t i = 0; i < ranges->free_count; i++) {
		struct extent *extent = &ranges->free[i];

		if (extent->count < count)
			continue;
		*ret_base = extent->base;
		extent->base += count;
		extent->count -= count;
		if (!extent->count)
			remove_extent(ranges, i);
		ranges->used += count;
		ranges->taken++;
		return 0;
	}
	return ranges->resting >= count ? -EAGAIN : -ENOSPC;
}

/* The first extent that ends after base. */
static size_t position(const struct ranges *ranges, uint32_t base)
{
	size_t low = 0, high = ranges->free_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct extent *extent = &ranges->free[middle];

		if (extent->base + extent->count > base)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

int ranges_claim(struct ranges *ranges, uint32_t base, uint32_t count)
{
	int r = reserve(ranges);

	if (r < 0)
		return r;
	if (!count || (base & 1) || base > ranges->size || count > ranges->size - base)
		return -ERANGE;
	count = even(count);
	size_t at = position(ranges, base);
	if (at == ranges->free_count)
		return -EEXIST;
	struct extent whole = ranges->free[at];
	uint32_t end = whole.base + whole.count;
	if (whole.base > base || end < base + count)
		return -EEXIST;
	remove_extent(ranges, at);
	if (end > base + count)
		insert_extent(ranges, at,
			      (struct extent){ base + count, end - base - count });
	if (base > whole.base)
		insert_extent(ranges, at,
			      (struct extent){ whole.base, base - whole.base });
	ranges->used += count;
	ranges->taken++;
	return 0;
}

static void free_range(struct ranges *ranges, uint32_t base, uint32_t count)
{
	size_t at = position(ranges, base);
	struct extent *next = at < ranges->free_count ? &ranges->free[at] : NULL;
	struct extent *before = at ? &ranges->free[at - 1] : NULL;

	assert(!next || next->base >= base + count);
	ranges->used -= count;
	if (before && before->base + before->count == base) {
		before->count += count;
		if (next && next->base == base + count) {
			before->count += next->count;
			remove_extent(ranges, at);
		}
		return;
	}
	if (next && next->base == base + count) {
		next->base = base;
		next->count += count;
		return;
	}
	insert_extent(ranges, at, (struct extent){ base, count });
}

void ranges_release(struct ranges *ranges, uint32_t base, uint32_t count, uint64_t now_ns)
{
	count = even(count);
	deferred_push(&ranges->deferred,
		      (struct deferred_free){ base, count, now_ns + QUARANTINE_NS });
	ranges->resting += count;
	ranges->taken--;
}

void ranges_give_back(struct ranges *ranges, uint32_t base, uint32_t count)
{
	free_range(ranges, base, even(count));
	ranges->taken--;
}

void ranges_tick(struct ranges *ranges, uint64_t now_ns)
{
	struct deferred_free entry;

	while (deferred_pop(&ranges->deferred, now_ns, &entry)) {
		ranges->resting -= entry.count;
		free_range(ranges, entry.base, entry.count);
	}
}
