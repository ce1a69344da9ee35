/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue of released places that wait for the end of their quarantine. */
#include "ranges.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int deferred_reserve(struct deferred *deferred, size_t more)
{
	if (deferred->count + more <= deferred->capacity / 2)
		return 0;
	size_t capacity = (deferred->count + more) * 3 + 16;
	struct deferred_free *entries = malloc(capacity * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	if (deferred->count)
		memcpy(entries, deferred->entries + deferred->head,
		       deferred->count * sizeof(*entries));
	free(deferred->entries);
	*deferred = (struct deferred){ entries, 0, deferred->count, capacity };
	return 0;
}

void deferred_push(struct deferred *deferred, struct deferred_free entry)
{
	assert(deferred->count < deferred->capacity);
	if (deferred->head + deferred->count == deferred->capacity) {
		memmove(deferred->entries, deferred->entries + deferred->head,
			deferred->count * sizeof(*deferred->entries));
		deferred->head = 0;
	}
	deferred->entries[deferred->head + deferred->count++] = entry;
}

bool deferred_pop(struct deferred *deferred, uint64_t now_ns,
		  struct deferred_free *ret_entry)
{
	if (!deferred->count || deferred->entries[deferred->head].due_ns > now_ns)
		return false;
	*ret_entry = deferred->entries[deferred->head++];
	if (!--deferred->count)
		deferred->head = 0;
	return true;
}
