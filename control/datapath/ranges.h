/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Allocators for places in BPF arrays: ranges (slots, members) and single numbers
 * (services, backends, endpoints). Pure: no map, no clock; time is a parameter.
 *
 * What is released rests in limbo until its quarantine is over, because a packet in
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
struct limbo {
	struct limbo_entry {
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
	uint32_t used; /* in force or in limbo */
	uint32_t resting;
	uint32_t taken; /* ranges that somebody holds */
	struct extent *free;
	size_t free_count, free_capacity;
	struct limbo limbo;
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

struct numbers {
	uint32_t size, used, resting, taken;
	uint64_t *words; /* bit set: taken or resting */
	size_t lowest;	 /* no free bit below this word */
	struct limbo limbo;
};

/* Numbers [1, size). */
int numbers_open(struct numbers *numbers, uint32_t size);
void numbers_close(struct numbers *numbers);
int numbers_take(struct numbers *numbers, uint32_t *ret_number);
int numbers_claim(struct numbers *numbers, uint32_t number);
void numbers_release(struct numbers *numbers, uint32_t number, uint64_t now_ns);
void numbers_give_back(struct numbers *numbers, uint32_t number);
void numbers_tick(struct numbers *numbers, uint64_t now_ns);

/* Room for one more entry than needed so far. 0 or -ENOMEM. */
int limbo_reserve(struct limbo *limbo, size_t more);
void limbo_push(struct limbo *limbo, struct limbo_entry entry);
/* The oldest entry whose time has come. */
bool limbo_pop(struct limbo *limbo, uint64_t now_ns, struct limbo_entry *ret_entry);

#endif
