/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attributes of netlink messages, bounded: whatever length the kernel (or who poses as
 * it) writes, nothing beyond the message is read and a value of the wrong size counts as
 * absent.
 */
#ifndef NETLINK_ATTRIBUTE_H
#define NETLINK_ATTRIBUTE_H

#include <libmnl/libmnl.h>
#include "../lib/addr.h"

/*
 * Fill ret[0 … count - 1] by attribute type (NULL: absent; the last one of a type wins,
 * types ≥ count are skipped). 0, or -EBADMSG when the message is shorter than its header
 * or an attribute does not fit; ret is usable then too.
 */
int attributes_read(const struct nlmsghdr *message, size_t header,
		    const struct nlattr **ret, size_t count);
int attributes_read_nested(const struct nlattr *nest, const struct nlattr **ret,
			   size_t count);
/* The same over any run of bytes, such as what follows a struct rtnexthop. */
int attributes_read_span(const void *data, size_t length, const struct nlattr **ret,
			 size_t count);

/* Each takes NULL for an absent attribute. Untouched outputs and false: absent. */
bool attribute_u32(const struct nlattr *attribute, uint32_t *ret);
bool attribute_mac(const struct nlattr *attribute, uint8_t ret[6]);
/* By length: 4 bytes IPv4, 16 bytes IPv6. */
bool attribute_addr(const struct nlattr *attribute, struct hg_addr *ret);
/* NUL-terminated within size; what does not fit is refused. */
bool attribute_text(const struct nlattr *attribute, char *ret, size_t size);
/* 4 or 16 bytes into an address. */
bool addr_from_bytes(const void *bytes, size_t length, struct hg_addr *ret);

#endif
