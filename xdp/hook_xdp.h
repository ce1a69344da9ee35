/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The XDP hook: what the stages may ask of the context they run in. hook_tc.h and
 * hook_user.h offer the same names; an entry file includes exactly one of them first.
 * Nothing else differs between the hooks but checksums (csum.h asks hook_partial_sums)
 * and the exit (forward.h).
 */
#ifndef XDP_HOOK_H
#define XDP_HOOK_H

#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "config.h"

#define hook_ctx xdp_md

/* tc frames from a pod carry partial checksums: sums go through helpers there. */
static const int hook_partial_sums = 0;
/* Packets come from a local pod: replies to it pass by here whatever its address. */
static const int hook_from_pod = 0;

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
	return ctx->ingress_ifindex;
}

/* Frame length from the Ethernet header on; a multi-buffer frame's whole length. */
static __always_inline __u32 hook_length(struct hook_ctx *ctx)
{
	if (hg_config.frags)
		return (__u32)bpf_xdp_get_buff_len(ctx);
	return ctx->data_end - ctx->data;
}

/* XDP sees single frames, never a train of segments. */
static __always_inline __u32 hook_segment(const struct hook_ctx *ctx)
{
	return 0;
}

/* Make sure that headers lie in linear memory. */
static __always_inline void hook_pull(struct hook_ctx *ctx)
{
}

/* Cut or extend the frame to length bytes. 0 or -errno. Packet pointers are void
 * afterwards. */
static __always_inline long hook_resize(struct hook_ctx *ctx, __u32 length)
{
	return bpf_xdp_adjust_tail(ctx, (int)length - (int)hook_length(ctx));
}

/* Make room of size bytes before layer 3 (offset l3), moving the layer-2 header. 0 or
 * -errno. */
static __always_inline long hook_insert(struct hook_ctx *ctx, __u32 l3, __u32 size)
{
	__u8 *to, *from;
	long r;

	r = bpf_xdp_adjust_head(ctx, -(int)size);
	if (r < 0)
		return r;
	to = hook_data(ctx);
	from = to + size;
	if ((void *)(from + 22) > hook_data_end(ctx) || l3 > 22)
		return -1;
	for (__u32 i = 0; i < 22; i++) {
		if (i < l3)
			to[i] = from[i];
	}
	return 0;
}

#endif
