// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Yardsticks: the least that any balancer must do, so that figures mean the same on every
 * machine.
 *   floor  parse Ethernet, IPv4 or IPv6, ports; rewrite addresses, ports, TTL, checksums; TX
 *   line   floor, and one cache line of a direct-mapped array, found by the flow's hash
 *   hash   floor, and one lookup in a kernel HASH by the 40-byte key of the flow
 * Nothing here is shared with xdp/: an optimisation there must not move the yardstick.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <headgate/hash.h>

struct target {
	struct hg_addr addr;
	__u16 port;
	__u8 spare[6];
};

struct slot {
	struct hg_flow_key key;
	struct target target;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct slot);
} yard_lines SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct hg_flow_key);
	__type(value, struct target);
} yard_table SEC(".maps");

const volatile __u32 yard_mask SEC(".rodata.mask");

enum yardstick { FLOOR, LINE, HASH };

static __always_inline __u64 diff32(__u64 sum, __u32 from, __u32 to)
{
	return sum + (__u32)~from + to;
}

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)((sum & 0xffff) + (sum >> 16));
}

static __always_inline const struct target *find(const struct hg_flow_key *key,
						 enum yardstick yardstick)
{
	static const struct target fixed = { .port = 1 }, other = { .port = 2 };
	struct slot *slot;
	__u32 index;

	if (yardstick == FLOOR)
		return &fixed;
	if (yardstick == HASH)
		return bpf_map_lookup_elem(&yard_table, key);
	index = (__u32)hg_hash_flow(key, 0) & yard_mask;
	slot = bpf_map_lookup_elem(&yard_lines, &index);
	if (!slot)
		return 0;
	/* Another flow may have the line: it costs the same and goes nowhere. */
	return slot->key.ports != key->ports ? &other : &slot->target;
}

/* Destination and source port become the target's; the sums follow. */
static __always_inline void rewrite_l4(char *l4, __u64 sum, __u16 port, __u8 protocol)
{
	__u16 *ports = (__u16 *)l4;
	__u16 *check = (__u16 *)(l4 + (protocol == IPPROTO_TCP ? 16 : 6));

	sum = sum + (__u16)~ports[1] + port;
	ports[1] = port;
	*check = (__u16)~fold((__u16) ~*check + (sum & 0xffffffff) + (sum >> 32));
}

static __always_inline int run_ipv4(char *data, char *end, enum yardstick yardstick)
{
	struct iphdr *ip = (struct iphdr *)(data + ETH_HLEN);
	char *l4 = (char *)(ip + 1);
	struct hg_flow_key key = {};
	const struct target *target;
	__u64 sum;

	if (l4 + 20 > end || ip->ihl != 5)
		return XDP_DROP;
	key.src.words[2] = key.dst.words[2] = bpf_htonl(0xffff);
	key.src.words[3] = ip->saddr;
	key.dst.words[3] = ip->daddr;
	key.ports = *(__u32 *)l4;
	key.protocol = ip->protocol;
	target = find(&key, yardstick);
	if (!target)
		return XDP_DROP;
	sum = diff32(0, ip->daddr, target->addr.words[3]);
	ip->daddr = target->addr.words[3];
	ip->ttl--;
	ip->check = (__u16)~fold((__u16)~ip->check + sum + (__u16)~bpf_htons(0x100));
	rewrite_l4(l4, sum, target->port, ip->protocol);
	return XDP_TX;
}

static __always_inline int run_ipv6(char *data, char *end, enum yardstick yardstick)
{
	struct ipv6hdr *ip = (struct ipv6hdr *)(data + ETH_HLEN);
	char *l4 = (char *)(ip + 1);
	struct hg_flow_key key = {};
	const struct target *target;
	__u64 sum = 0;

	if (l4 + 20 > end)
		return XDP_DROP;
	__builtin_memcpy(&key.src, &ip->saddr, 16);
	__builtin_memcpy(&key.dst, &ip->daddr, 16);
	key.ports = *(__u32 *)l4;
	key.protocol = ip->nexthdr;
	target = find(&key, yardstick);
	if (!target)
		return XDP_DROP;
	for (int i = 0; i < 4; i++)
		sum = diff32(sum, key.dst.words[i], target->addr.words[i]);
	__builtin_memcpy(&ip->daddr, &target->addr, 16);
	ip->hop_limit--;
	rewrite_l4(l4, sum, target->port, ip->nexthdr);
	return XDP_TX;
}

static __always_inline void swap_macs(struct ethhdr *eth)
{
	__u8 mac[ETH_ALEN];

	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
}

static __always_inline int run(struct xdp_md *ctx, enum yardstick yardstick)
{
	char *data = (char *)(long)ctx->data, *end = (char *)(long)ctx->data_end;
	struct ethhdr *eth = (struct ethhdr *)data;

	if (data + ETH_HLEN > end)
		return XDP_DROP;
	swap_macs(eth);
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		return run_ipv4(data, end, yardstick);
	if (eth->h_proto == bpf_htons(ETH_P_IPV6))
		return run_ipv6(data, end, yardstick);
	return XDP_PASS;
}

SEC("xdp") int yard_floor(struct xdp_md *ctx)
{
	return run(ctx, FLOOR);
}

SEC("xdp") int yard_line(struct xdp_md *ctx)
{
	return run(ctx, LINE);
}

SEC("xdp") int yard_hash(struct xdp_md *ctx)
{
	return run(ctx, HASH);
}

char _license[] SEC("license") = "Dual BSD/GPL";
