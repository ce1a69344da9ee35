/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The tc hook: the names of hook_xdp.h over struct __sk_buff. Frames may be trains of
 * segments (TSO) with partial checksums.
 */
#ifndef XDP_HOOK_H
#define XDP_HOOK_H

#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "config.h"

#define hook_ctx __sk_buff

/* Headers that stages read: Ethernet, IPv6, extension headers, ICMPv6, quoted IPv6, TCP.
 */
#define HOOK_PULL 192

static const int hook_partial_sums = 1;
/* Packets come from a local pod: replies to it pass by here whatever its address. */
static const int hook_from_pod = 1;

/*
 * The fields are 32 bits wide and the verifier makes pointers of them as they are loaded.
 * In C the compiler would calculate with 32 bits, and lose the pointer.
 */
#define HOOK_POINTER(field)                                                              \
	({                                                                               \
		void *pointer;                                                           \
		asm volatile("%0 = *(u32 *)(%1 + %2)"                                    \
			     : "=r"(pointer)                                             \
			     : "r"(ctx),                                                 \
			       "i"(__builtin_offsetof(struct hook_ctx, field)));         \
		pointer;                                                                 \
	})

static __always_inline void *hook_data(const struct hook_ctx *ctx)
{
	return HOOK_POINTER(data);
}

static __always_inline void *hook_data_end(const struct hook_ctx *ctx)
{
	return HOOK_POINTER(data_end);
}

static __always_inline __u32 hook_ifindex(const struct hook_ctx *ctx)
{
	return ctx->ifindex;
}

static __always_inline __u32 hook_length(struct hook_ctx *ctx)
{
	return ctx->len;
}

/* Payload of one segment of a train (GSO), 0 for a single frame. */
static __always_inline __u32 hook_segment(const struct hook_ctx *ctx)
{
	return ctx->gso_size;
}

static __always_inline void hook_pull(struct hook_ctx *ctx)
{
	__u32 linear = ctx->data_end - ctx->data;
	__u32 want = ctx->len < HOOK_PULL ? ctx->len : HOOK_PULL;

	if (linear < want)
		bpf_skb_pull_data(ctx, want);
}

static __always_inline long hook_resize(struct hook_ctx *ctx, __u32 length)
{
	return bpf_skb_change_tail(ctx, length, 0);
}

static __always_inline long hook_insert(struct hook_ctx *ctx, __u32 l3, __u32 size)
{
	return bpf_skb_adjust_room(ctx, (int)size, BPF_ADJ_ROOM_MAC, 0);
}

#endif
