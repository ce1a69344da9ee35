/* SPDX-License-Identifier: BSD-2-Clause */
/* The queue of released places that wait for the end of their quarantine. */
#include "ranges.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int limbo_reserve(struct limbo *limbo, size_t more)
{
	if (limbo->count + more <= limbo->capacity / 2)
		return 0;
	size_t capacity = (limbo->count + more) * 3 + 16;
	struct limbo_entry *entries = malloc(capacity * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	if (limbo->count)
		memcpy(entries, limbo->entries + limbo->head,
		       limbo->count * sizeof(*entries));
	free(limbo->entries);
	*limbo = (struct limbo){ entries, 0, limbo->count, capacity };
	return 0;
}

void limbo_push(struct limbo *limbo, struct limbo_entry entry)
{
	assert(limbo->count < limbo->capacity);
	if (limbo->head + limbo->count == limbo->capacity) {
		memmove(limbo->entries, limbo->entries + limbo->head,
			limbo->count * sizeof(*limbo->entries));
		limbo->head = 0;
	}
	limbo->entries[limbo->head + limbo->count++] = entry;
}

bool limbo_pop(struct limbo *limbo, uint64_t now_ns, struct limbo_entry *ret_entry)
{
	if (!limbo->count || limbo->entries[limbo->head].due_ns > now_ns)
		return false;
	*ret_entry = limbo->entries[limbo->head++];
	if (!--limbo->count)
		limbo->head = 0;
	return true;
}
