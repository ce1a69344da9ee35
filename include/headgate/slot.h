/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Slots of lookup tables, packed in the 64-bit elements of hg_slots. A slot is two
 * positions in a service's member range: its owner, and its owner before the last change.
 * A position takes 8 bits in the tables of nearly all services, and 16 where one names a
 * position beyond 255 (HG_SERVICE_WIDE). A table begins with an element of its own.
 */
#ifndef HEADGATE_SLOT_H
#define HEADGATE_SLOT_H

#include <headgate/abi.h>

#define HG_SLOT_NARROW	     8U /* bits of a position */
#define HG_SLOT_WIDE	     16U
#define HG_SLOTS_PER_ELEMENT 4U /* narrow ones */

struct hg_slot {
	__u16 current;
	__u16 previous;
};

static inline __u32 hg_slot_bits(__u32 service_flags)
{
	return service_flags & HG_SERVICE_WIDE ? HG_SLOT_WIDE : HG_SLOT_NARROW;
}

/* Element of a slot, counted from the table's first. */
static inline __u32 hg_slot_element(__u32 slot, __u32 bits)
{
	return slot * (bits / HG_SLOT_NARROW) / HG_SLOTS_PER_ELEMENT;
}

/* The position that a slot names, out of its element. */
static inline __u16 hg_slot_position(__u64 element, __u32 slot, __u32 bits, int previous)
{
	__u32 shift = ((slot * 2 + !!previous) * bits) & 63;

	return (__u16)((element >> shift) & ((1U << bits) - 1));
}

/* The same for whoever has the whole table before him. */
static inline struct hg_slot hg_slot_get(const __u64 *table, __u32 slot, __u32 bits)
{
	__u64 element = table[hg_slot_element(slot, bits)];

	return (struct hg_slot){ hg_slot_position(element, slot, bits, 0),
				 hg_slot_position(element, slot, bits, 1) };
}

static inline void hg_slot_set(__u64 *table, __u32 slot, __u32 bits, struct hg_slot value)
{
	__u64 *element = &table[hg_slot_element(slot, bits)];
	__u32 shift = (slot * 2 * bits) & 63;
	__u64 both = value.current | (__u64)value.previous << bits;

	*element &= ~(((1ULL << 2 * bits) - 1) << shift);
	*element |= both << shift;
}

#endif
