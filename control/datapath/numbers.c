/* SPDX-License-Identifier: BSD-2-Clause */
/* Single places of an array: a bitmap, lowest free number first. */
#include "ranges.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define WORD_BITS 64U

int numbers_open(struct numbers *numbers, uint32_t size)
{
	size_t words = (size + WORD_BITS - 1) / WORD_BITS;
	uint64_t *bits = calloc(words, sizeof(*bits));

	if (!bits)
		return -ENOMEM;
	bits[0] |= 1; /* number 0 means "none" */
	if (size % WORD_BITS)
		bits[words - 1] |= ~0ULL << (size % WORD_BITS);
	*numbers = (struct numbers){ .size = size, .words = bits };
	return 0;
}

void numbers_close(struct numbers *numbers)
{
	free(numbers->words);
	free(numbers->limbo.entries);
	*numbers = (struct numbers){ 0 };
}

static bool is_used(const struct numbers *numbers, uint32_t number)
{
	return numbers->words[number / WORD_BITS] >> (number % WORD_BITS) & 1;
}

static void mark(struct numbers *numbers, uint32_t number)
{
	numbers->words[number / WORD_BITS] |= 1ULL << (number % WORD_BITS);
	numbers->used++;
	numbers->taken++;
}

int numbers_take(struct numbers *numbers, uint32_t *ret_number)
{
	size_t words = (numbers->size + WORD_BITS - 1) / WORD_BITS;
	int r = limbo_reserve(&numbers->limbo, numbers->taken + 1);

	if (r < 0)
		return r;
	while (numbers->lowest < words && !~numbers->words[numbers->lowest])
		numbers->lowest++;
	if (numbers->lowest == words)
		return numbers->resting ? -EAGAIN : -ENOSPC;
	uint64_t word = ~numbers->words[numbers->lowest];
	*ret_number =
	    (uint32_t)(numbers->lowest * WORD_BITS) + (uint32_t)__builtin_ctzll(word);
	mark(numbers, *ret_number);
	return 0;
}

int numbers_claim(struct numbers *numbers, uint32_t number)
{
	int r = limbo_reserve(&numbers->limbo, numbers->taken + 1);

	if (r < 0)
		return r;
	if (!number || number >= numbers->size)
		return -ERANGE;
	if (is_used(numbers, number))
		return -EEXIST;
	mark(numbers, number);
	return 0;
}

static void free_number(struct numbers *numbers, uint32_t number)
{
	size_t word = number / WORD_BITS;

	assert(is_used(numbers, number));
	numbers->words[word] &= ~(1ULL << (number % WORD_BITS));
	numbers->used--;
	if (word < numbers->lowest)
		numbers->lowest = word;
}

void numbers_release(struct numbers *numbers, uint32_t number, uint64_t now_ns)
{
	assert(is_used(numbers, number));
	limbo_push(&numbers->limbo,
		   (struct limbo_entry){ number, 1, now_ns + QUARANTINE_NS });
	numbers->resting++;
	numbers->taken--;
}

void numbers_give_back(struct numbers *numbers, uint32_t number)
{
	free_number(numbers, number);
	numbers->taken--;
}

void numbers_tick(struct numbers *numbers, uint64_t now_ns)
{
	struct limbo_entry entry;

	while (limbo_pop(&numbers->limbo, now_ns, &entry)) {
		numbers->resting--;
		free_number(numbers, entry.base);
	}
}
