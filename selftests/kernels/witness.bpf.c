/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Another program on the interface, loaded by xdp-loader before Headgate comes: it passes
 * everything and counts it, so that a test sees whether it is still asked.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Written by the program; its entry ends with it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} witnessed SEC(".maps");

SEC("xdp")
int witness(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&witnessed, &key);

	(void)ctx;
	if (count)
		__sync_fetch_and_add(count, 1);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
