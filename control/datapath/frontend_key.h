/* SPDX-License-Identifier: BSD-2-Clause */
/* The key of hg_frontends. */
#ifndef DATAPATH_FRONTEND_KEY_H
#define DATAPATH_FRONTEND_KEY_H

#include <stdint.h>
#include <headgate/abi.h>
#include <headgate/endian.h>

/* Port: host order. Port and protocol 0: the address' own element. */
static inline struct hg_frontend_key frontend_key(const struct hg_addr *addr,
						  uint16_t port, uint8_t protocol)
{
	return (struct hg_frontend_key){ .addr = *addr,
					 .port = be16(port),
					 .protocol = protocol };
}

#endif
