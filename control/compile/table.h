/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lookup tables: slot → backend, whatever the algorithm. A table is a pure function of
 * the backends (sorted by address, port), their weights, the size and the seed: balancers
 * that agree on these place a flow on the same backend.
 */
#ifndef COMPILE_TABLE_H
#define COMPILE_TABLE_H

#include "wanted.h"

#define TABLE_BACKENDS_MAX 65535U
#define TABLE_WEIGHT_MAX   256U
#define TABLE_SLOTS_MAX	   8388593U /* the largest prime below 2^23 */

struct table_shape {
	enum algorithm algorithm;
	uint32_t size; /* slots, from table_size() */
	uint64_t seed;
};

const char *table_algorithm_name(enum algorithm algorithm); /* "maglev", … */

/* What a table must have room for; begin with all zero. */
struct table_load {
	size_t backends;
	uint64_t weight_sum;
	uint32_t lightest; /* of those that have a weight; 0: none */
};

void table_load_add(struct table_load *load, uint32_t weight);

/*
 * How many slots a table shall have. asked: 0, or what the user wants, raised to the next
 * size that the algorithm can use. Load it with all backends that may become active, not only
 * those that are: a size that changes moves nearly every slot.
 */
uint32_t table_size(enum algorithm algorithm, uint32_t asked,
		    const struct table_load *load);

/*
 * Fill slots[shape->size] with positions in backends[count], 1 ≤ count ≤ size, all
 * weights 1 to TABLE_WEIGHT_MAX. 0 or -ENOMEM.
 */
int table_fill(const struct table_shape *shape, const struct wanted_backend *backends,
	       size_t count, uint16_t *slots);

/* 128 bits that tell tables apart without building them. */
void table_hash(const struct table_shape *shape, const struct wanted_backend *backends,
		size_t count, uint64_t ret_hash[2]);

#endif
