/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is due when: a binary heap of entries that their owners embed. Pure. One uv_timer
 * armed for the first entry replaces a timer per check.
 */
#ifndef HEALTH_SCHEDULE_H
#define HEALTH_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

struct schedule_entry {
	uint64_t due_ms;
	size_t place; /* in heap[], from 1; 0: not scheduled */
};

struct schedule {
	struct schedule_entry **heap; /* heap[1] is due first; heap[0] is unused */
	size_t count;
	size_t capacity;
};

/* Room for this many entries in all, so that schedule_set() cannot fail. 0 or -ENOMEM. */
int schedule_reserve(struct schedule *schedule, size_t entries);
/* Schedule an entry, or move it. Its place was reserved. */
void schedule_set(struct schedule *schedule, struct schedule_entry *entry,
		  uint64_t due_ms);
void schedule_remove(struct schedule *schedule, struct schedule_entry *entry);
/* NULL when nothing is scheduled. */
struct schedule_entry *schedule_first(const struct schedule *schedule);
void schedule_free(struct schedule *schedule); /* entries belong to their owners */

#endif
