/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The one address type: 16 bytes in network order, IPv4 mapped (::ffff:a.b.c.d), so that there is one
 * key and one code path for both families.
 */
#ifndef HEADGATE_ADDR_H
#define HEADGATE_ADDR_H

#include <linux/types.h>

struct hg_addr {
	union {
		__u8 bytes[16];
		__u32 words[4]; /* network order */
		__u64 halves[2];
	};
};

_Static_assert(sizeof(struct hg_addr) == 16, "address");

#endif
