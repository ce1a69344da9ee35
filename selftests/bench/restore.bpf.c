// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The harness of program runs: write the next packet of a list over the last one, then
 * tail-call the program under test. What this costs is measured with a program that does
 * nothing and subtracted. One harness per slot, because a tail call by a constant index
 * is a direct jump.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "restore.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct restore_template);
} bench_template SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct restore_packet);
} bench_packets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct restore_cursor);
} bench_cursor SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, RESTORE_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} bench_xdp SEC(".maps"), bench_tc SEC(".maps");

static __always_inline void put(char *data, __u32 offset, __u64 word)
{
	*(__u64 *)(data + offset) = word;
}

/* Returns 0 when something is missing: the run then ends with the verdict "aborted". */
static __always_inline int write_next(char *data, char *end)
{
	__u32 zero = 0, index;
	struct restore_cursor *cursor = bpf_map_lookup_elem(&bench_cursor, &zero);
	struct restore_template *template = bpf_map_lookup_elem(&bench_template, &zero);
	struct restore_packet *packet;

	if (!cursor || !template || data + RESTORE_FRAME > end)
		return 0;
	index = cursor->next;
	cursor->next = index + 1 < cursor->count ? index + 1 : 0;
	packet = bpf_map_lookup_elem(&bench_packets, &index);
	if (!packet)
		return 0;
	put(data, 0, template->l2[0]);
	put(data, 6, template->l2[1]);
	for (__u32 i = 0; i < RESTORE_WORDS; i++)
		put(data, RESTORE_L2 + 8 * i, template->words[i]);
	for (__u32 i = 0; i < RESTORE_DIFFER; i++) {
		char *place = data + (template->offset[i] & 127);

		if (place + 8 <= end)
			put(place, 0, packet->words[i]);
	}
	return 1;
}

/* Metadata that the last run left would add up; an answer may have cut the frame. */
static __always_inline int restore(struct xdp_md *ctx)
{
	__u32 size = ctx->data_end - ctx->data;

	if (ctx->data_meta != ctx->data)
		bpf_xdp_adjust_meta(ctx, (int)(ctx->data - ctx->data_meta));
	if (size != RESTORE_FRAME)
		bpf_xdp_adjust_tail(ctx, (int)RESTORE_FRAME - (int)size);
	return write_next((char *)(long)ctx->data, (char *)(long)ctx->data_end);
}

#define RESTORE(slot)                                                                    \
	SEC("xdp") int restore_xdp_##slot(struct xdp_md *ctx)                            \
	{                                                                                \
		if (restore(ctx))                                                        \
			bpf_tail_call(ctx, &bench_xdp, slot);                            \
		return XDP_ABORTED;                                                      \
	}                                                                                \
	SEC("tc") int restore_tc_##slot(struct __sk_buff *ctx)                           \
	{                                                                                \
		if (write_next((char *)(long)ctx->data, (char *)(long)ctx->data_end))    \
			bpf_tail_call(ctx, &bench_tc, slot);                             \
		return -1;                                                               \
	}

RESTORE(0)
RESTORE(1)
RESTORE(2)
RESTORE(3)
RESTORE(4)

SEC("xdp") int nothing_xdp(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("tc") int nothing_tc(struct __sk_buff *ctx)
{
	return 2; /* TC_ACT_SHOT */
}

char _license[] SEC("license") = "Dual BSD/GPL";
