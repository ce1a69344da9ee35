/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * No hook: a buffer in user space, so that the parser can be fuzzed and checked by
 * sanitizers. Included instead of hook_xdp.h by selftests.
 */
#ifndef XDP_HOOK_H
#define XDP_HOOK_H

#include <linux/types.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif

struct hook_ctx {
	void *data;
	void *data_end;
};

static inline void *hook_data(const struct hook_ctx *ctx)
{
	return ctx->data;
}

static inline void *hook_data_end(const struct hook_ctx *ctx)
{
	return ctx->data_end;
}

static inline __u32 hook_length(const struct hook_ctx *ctx)
{
	return (__u32)((char *)ctx->data_end - (char *)ctx->data);
}

static inline __u32 hook_segment(const struct hook_ctx *ctx)
{
	(void)ctx;
	return 0;
}

static inline void hook_pull(struct hook_ctx *ctx)
{
	(void)ctx;
}

#endif
