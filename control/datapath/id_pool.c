/* SPDX-License-Identifier: BSD-2-Clause */
/* Single places of an array: a bitmap, lowest free number first. */
#include "ranges.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define WORD_BITS 64U

int id_pool_open(struct id_pool *ids, uint32_t size)
{
	size_t words = (size + WORD_BITS - 1) / WORD_BITS;
	uint64_t *bits = calloc(words, sizeof(*bits));

	if (!bits)
		return -ENOMEM;
	bits[0] |= 1; /* number 0 means "none" */
	if (size % WORD_BITS)
		bits[words - 1] |= ~0ULL << (size % WORD_BITS);
	*ids = (struct id_pool){ .size = size, .words = bits };
	return 0;
}

void id_pool_close(struct id_pool *ids)
{
	free(ids->words);
	free(ids->deferred.entries);
	*ids = (struct id_pool){ 0 };
}

static bool is_used(const struct id_pool *ids, uint32_t number)
{
	return ids->words[number / WORD_BITS] >> (number % WORD_BITS) & 1;
}

static void mark(struct id_pool *ids, uint32_t number)
{
	ids->words[number / WORD_BITS] |= 1ULL << (number % WORD_BITS);
	ids->used++;
	ids->taken++;
}

int id_pool_get(struct id_pool *ids, uint32_t *ret_number)
{
	size_t words = (ids->size + WORD_BITS - 1) / WORD_BITS;
	int r = deferred_reserve(&ids->deferred, ids->taken + 1);

	if (r < 0)
		return r;
	while (ids->lowest < words && !~ids->words[ids->lowest])
		ids->lowest++;
	if (ids->lowest == words)
		return ids->resting ? -EAGAIN : -ENOSPC;
	uint64_t word = ~ids->words[ids->lowest];
	*ret_number =
	    (uint32_t)(ids->lowest * WORD_BITS) + (uint32_t)__builtin_ctzll(word);
	mark(ids, *ret_number);
	return 0;
}

int id_pool_claim(struct id_pool *ids, uint32_t number)
{
	int r = deferred_reserve(&ids->deferred, ids->taken + 1);

	if (r < 0)
		return r;
	if (!number || number >= ids->size)
		return -ERANGE;
	if (is_used(ids, number))
		return -EEXIST;
	mark(ids, number);
	return 0;
}

static void free_number(struct id_pool *ids, uint32_t number)
{
	size_t word = number / WORD_BITS;

	assert(is_used(ids, number));
	ids->words[word] &= ~(1ULL << (number % WORD_BITS));
	ids->used--;
	if (word < ids->lowest)
		ids->lowest = word;
}

void id_pool_release(struct id_pool *ids, uint32_t number, uint64_t now_ns)
{
	assert(is_used(ids, number));
	deferred_push(&ids->deferred,
		      (struct deferred_free){ number, 1, now_ns + QUARANTINE_NS });
	ids->resting++;
	ids->taken--;
}

void id_pool_put(struct id_pool *ids, uint32_t number)
{
	free_number(ids, number);
	ids->taken--;
}

void id_pool_tick(struct id_pool *ids, uint64_t now_ns)
{
	struct deferred_free entry;

	while (deferred_pop(&ids->deferred, now_ns, &entry)) {
		ids->resting--;
		free_number(ids, entry.base);
	}
}
