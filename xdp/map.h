/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* How a map is declared: pinned and shared by all programs, or this CPU's own. */
#ifndef XDP_MAP_H
#define XDP_MAP_H

#include <headgate/abi.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define HG_MAP(name, kind, key_type, value_type, entries, flags)                         \
	struct {                                                                         \
		__uint(type, BPF_MAP_TYPE_##kind);                                       \
		__type(key, key_type);                                                   \
		__type(value, value_type);                                               \
		__uint(max_entries, entries);                                            \
		__uint(map_flags, flags);                                                \
		__uint(pinning, LIBBPF_PIN_BY_NAME);                                     \
	} name SEC(".maps")

/*
 * This CPU's room for what is too large for the stack of the deepest path. Nothing of it
 * outlives the packet, so it is not pinned; programs of one CPU do not interrupt each
 * other.
 */
#define HG_SCRATCH(name, value_type)                                                     \
	struct {                                                                         \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);                                 \
		__type(key, __u32);                                                      \
		__type(value, value_type);                                               \
		__uint(max_entries, 1);                                                  \
	} name SEC(".maps")

static __always_inline void *scratch(void *map)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(map, &zero);
}

#endif
