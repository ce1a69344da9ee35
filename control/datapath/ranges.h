/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Allocators for places in BPF arrays: ranges (slots, members) and single ids
 * (services, backends, endpoints). Pure: no map, no clock; time is a parameter.
 *
 * What is released is freed later, when its quarantine is over, because a packet in
 * flight may still hold it. Memory for a release is set aside when a place is taken, so a
 * release cannot fail. The lowest free place is given first, which keeps maps compact.
 */
#ifndef DATAPATH_RANGES_H
#define DATAPATH_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUARANTINE_NS 1500000000ULL

/* A queue of released places, oldest first. */
struct deferred {
	struct deferred_free {
		uint32_t base, count;
		uint64_t due_ns;
	} * entries;
	size_t head, count, capacity;
};

struct extent {
	uint32_t base, count;
};

struct ranges {
	uint32_t size;
	uint32_t used; /* in force, or released and not free yet */
	uint32_t resting;
	uint32_t taken; /* ranges that somebody holds */
	struct extent *free;
	size_t free_count, free_capacity;
	struct deferred deferred;
};

/* Places [first, size). Every range has an even base and takes an even number of places.
 * 0 or -ENOMEM. */
int ranges_open(struct ranges *ranges, uint32_t first, uint32_t size);
void ranges_close(struct ranges *ranges);
/* 0, -ENOSPC, -EAGAIN (will fit when the quarantine is over), -ENOMEM. */
int ranges_take(struct ranges *ranges, uint32_t count, uint32_t *ret_base);
/* Take exactly this range, found in force. 0, -EEXIST when part of it is taken, -ERANGE,
 * -ENOMEM. */
int ranges_claim(struct ranges *ranges, uint32_t base, uint32_t count);
void ranges_release(struct ranges *ranges, uint32_t base, uint32_t count,
		    uint64_t now_ns);
/* Nobody has ever seen it: free at once. */
void ranges_give_back(struct ranges *ranges, uint32_t base, uint32_t count);
void ranges_tick(struct ranges *ranges, uint64_t now_ns);

struct id_pool {
	uint32_t size, used, resting, taken;
	uint64_t *words; /* bit set: taken or resting */
	size_t lowest;	 /* no free bit below this word */
	struct deferred deferred;
};

/* Numbers [1, size). */
int id_pool_open(struct id_pool *ids, uint32_t size);
void id_pool_close(struct id_pool *ids);
int id_pool_get(struct id_pool *ids, uint32_t *ret_number);
int id_pool_claim(struct id_pool *ids, uint32_t number);
void id_pool_release(struct id_pool *ids, uint32_t number, uint64_t now_ns);
void id_pool_put(struct id_pool *ids, uint32_t number);
void id_pool_tick(struct id_pool *ids, uint64_t now_ns);

/* Room for one more entry than needed so far. 0 or -ENOMEM. */
int deferred_reserve(struct deferred *deferred, size_t more);
void deferred_push(struct deferred *deferred, struct deferred_free entry);
/* The oldest entry whose time has come. */
bool deferred_pop(struct deferred *deferred, uint64_t now_ns,
		  struct deferred_free *ret_entry);

#endif
