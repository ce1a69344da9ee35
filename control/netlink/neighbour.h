/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Neighbour entries (ARP, ND): what the kernel says of them and what we ask of it.
 * Traffic that XDP forwards never refreshes an entry, so those that matter are either
 * *managed* (the kernel itself keeps them resolved, 5.16 and later) or asked for again
 * and again.
 */
#ifndef NETLINK_NEIGHBOUR_H
#define NETLINK_NEIGHBOUR_H

#include "../lib/addr.h"
#include "socket.h"

struct neighbour {
	struct hg_hop_key key;
	uint16_t state; /* NUD_…; 0 when the entry is gone */
	uint8_t mac[6]; /* zero: not known */
	bool managed;
};

/* Read an RTM_NEWNEIGH or RTM_DELNEIGH of IPv4 or IPv6. 1, 0: nobody's neighbour (a proxy
 * entry, multicast), or -EBADMSG. */
int neighbour_read(const struct nlmsghdr *message, struct neighbour *ret_neighbour);

/*
 * Ask the kernel to resolve, or to confirm, an entry; managed: and to keep it so. Never
 * for a PERMANENT entry, which this would undo. Kernels that know nothing of managed
 * entries take it as a plain request. Without managed a managed entry becomes an ordinary
 * one. 0 or the kernel's -errno.
 */
int neighbour_ask(struct netlink *netlink, const struct hg_hop_key *key, bool managed);
/* What the kernel has. 0, -ENOENT, … */
int neighbour_get(struct netlink *netlink, const struct hg_hop_key *key,
		  struct neighbour *ret_neighbour);

#endif
