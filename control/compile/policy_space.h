/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which places of an array are taken: a bitmap, the lowest free run first. And arrays that
 * grow. When a place may be used again is its owner's business.
 */
#ifndef COMPILE_POLICY_SPACE_H
#define COMPILE_POLICY_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct policy_space {
	uint64_t *words;
	uint32_t size, used;
	uint32_t hint; /* no word before it has a free place */
};

int policy_space_open(struct policy_space *space, uint32_t size); /* 0 or -ENOMEM */
void policy_space_close(struct policy_space *space);
/* A run of count places. 0 or -ENOSPC. */
int policy_space_take(struct policy_space *space, uint32_t count, uint32_t *ret_base);
void policy_space_give(struct policy_space *space, uint32_t base, uint32_t count);
/* Of the places that lie within the space, how many were free; all are taken then. */
uint32_t policy_space_claim(struct policy_space *space, uint32_t base, uint32_t count);
bool policy_space_has(const struct policy_space *space, uint32_t place);

/* Make an array (*items of size bytes each) hold so many. New ones are zero. 0 or -ENOMEM. */
int policy_room(void *items, uint32_t *capacity, uint32_t needed, size_t size);

#endif
