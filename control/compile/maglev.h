/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maglev (Eisenbud et al., NSDI 2016, §3.4), weighted: "maglev-v1".
 *
 * FROZEN: balancers of different versions share traffic, so the bytes of a table must
 * never change under this name. What is frozen: the key of a backend (16 address bytes, 2
 * port bytes in network order, 6 zero bytes), its hash (MurmurHash64A of those 24 bytes),
 * offset = hash(seed) mod M, skip = hash(seed + 0x9e3779b97f4a7c15) mod (M − 1) + 1, the
 * order of turns (weighted_round_robin.h) over backends sorted by address, then port. The unit
 * test holds golden tables.
 */
#ifndef COMPILE_MAGLEV_H
#define COMPILE_MAGLEV_H

#include "table.h"

/* See table_fill(). shape->size is a prime. */
int maglev_fill(const struct table_shape *shape, const struct wanted_backend *backends,
		size_t count, uint16_t *slots);

/* MurmurHash64A of a backend's 24-byte key, the same on every byte order. */
uint64_t maglev_hash(const struct hg_addr *addr, uint16_t port, uint64_t seed);

#endif
