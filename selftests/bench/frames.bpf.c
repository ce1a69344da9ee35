/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Both ends of the wire for the live-frame bench.
 *   generate   live-frame test run: the next ready-made frame, whole (a page comes back as
 *              its receiver left it), out of the interface it "came in" by
 *   server     counts what the balancer sends to endpoints; answers it when told to
 *   client     counts the answers that come back
 *   sink       counts everything
 *   forward    the least that a balancer could do: redirect unseen
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "frames.h"

#define MAP(name, kind, value_type, entries, flags)                                      \
	struct {                                                                         \
		__uint(type, BPF_MAP_TYPE_##kind);                                       \
		__type(key, __u32);                                                      \
		__type(value, value_type);                                               \
		__uint(max_entries, entries);                                            \
		__uint(map_flags, flags);                                                \
	} name SEC(".maps")

/* Written by the bench before a run. */
MAP(frames, ARRAY, struct frame, 16384, BPF_F_MMAPABLE);
/* Answers as they were sent, in the order of sending. Written by `server`. */
MAP(answers, ARRAY, struct frame, 16384, BPF_F_MMAPABLE);
MAP(settings, ARRAY, struct settings, 1, BPF_F_MMAPABLE);
MAP(cursors, PERCPU_ARRAY, struct cursor, 1, 0);
MAP(counts, PERCPU_ARRAY, __u64, COUNTS, 0);

struct headers {
	struct ethhdr eth;
	struct iphdr ip;
	union {
		struct tcphdr tcp;
		struct udphdr udp;
		struct {
			__be16 source, dest;
		};
	};
} __attribute__((packed));

static __always_inline void count(enum count which)
{
	__u32 key = which;
	__u64 *value = bpf_map_lookup_elem(&counts, &key);

	if (value)
		*value += 1;
}

static __always_inline struct settings *settings_now(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&settings, &key);
}

static __always_inline void copy_frame(void *to, const void *from)
{
	__builtin_memcpy(to, from, FRAME_SIZE);
}

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 key = 0;
	struct cursor *cursor = bpf_map_lookup_elem(&cursors, &key);
	struct frame *frame;

	if (!cursor)
		return XDP_ABORTED;
	key = cursor->next;
	cursor->next = key + 1 < cursor->end ? key + 1 : cursor->first;
	frame = bpf_map_lookup_elem(&frames, &key);
	if (!frame || data + FRAME_SIZE > end)
		return XDP_ABORTED;
	copy_frame(data, frame);
	return XDP_TX;
}

static __always_inline __u16 fold(__s64 sum)
{
	__u32 folded = (__u32)sum;

	folded = (folded & 0xffff) + (folded >> 16);
	return (__u16)((folded & 0xffff) + (folded >> 16));
}

/* Sum of the transport header, its pseudo header and 20 bytes of UDP's payload; 0 without. */
static __always_inline __u16 transport_sum(struct headers *h, const void *end)
{
	struct {
		__be32 source, dest;
		__u8 zero, protocol;
		__be16 length;
	} pseudo = { h->ip.saddr, h->ip.daddr, 0, h->ip.protocol, 0 };
	__s64 sum;

	if (h->ip.protocol == IPPROTO_TCP) {
		pseudo.length = bpf_htons(20);
		sum = bpf_csum_diff(0, 0, (void *)&h->tcp, 20, 0);
	} else {
		if ((void *)&h->udp + 28 > end)
			return 0;
		pseudo.length = bpf_htons(28);
		sum = bpf_csum_diff(0, 0, (void *)&h->udp, 28, 0);
	}
	return fold(bpf_csum_diff(0, 0, (void *)&pseudo, sizeof(pseudo), (__u32)sum));
}

static __always_inline void turn_around(struct headers *h)
{
	__be32 address = h->ip.saddr;
	__be16 port = h->source;
	__u8 mac[ETH_ALEN];

	__builtin_memcpy(mac, h->eth.h_dest, ETH_ALEN);
	__builtin_memcpy(h->eth.h_dest, h->eth.h_source, ETH_ALEN);
	__builtin_memcpy(h->eth.h_source, mac, ETH_ALEN);
	h->ip.saddr = h->ip.daddr;
	h->ip.daddr = address;
	h->source = h->dest;
	h->dest = port;
}

static __always_inline void answer_syn(struct headers *h, const void *end)
{
	h->tcp.ack_seq = bpf_htonl(bpf_ntohl(h->tcp.seq) + 1);
	h->tcp.seq = bpf_htonl(SERVER_SEQ);
	h->tcp.ack = 1;
	h->tcp.check = 0;
	h->tcp.check = ~transport_sum(h, end);
}

static __always_inline void record(struct settings *now, const void *data)
{
	__u32 index = __sync_fetch_and_add(&now->recorded, 1);
	struct frame *answer = bpf_map_lookup_elem(&answers, &index);

	if (answer)
		__builtin_memcpy(answer, data, sizeof(struct headers));
}

static __always_inline int answer(struct settings *now, struct headers *h,
				  const void *end)
{
	if (fold(bpf_csum_diff(0, 0, (void *)&h->ip, sizeof(h->ip), 0)) != 0xffff ||
	    transport_sum(h, end) != 0xffff) {
		count(COUNT_BAD_SUM);
		return XDP_DROP;
	}
	if (h->ip.protocol == IPPROTO_TCP && !h->tcp.syn)
		return XDP_DROP;
	turn_around(h);
	if (h->ip.protocol == IPPROTO_TCP)
		answer_syn(h, end);
	record(now, h);
	return XDP_TX;
}

SEC("xdp")
int server(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct headers *h = (void *)(long)ctx->data;
	struct settings *now = settings_now();

	/* The stack cuts off the padding of short frames, XDP does not. */
	if ((void *)(h + 1) > end || !now || h->eth.h_proto != bpf_htons(ETH_P_IP) ||
	    h->dest != bpf_htons(ENDPOINT_PORT)) {
		count(COUNT_STRANGE);
		return XDP_DROP;
	}
	count(COUNT_ARRIVED);
	return now->answering ? answer(now, h, end) : XDP_DROP;
}

SEC("xdp")
int client(struct xdp_md *ctx)
{
	struct headers *h = (void *)(long)ctx->data;

	if ((void *)(h + 1) <= (void *)(long)ctx->data_end &&
	    h->eth.h_proto == bpf_htons(ETH_P_IP) && h->source == bpf_htons(SERVICE_PORT))
		count(COUNT_ANSWERED);
	return XDP_DROP;
}

SEC("xdp")
int sink(struct xdp_md *ctx)
{
	(void)ctx;
	count(COUNT_ARRIVED);
	return XDP_DROP;
}

SEC("xdp")
int forward(struct xdp_md *ctx)
{
	struct settings *now = settings_now();

	(void)ctx;
	return now ? (int)bpf_redirect(now->out, 0) : XDP_ABORTED;
}

char _license[] SEC("license") = "Dual BSD/GPL";
