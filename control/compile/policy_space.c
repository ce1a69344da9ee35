/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_space.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BITS 64U

int policy_space_open(struct policy_space *space, uint32_t size)
{
	uint32_t words = size / WORD_BITS + 1;

	*space = (struct policy_space){ .size = size };
	space->words = calloc(words, sizeof(*space->words));
	if (!space->words)
		return -ENOMEM;
	/* What lies behind the end is taken. */
	space->words[words - 1] = ~0ULL << (size % WORD_BITS);
	return 0;
}

void policy_space_close(struct policy_space *space)
{
	free(space->words);
	*space = (struct policy_space){ 0 };
}

bool policy_space_has(const struct policy_space *space, uint32_t place)
{
	return place < space->size &&
	       (space->words[place / WORD_BITS] >> (place % WORD_BITS) & 1);
}

static void mark(struct policy_space *space, uint32_t place)
{
	space->words[place / WORD_BITS] |= 1ULL << (place % WORD_BITS);
	space->used++;
}

/* The first free place from here on, size when there is none. */
static uint32_t next_free(const struct policy_space *space, uint32_t place)
{
	uint32_t last = space->size / WORD_BITS, word = place / WORD_BITS;
	uint64_t free_places;

	if (place >= space->size)
		return space->size;
	free_places = ~space->words[word] & (~0ULL << (place % WORD_BITS));
	while (!free_places && word < last)
		free_places = ~space->words[++word];
	if (!free_places)
		return space->size;
	return word * WORD_BITS + (uint32_t)__builtin_ctzll(free_places);
}

static uint32_t free_run(const struct policy_space *space, uint32_t base, uint32_t count)
{
	uint32_t length = 0;

	while (length < count && base + length < space->size &&
	       !policy_space_has(space, base + length))
		length++;
	return length;
}

int policy_space_take(struct policy_space *space, uint32_t count, uint32_t *ret_base)
{
	uint32_t base = next_free(space, space->hint * WORD_BITS), length;

	space->hint = base / WORD_BITS;
	while (base < space->size) {
		length = free_run(space, base, count);
		if (length == count)
			break;
		base = next_free(space, base + length);
	}
	if (base >= space->size)
		return -ENOSPC;
	for (uint32_t i = 0; i < count; i++)
		mark(space, base + i);
	*ret_base = base;
	return 0;
}

void policy_space_give(struct policy_space *space, uint32_t base, uint32_t count)
{
	for (uint32_t i = base; i < base + count; i++) {
		assert(policy_space_has(space, i));
		space->words[i / WORD_BITS] &= ~(1ULL << (i % WORD_BITS));
	}
	space->used -= count;
	if (base / WORD_BITS < space->hint)
		space->hint = base / WORD_BITS;
}

uint32_t policy_space_claim(struct policy_space *space, uint32_t base, uint32_t count)
{
	uint32_t fresh = 0;

	for (uint32_t i = 0; i < count && base + i < space->size; i++) {
		if (policy_space_has(space, base + i))
			continue;
		mark(space, base + i);
		fresh++;
	}
	return fresh;
}

int policy_room(void *items, uint32_t *capacity, uint32_t needed, size_t size)
{
	uint32_t grown = *capacity ? *capacity : 4;
	char *moved;

	if (needed <= *capacity)
		return 0;
	while (grown < needed)
		grown *= 2;
	moved = reallocarray(*(void **)items, grown, size);
	if (!moved)
		return -ENOMEM;
	memset(moved + *capacity * size, 0, (grown - *capacity) * size);
	*(void **)items = moved;
	*capacity = grown;
	return 0;
}
