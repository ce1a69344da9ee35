/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A binary heap over pointers to embedded entries; each entry knows its place, so moving
 * and removing one costs O(log n) without a search.
 */
#include "schedule.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int schedule_reserve(struct schedule *schedule, size_t entries)
{
	size_t capacity = schedule->capacity ? schedule->capacity : 64;

	if (entries <= schedule->capacity)
		return 0;
	while (capacity < entries)
		capacity *= 2;
	void *heap = reallocarray(schedule->heap, capacity + 1, sizeof(*schedule->heap));

	if (!heap)
		return -ENOMEM;
	schedule->heap = heap;
	schedule->capacity = capacity;
	return 0;
}

static void put(struct schedule *schedule, struct schedule_entry *entry, size_t place)
{
	schedule->heap[place] = entry;
	entry->place = place;
}

static void rise(struct schedule *schedule, struct schedule_entry *entry)
{
	size_t place = entry->place;

	while (place > 1 && schedule->heap[place / 2]->due_ms > entry->due_ms) {
		put(schedule, schedule->heap[place / 2], place);
		place /= 2;
	}
	put(schedule, entry, place);
}

static void sink(struct schedule *schedule, struct schedule_entry *entry)
{
	struct schedule_entry **heap = schedule->heap;
	size_t place = entry->place;

	for (;;) {
		size_t child = place * 2;

		if (child > schedule->count)
			break;
		if (child < schedule->count &&
		    heap[child + 1]->due_ms < heap[child]->due_ms)
			child++;
		if (heap[child]->due_ms >= entry->due_ms)
			break;
		put(schedule, heap[child], place);
		place = child;
	}
	put(schedule, entry, place);
}

void schedule_set(struct schedule *schedule, struct schedule_entry *entry,
		  uint64_t due_ms)
{
	entry->due_ms = due_ms;
	if (!entry->place) {
		assert(schedule->count < schedule->capacity);
		put(schedule, entry, ++schedule->count);
	}
	rise(schedule, entry);
	sink(schedule, entry);
}

void schedule_remove(struct schedule *schedule, struct schedule_entry *entry)
{
	if (!entry->place)
		return;
	struct schedule_entry *last = schedule->heap[schedule->count--];

	if (last != entry) {
		put(schedule, last, entry->place);
		rise(schedule, last);
		sink(schedule, last);
	}
	entry->place = 0;
}

struct schedule_entry *schedule_first(const struct schedule *schedule)
{
	return schedule->count ? schedule->heap[1] : NULL;
}

void schedule_free(struct schedule *schedule)
{
	free(schedule->heap);
	*schedule = (struct schedule){ 0 };
}
