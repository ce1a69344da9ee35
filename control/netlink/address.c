/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses of this node. For SNAT only those will do that last and that the kernel
 * answers for: global scope; not deprecated, tentative or found double; not a temporary
 * privacy address. The order of preference is the kernel's own for a route without
 * preferred source, except that loopback's addresses come last: a VIP may lie there.
 */
#include "address.h"
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include "attribute.h"

#define UNFIT (IFA_F_DEPRECATED | IFA_F_TENTATIVE | IFA_F_DADFAILED)

void addresses_clear(struct addresses *addresses)
{
	struct address *address, *next;

	HASH_ITER (hh, addresses->by_key, address, next) {
		HASH_DEL(addresses->by_key, address);
		free(address);
	}
}

int address_read(const struct nlmsghdr *message, struct address *ret_address)
{
	const struct nlattr *at[IFA_FLAGS + 1];
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	struct address address = { 0 };
	int r;

	r = attributes_read(message, sizeof(*header), at, IFA_FLAGS + 1);
	if (r < 0)
		return r;
	/* IFA_ADDRESS is the peer's on point-to-point links; IFA_LOCAL is always ours. */
	if (!attribute_addr(at[IFA_LOCAL], &address.key.addr) &&
	    !attribute_addr(at[IFA_ADDRESS], &address.key.addr))
		return -EBADMSG;
	address.key.ifindex = header->ifa_index;
	address.key.bits = header->ifa_prefixlen;
	if (addr_is_v4(&address.key.addr))
		address.key.bits += 96;
	if (address.key.bits > 128)
		return -EBADMSG;
	address.scope = header->ifa_scope;
	address.flags = header->ifa_flags;
	attribute_u32(at[IFA_FLAGS], &address.flags);
	address.flags &= UNFIT | IFA_F_TEMPORARY;
	*ret_address = address;
	return 0;
}

int addresses_set(struct addresses *addresses, const struct address *address)
{
	struct address *entry;

	HASH_FIND(hh, addresses->by_key, &address->key, sizeof(address->key), entry);
	if (entry) {
		bool same =
		    entry->flags == address->flags && entry->scope == address->scope;

		entry->flags = address->flags;
		entry->scope = address->scope;
		return !same;
	}
	entry = malloc(sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	*entry = *address;
	HASH_ADD(hh, addresses->by_key, key, sizeof(entry->key), entry);
	if (!entry->hh.tbl) {
		free(entry);
		return -ENOMEM;
	}
	return 1;
}

int addresses_remove(struct addresses *addresses, const struct address_key *key)
{
	struct address *entry;

	HASH_FIND(hh, addresses->by_key, key, sizeof(*key), entry);
	if (!entry)
		return 0;
	HASH_DEL(addresses->by_key, entry);
	free(entry);
	return 1;
}

bool addresses_have(const struct addresses *addresses, const struct hg_addr *addr)
{
	for (const struct address *a = addresses->by_key; a; a = a->hh.next)
		if (addr_compare(&a->key.addr, addr) == 0)
			return true;
	return false;
}

bool addresses_have_global(const struct addresses *addresses, const struct hg_addr *addr)
{
	for (const struct address *a = addresses->by_key; a; a = a->hh.next)
		if (a->scope == RT_SCOPE_UNIVERSE &&
		    addr_compare(&a->key.addr, addr) == 0)
			return true;
	return false;
}

struct hg_addr addr_keep_bits(const struct hg_addr *addr, unsigned bits)
{
	struct hg_addr kept = *addr;

	for (unsigned i = 0; i < sizeof(kept.bytes); i++) {
		unsigned here = bits > i * 8 ? bits - i * 8 : 0;

		if (here < 8)
			kept.bytes[i] &= (uint8_t)(0xff00U >> here);
	}
	return kept;
}

static bool holds(const struct address *address, const struct hg_addr *other)
{
	struct hg_addr a = addr_keep_bits(&address->key.addr, address->key.bits);
	struct hg_addr b = addr_keep_bits(other, address->key.bits);

	return addr_compare(&a, &b) == 0;
}

/* How well this address speaks for us; 0: not at all. */
static int merit(const struct address *address, const struct links *links,
		 uint32_t ifindex, const struct hg_addr *towards)
{
	const struct link *link;

	if (address->scope != RT_SCOPE_UNIVERSE || (address->flags & UNFIT) ||
	    addr_is_v4(&address->key.addr) != addr_is_v4(towards))
		return 0;
	if (!addr_is_v4(towards) && (address->flags & IFA_F_TEMPORARY))
		return 0;
	if (address->key.ifindex == ifindex)
		return holds(address, towards) ? 4 : 3;
	link = links_find(links, address->key.ifindex);
	if (!link || !link->view.up)
		return 0;
	return link->loopback ? 1 : 2;
}

struct hg_addr addresses_source(const struct addresses *addresses,
				const struct links *links, uint32_t ifindex,
				const struct hg_addr *towards)
{
	struct hg_addr best = { 0 };
	int best_merit = 0;

	for (const struct address *a = addresses->by_key; a; a = a->hh.next) {
		int m = merit(a, links, ifindex, towards);

		if (m > best_merit) {
			best = a->key.addr;
			best_merit = m;
		}
	}
	return best;
}
