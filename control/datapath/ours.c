/* SPDX-License-Identifier: BSD-2-Clause */
/* Counted address bits; lines of SNAT addresses. */
#include "ours.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <headgate/hash.h>

#define BITS (HG_OURS_WORDS * 64U)

int ours_open(struct ours *ours)
{
	ours->counts = calloc(BITS, sizeof(*ours->counts));
	return ours->counts ? 0 : -ENOMEM;
}

void ours_close(struct ours *ours)
{
	free(ours->counts);
	ours->counts = NULL;
}

int ours_add(struct ours *ours, const struct hg_addr *addr)
{
	uint32_t bit = hg_hash_addr(addr) & (BITS - 1);

	return ours->counts[bit]++ ? -1 : (int)(bit / 64);
}

int ours_remove(struct ours *ours, const struct hg_addr *addr)
{
	uint32_t bit = hg_hash_addr(addr) & (BITS - 1);

	assert(ours->counts[bit]);
	return --ours->counts[bit] ? -1 : (int)(bit / 64);
}

uint64_t ours_word(const struct ours *ours, uint32_t number)
{
	uint64_t word = 0;

	for (unsigned bit = 0; bit < 64; bit++)
		word |= (uint64_t) !!ours->counts[number * 64 + bit] << bit;
	return word;
}

static unsigned line_at(const struct hg_addr *addr, unsigned step)
{
	return (hg_hash_addr(addr) + step) & (HG_LOCALS - 1);
}

int locals_find(const struct hg_local *locals, const struct hg_addr *addr)
{
	for (unsigned step = 0; step < HG_LOCAL_WINDOW; step++) {
		unsigned line = line_at(addr, step);

		if (locals[line].snat && !memcmp(&locals[line].addr, addr, sizeof(*addr)))
			return (int)line;
	}
	return -ENOENT;
}

int locals_place(const struct hg_local *locals, const struct hg_addr *addr)
{
	for (unsigned step = 0; step < HG_LOCAL_WINDOW; step++)
		if (!locals[line_at(addr, step)].snat)
			return (int)line_at(addr, step);
	return -ENOSPC;
}
