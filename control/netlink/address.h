/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The node's own addresses, and which of them speaks for it towards another.
 */
#ifndef NETLINK_ADDRESS_H
#define NETLINK_ADDRESS_H

#include "hash.h"
#include "link.h"

struct address_key {
	struct hg_addr addr;
	uint32_t ifindex;
	uint32_t bits; /* of 128 */
};

struct address {
	struct address_key key;
	uint32_t flags; /* IFA_F_… */
	uint8_t scope;	/* RT_SCOPE_… */
	UT_hash_handle hh;
};

struct addresses {
	struct address *by_key; /* in the order in which they were told */
};

void addresses_clear(struct addresses *addresses);
/* Read an RTM_NEWADDR or RTM_DELADDR. 0, or -EBADMSG. */
int address_read(const struct nlmsghdr *message, struct address *ret_address);
/* 1: this is new, 0: it was known, or -ENOMEM. */
int addresses_set(struct addresses *addresses, const struct address *address);
/* 1: removed, 0: was not known. */
int addresses_remove(struct addresses *addresses, const struct address_key *key);

/* On any interface, whatever its scope. */
bool addresses_have(const struct addresses *addresses, const struct hg_addr *addr);
bool addresses_have_global(const struct addresses *addresses, const struct hg_addr *addr);
/*
 * Source for what leaves by ifindex towards `towards` (destination or gateway): a
 * global, usable address of that interface, first one whose subnet holds `towards`, else
 * the first; when it has none (unnumbered pod interfaces), one of another interface,
 * loopback last. :: when there is none.
 */
struct hg_addr addresses_source(const struct addresses *addresses,
				const struct links *links, uint32_t ifindex,
				const struct hg_addr *towards);
/* The first bits of an address, the others zero. */
struct hg_addr addr_keep_bits(const struct hg_addr *addr, unsigned bits);

#endif
