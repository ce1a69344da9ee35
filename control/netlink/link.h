/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The node's interfaces by index. Owned by struct network; entries live until the kernel
 * says they are gone.
 */
#ifndef NETLINK_LINK_H
#define NETLINK_LINK_H

#include <libmnl/libmnl.h>
#include "hash.h"
#include "network.h"

struct link {
	struct network_link view; /* what others see */
	uint32_t master;	  /* bridge or bond it is a port of, 0: none */
	uint32_t lower;		  /* interface of this machine it stands on, 0: none */
	bool bridge;
	bool loopback;
	bool ethernet; /* 6-byte MACs and neighbours that are asked for theirs */
	bool carrier;
	uint32_t generation; /* of the reading that saw it last */
	UT_hash_handle hh;
};

struct links {
	struct link *by_index;
	const char *pod_pattern; /* owned by struct network; NULL: no pods */
};

void links_clear(struct links *links);
struct link *links_find(const struct links *links, uint32_t ifindex);
/* 0: nothing may leave by it, 1: up without carrier, 2: up. */
int links_rank(const struct links *links, uint32_t ifindex);

/*
 * Read an RTM_NEWLINK or RTM_DELLINK. 1: *ret_link as it is now; 0: the message is about
 * something else (a bridge tells of its ports by the same messages); -errno.
 */
int link_read(const struct nlmsghdr *message, const char *pod_pattern,
	      struct link *ret_link);
/* Enter or replace. Pointers to an entry stay valid. 0 or -ENOMEM. */
int links_set(struct links *links, const struct link *link, struct link **ret_link);
void links_remove(struct links *links, struct link *link);

#endif
