/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What xdp/ takes from libbpf's headers, from its hook and from the control process, for user
 * space: with this before them its headers compile unchanged. Their guards are taken, so that
 * they find <bpf/bpf_helpers.h> and config.h included already.
 *
 * Each compare-and-swap, barrier and helper is a point at which a CPU may stand still
 * (pause.h).
 */
#ifndef UNIT_BPF_SHIM_H
#define UNIT_BPF_SHIM_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <headgate/abi.h>

/* ---- <bpf/bpf_helpers.h> ---- */
#define __BPF_HELPERS__
#define __uint(name, number) int(*name)[number]
#define __type(name, kind)   __typeof__(kind) *name
#define SEC(name)
#define LIBBPF_PIN_BY_NAME 1
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#undef __noinline
#define __noinline __attribute__((noinline))

void pause_point(void);
void *bpf_map_lookup_elem(const void *map, const void *key);
__u32 bpf_get_smp_processor_id(void);
long bpf_fib_lookup(const void *ctx, struct bpf_fib_lookup *fib, int size, __u32 flags);

static inline long bpf_map_update_elem(const void *map, const void *key,
				       const void *value, __u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return 0;
}

static inline long bpf_l4_csum_replace(const void *ctx, __u32 offset, __u64 from,
				       __u64 to, __u64 flags)
{
	(void)ctx;
	(void)offset;
	(void)from;
	(void)to;
	(void)flags;
	return 0;
}

static inline __u64 bpf_jiffies64(void)
{
	return 0;
}

static inline __u32 bpf_get_prandom_u32(void)
{
	return 1;
}

#define __sync_val_compare_and_swap(word, old, new)                                      \
	(pause_point(), __sync_val_compare_and_swap(word, old, new))

/* ---- the hook ---- */
#include "../../xdp/hook_user.h"

static const int hook_partial_sums = 0;
static const int hook_from_pod = 0;

static inline __u32 hook_ifindex(const struct hook_ctx *ctx)
{
	(void)ctx;
	return 1;
}

/* ---- config.h: constants there, variables here ---- */
#define XDP_CONFIG_H
static struct hg_config hg_config;

#include "../../xdp/order.h"
#undef barrier
#define barrier()                                                                        \
	do {                                                                             \
		pause_point();                                                           \
		asm volatile("" ::: "memory");                                           \
	} while (0)

#endif
