/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A set of pointers by hash: 16 bytes a slot where uthash takes 56 in each item, which
 * counts at 10,000 pods, and room is reserved ahead, so that adding cannot fail.
 */
#ifndef COMPILE_POLICY_HASH_H
#define COMPILE_POLICY_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct policy_hash {
	struct policy_slot {
		uint32_t hash;
		void *item; /* NULL: free */
	} * slots;
	uint32_t size, count; /* size: 0 or a power of two */
};

typedef bool policy_equal(const void *item, const void *key);

uint32_t policy_hash_bytes(uint32_t seed, const void *bytes, size_t length);
uint32_t policy_hash_text(uint32_t seed, const char *text);

void *policy_hash_find(const struct policy_hash *table, uint32_t hash,
		       policy_equal *equal, const void *key);
/* Room for so many more. 0 or -ENOMEM. */
int policy_hash_reserve(struct policy_hash *table, uint32_t more);
/* There must be room, and no equal item. */
void policy_hash_add(struct policy_hash *table, uint32_t hash, void *item);
/* The item must be there. */
void policy_hash_remove(struct policy_hash *table, uint32_t hash, const void *item);
/* The next item from *cursor on (0 at first), NULL at the end. In no order; nothing may be
 * added or removed meanwhile. */
void *policy_hash_next(const struct policy_hash *table, uint32_t *cursor);
void policy_hash_clear(struct policy_hash *table); /* the items are the caller's */

#endif
