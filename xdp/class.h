/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * class: in which class of peers is an address that is no pod's, in which class of ports a
 * port? IPv4 by at most three reads of arrays, IPv6 by its longest prefix.
 */
#ifndef XDP_CLASS_H
#define XDP_CLASS_H

#include "maps.h"
#include "packet.h"

/* A 16-bit place in an array whose elements hold four. */
#define POLICY_PLACE(map, place)                                                         \
	({                                                                               \
		__u32 element = (place) / 4, number = (place);                           \
		__u16 *places = bpf_map_lookup_elem(&(map), &element);                   \
		places ? places[number & 3] : 0U;                                        \
	})

static __always_inline __u32 class_of_v4(const struct hg_addr *addr, __u32 bank)
{
	__u32 word = host32((HG_FORCE __be32)addr->words[3]), place;

	place = POLICY_PLACE(hg_policy_v4, bank * HG_POLICY_V4_PLACES + (word >> 16));
	if (place & HG_POLICY_BLOCK)
		place = POLICY_PLACE(hg_policy_v4_blocks,
				     (place & ~HG_POLICY_BLOCK) * HG_POLICY_BLOCK_SIZE +
					 (word >> 8 & 0xff));
	if (place & HG_POLICY_BLOCK)
		place = POLICY_PLACE(hg_policy_v4_blocks,
				     (place & ~HG_POLICY_BLOCK) * HG_POLICY_BLOCK_SIZE +
					 (word & 0xff));
	return place & ~HG_POLICY_BLOCK;
}

static __always_inline __u32 class_of_v6(const struct hg_addr *addr, __u32 bank)
{
	struct hg_range_key key = { .prefixlen = 32 + 128,
				    .set = (HG_FORCE __u32)be32(bank),
				    .addr = *addr };
	__u32 *class = bpf_map_lookup_elem(&hg_policy_v6, &key);

	return class ? *class : 0;
}

/* Of an address that is no pod's. */
__noinline __u32 class_of_other(const struct hg_addr *addr, __u32 bank)
{
	if (!addr)
		return 0;
	if (addr->halves[0] == 0 && addr->words[2] == (HG_FORCE __u32)be32(0xffff))
		return class_of_v4(addr, bank);
	return class_of_v6(addr, bank);
}

/* Of a destination port, host order. */
static __always_inline __u32 class_of_port(__u8 number, __u16 port, __u32 bank)
{
	__u32 protocol = hg_policy_protocol(number);

	if (protocol == HG_POLICY_PROTOCOLS)
		return HG_POLICY_PORT_NONE;
	return POLICY_PLACE(hg_policy_ports, hg_policy_port_place(bank, protocol, port));
}

#endif
