/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Checksums, incrementally (RFC 1624), with two back ends. XDP frames carry full sums:
 * arithmetic. tc frames from a pod may carry partial ones (and 64 KiB of payload):
 * bpf_l4_csum_replace knows, with BPF_F_PSEUDO_HDR for what the pseudo header covers
 * (addresses) and without for what the packet carries (ports). A difference is an
 * unfolded one's complement sum of (~old + new) words.
 */
#ifndef XDP_CSUM_H
#define XDP_CSUM_H

#include "packet.h"

static __always_inline __u32 csum_fold32(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (__u32)((sum & 0xffffffff) + (sum >> 32));
}

static __always_inline __u16 csum_fold16(__u64 sum)
{
	__u32 folded = csum_fold32(sum);

	folded = (folded & 0xffff) + (folded >> 16);
	return (__u16)((folded & 0xffff) + (folded >> 16));
}

static __always_inline __u64 csum_replace32(__u64 sum, __u32 from, __u32 to)
{
	return sum + (__u32)~from + to;
}

static __always_inline __u64 csum_replace16(__u64 sum, __u16 from, __u16 to)
{
	return sum + (__u16)~from + to;
}

/* Difference of two addresses in a pseudo header. Mapped IPv4 addresses share their
 * prefix. */
static __always_inline __u64 csum_replace_addr(__u64 sum, const struct hg_addr *from,
					       const struct hg_addr *to)
{
	for (int i = 0; i < 4; i++)
		sum = csum_replace32(sum, from->words[i], to->words[i]);
	return sum;
}

/* Apply a difference to a checksum field held as a value (one's complement of the sum).
 */
static __always_inline __u16 csum_apply(__u16 check, __u64 difference)
{
	return (__u16)~csum_fold16((__u16)~check + (difference & 0xffffffff) +
				   (difference >> 32));
}

/*
 * Correct the layer-4 checksum field at offset: pseudo is covered by the pseudo header,
 * carried by the packet. udp: zero means "none" and stays, a sum that becomes zero is
 * written as 0xffff. Packet pointers are void afterwards.
 */
static __always_inline void csum_layer4(struct packet *p, __u32 offset, __u64 pseudo,
					__u64 carried, int udp)
{
	__u64 mangled = udp ? BPF_F_MARK_MANGLED_0 : 0;
	__u16 *check, sum;

	if (hook_partial_sums) {
		bpf_l4_csum_replace((void *)p->ctx, offset, 0, csum_fold32(pseudo),
				    BPF_F_PSEUDO_HDR | mangled);
		bpf_l4_csum_replace((void *)p->ctx, offset, 0, csum_fold32(carried),
				    mangled);
		return;
	}
	check = packet_at(p, offset, sizeof(*check));
	if (!check || (udp && !*check))
		return;
	sum = csum_apply(*check, (__u64)csum_fold32(pseudo) + csum_fold32(carried));
	*check = udp && !sum ? 0xffff : sum;
}

#endif
