/* SPDX-License-Identifier: BSD-2-Clause */
/* Counted address bits; lines of SNAT addresses. */
#include "addr_filter.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <headgate/hash.h>

#define BITS (HG_OURS_WORDS * 64U)

int addr_filter_open(struct addr_filter *filter)
{
	filter->counts = calloc(BITS, sizeof(*filter->counts));
	return filter->counts ? 0 : -ENOMEM;
}

void addr_filter_close(struct addr_filter *filter)
{
	free(filter->counts);
	filter->counts = NULL;
}

int addr_filter_add(struct addr_filter *filter, const struct hg_addr *addr)
{
	uint32_t bit = hg_hash_addr(addr) & (BITS - 1);

	return filter->counts[bit]++ ? -1 : (int)(bit / 64);
}

int addr_filter_remove(struct addr_filter *filter, const struct hg_addr *addr)
{
	uint32_t bit = hg_hash_addr(addr) & (BITS - 1);

	assert(filter->counts[bit]);
	return --filter->counts[bit] ? -1 : (int)(bit / 64);
}

uint64_t addr_filter_word(const struct addr_filter *filter, uint32_t number)
{
	uint64_t word = 0;

	for (unsigned bit = 0; bit < 64; bit++)
		word |= (uint64_t) !!filter->counts[number * 64 + bit] << bit;
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
