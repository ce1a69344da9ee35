/* SPDX-License-Identifier: BSD-2-Clause */
/* Linear probing, at most 3/4 full; removal moves followers back, so no slot is dead. */
#include "policy_hash.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <headgate/hash.h>

#define SIZE_MIN 16U

uint32_t policy_hash_bytes(uint32_t seed, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	uint64_t hash = seed ^ (length * HG_MURMUR_M), word;

	for (; length >= sizeof(word); length -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = hg_hash_word(hash, word);
	}
	word = 0;
	memcpy(&word, at, length);
	return (uint32_t)hg_hash_end(hg_hash_word(hash, word));
}

uint32_t policy_hash_text(uint32_t seed, const char *text)
{
	return policy_hash_bytes(seed, text, strlen(text));
}

void *policy_hash_find(const struct policy_hash *table, uint32_t hash,
		       policy_equal *equal, const void *key)
{
	uint32_t mask = table->size - 1;

	if (!table->count)
		return NULL;
	for (uint32_t at = hash & mask; table->slots[at].item; at = (at + 1) & mask) {
		const struct policy_slot *slot = &table->slots[at];

		if (slot->hash == hash && equal(slot->item, key))
			return slot->item;
	}
	return NULL;
}

static void put(struct policy_hash *table, uint32_t hash, void *item)
{
	uint32_t mask = table->size - 1, at = hash & mask;

	while (table->slots[at].item)
		at = (at + 1) & mask;
	table->slots[at] = (struct policy_slot){ hash, item };
}

int policy_hash_reserve(struct policy_hash *table, uint32_t more)
{
	uint64_t wanted = (uint64_t)table->count + more;
	uint32_t size = table->size ? table->size : SIZE_MIN;
	struct policy_hash grown;

	while (wanted * 4 > (uint64_t)size * 3)
		size *= 2;
	if (size == table->size)
		return 0;
	grown = (struct policy_hash){ .size = size, .count = table->count };
	grown.slots = calloc(size, sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < table->size; i++) {
		if (table->slots[i].item)
			put(&grown, table->slots[i].hash, table->slots[i].item);
	}
	free(table->slots);
	*table = grown;
	return 0;
}

void policy_hash_add(struct policy_hash *table, uint32_t hash, void *item)
{
	assert((uint64_t)(table->count + 1) * 4 <= (uint64_t)table->size * 3);
	put(table, hash, item);
	table->count++;
}

/* May the item at this slot move back to the hole, which lies before it? Only if its home
 * is not behind the hole. */
static bool may_move(const struct policy_hash *table, uint32_t hole, uint32_t at)
{
	uint32_t mask = table->size - 1, home = table->slots[at].hash & mask;

	return ((at - home) & mask) >= ((at - hole) & mask);
}

void policy_hash_remove(struct policy_hash *table, uint32_t hash, const void *item)
{
	uint32_t mask = table->size - 1, hole = hash & mask;

	while (table->slots[hole].item != item) {
		assert(table->slots[hole].item);
		hole = (hole + 1) & mask;
	}
	for (uint32_t at = (hole + 1) & mask; table->slots[at].item;
	     at = (at + 1) & mask) {
		if (!may_move(table, hole, at))
			continue;
		table->slots[hole] = table->slots[at];
		hole = at;
	}
	table->slots[hole].item = NULL;
	table->count--;
}

void *policy_hash_next(const struct policy_hash *table, uint32_t *cursor)
{
	while (*cursor < table->size) {
		void *item = table->slots[(*cursor)++].item;

		if (item)
			return item;
	}
	return NULL;
}

void policy_hash_clear(struct policy_hash *table)
{
	free(table->slots);
	*table = (struct policy_hash){ 0 };
}
