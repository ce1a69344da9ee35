/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * mac: is a frame sent to this machine, and to it alone? A NIC also sees what switches flood,
 * and everything when it is promiscuous (a bridge's port, a capture). Such frames are the
 * stack's: were they balanced, a standby balancer would double each connection of the active
 * one, packet by packet also those that it knew before it became the standby.
 *
 * It is asked before anything is made, ended or answered, and of an established flow by the
 * first packet of a tick: an active balancer pays nothing for it, and one that becomes the
 * standby lets go within a tick, since what is not its own never counts as seen.
 */
#ifndef XDP_MAC_H
#define XDP_MAC_H

#include <linux/if_ether.h>
#include "maps.h"
#include "packet.h"

/* The second to the last. Without branches, each of which would double the verifier's work. */
static __always_inline int mac_is_listed(const struct hg_macs *known, __u64 mac)
{
	__u64 others = 1;

	for (__u32 i = 1; i < HG_MACS_EACH; i++) {
		__u64 difference = mac ^ known->macs[i];

		others &= (difference | -difference) >> 63;
	}
	return !others;
}

/* Whom the frame is sent to; 0: there is no header. */
static __always_inline __u64 mac_of(const struct packet *p)
{
	const struct ethhdr *eth = packet_at(p, 0, sizeof(*eth));

	return eth ? *(const __u32 *)eth->h_dest |
			 (__u64) * (const __u16 *)(eth->h_dest + 4) << 32
		   : 0;
}

static __always_inline const struct hg_macs *macs_of(const struct packet *p)
{
	__u32 index = hook_ifindex(p->ctx) & (HG_MACS - 1);

	return bpf_map_lookup_elem(&hg_macs, &index);
}

/* A pod's frames are sent to whatever the pod takes for its gateway. */
static __noinline int mac_is_ours(const struct packet *p)
{
	const struct hg_macs *known;
	__u64 mac = mac_of(p);

	if (hook_from_pod)
		return 1;
	known = macs_of(p);
	if (!known || !mac)
		return 0;
	if (hook_ifindex(p->ctx) != known->ifindex)
		return !(mac & 1);
	return mac == known->macs[0] || mac_is_listed(known, mac);
}

/* The same of nearly every frame, which is sent to its NIC's own address: not even a call. */
static __always_inline int mac_is_own(const struct packet *p)
{
	const struct hg_macs *known;

	if (hook_from_pod)
		return 1;
	known = macs_of(p);
	return known && hook_ifindex(p->ctx) == known->ifindex &&
	       mac_of(p) == known->macs[0];
}

#endif
