/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What every stage knows of a packet: facts, parsed once. Offsets and values, no packet
 * pointers, because each helper that moves head or tail, or touches a checksum, makes
 * those void. A stage is a static function of struct packet * that returns a verdict (≥
 * 0) or -HG_REASON_….
 */
#ifndef XDP_PACKET_H
#define XDP_PACKET_H

#include <headgate/abi.h>
#include <headgate/endian.h>
#include <headgate/reasons.h>

/* The farthest header that we follow lies below this offset. */
#define PACKET_OFFSETS 0x3ffU

enum verdict {
	NEXT = 0, /* the next stage decides */
	FOUND,	  /* the packet's flow is at hand: follow it */
	PASS,	  /* not ours: untouched to the stack */
	ANSWER, /* the packet is now our answer: back out of the interface it came from */
	SEND,	/* translated: leaves as p->out says */
};

enum fragment_kind { WHOLE, FRAGMENT_FIRST, FRAGMENT_LATER };

enum out_kind {
	OUT_WIRE,  /* the frame is complete: out of out_ifindex */
	OUT_PEER,  /* into the pod behind out_ifindex */
	OUT_NEIGH, /* out of out_ifindex, the kernel writes layer 2 (towards out_hop if
		      not 0) */
};

struct packet {
	struct hook_ctx *ctx;
	struct hg_flow_key
	    key;      /* as on the wire; snat set when dst is one of our SNAT addresses */
	__u64 hash;   /* of key */
	__u32 length; /* layer 3, from the IP header */
	__u32 fragment_id;
	__u32 now; /* tick */
	__u32 out_ifindex;
	union {
		__u32 ack; /* TCP: acknowledgement number, until the flow is found */
		__u32 mtu; /* of the next hop that was too small */
	};
	__u32 line; /* of the flow that was made for this packet */
	__u16 out_hop;
	__u16 l3;    /* offset of the IP header */
	__u16 l4;    /* offset of the layer-4 header (or of a later fragment's payload) */
	__u16 seen;  /* enum hg_flow_ctl flags that this packet contributes */
	__u8 out;    /* enum out_kind */
	__u8 family; /* 4 or 6 */
	__u8 fragment; /* enum fragment_kind */
	__u8 is_new;   /* may begin a flow: TCP SYN, SCTP INIT, any UDP */
	__u8 ttl;
	__u8 icmp_type;
	__u8 parse_error; /* enum hg_reason: why a packet for a VIP cannot be served */
	__u8 no_reply;	  /* a refusal is not answered */
};

_Static_assert(sizeof(struct packet) <= 96,
	       "two packets and their callers share 512 bytes of stack");

/* size bytes at an offset of the frame, or NULL. size is a constant. */
static __always_inline void *packet_at(const struct packet *p, __u32 offset, __u32 size)
{
	char *data = hook_data(p->ctx);

	data += offset & PACKET_OFFSETS;
	if ((void *)(data + size) > hook_data_end(p->ctx))
		return 0;
	return data;
}

static __always_inline int addr_equal(const struct hg_addr *a, const struct hg_addr *b)
{
	return a->halves[0] == b->halves[0] && a->halves[1] == b->halves[1];
}

/* One store, because what reads it reads halves. */
static __always_inline void addr_from_v4(struct hg_addr *addr, __u32 word)
{
	__u64 prefix = (HG_FORCE __u32)be32(0xffff);

	addr->halves[0] = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	addr->halves[1] = prefix | (__u64)word << 32;
#else
	addr->halves[1] = prefix << 32 | word;
#endif
}

/* The key of the other direction. Ports and addresses change sides; snat is not carried
 * over. */
static __always_inline void key_reverse(const struct hg_flow_key *key,
					struct hg_flow_key *ret_key)
{
	ret_key->src = key->dst;
	ret_key->dst = key->src;
	ret_key->sport = key->dport;
	ret_key->dport = key->sport;
	ret_key->protocol = key->protocol;
	ret_key->snat = 0;
	ret_key->policy = 0;
}

/* The same in place. */
static __always_inline void key_turn(struct hg_flow_key *key)
{
	struct hg_addr src = key->src;
	__be16 sport = key->sport;

	key->src = key->dst;
	key->dst = src;
	key->sport = key->dport;
	key->dport = sport;
	key->snat = 0;
}

#endif
