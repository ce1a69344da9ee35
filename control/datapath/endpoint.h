/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Endpoints: address, port and protocol, under one number for all frontends that use it.
 * Pure: no map, no clock. There may be 100,000, so they lie in an array by number, and
 * chains of numbers take the place of pointers: a third of the memory of list elements.
 */
#ifndef DATAPATH_ENDPOINT_H
#define DATAPATH_ENDPOINT_H

#include <headgate/abi.h>
#include "ranges.h"

struct endpoint {
	struct hg_addr addr;
	__be16 port;
	uint8_t protocol;
	bool out; /* HG_BACKEND_MOVE_UDP as last written for one of its records */
	uint32_t users;
	uint32_t next; /* in the chain; 0: the last */
};

struct endpoints {
	struct id_pool ids;
	struct endpoint *items; /* by number; 0 is nobody's and all zero */
	uint32_t *chains;	/* by hash: the first number, 0: none */
	uint32_t mask;		/* of the hash */
};

/* Numbers [1, size). 0 or -ENOMEM. */
int endpoints_open(struct endpoints *endpoints, uint32_t size);
void endpoints_close(struct endpoints *endpoints);

/* In a key, address, port and protocol count. The number, or 0: not known. */
uint32_t endpoint_find(const struct endpoints *endpoints, const struct endpoint *key);
/* One more user. number: the one it shall have when it is new, 0: any. 0, or what
 * id_pool_get() and id_pool_claim() say. */
int endpoint_take(struct endpoints *endpoints, const struct endpoint *key,
		  uint32_t number, uint32_t *ret_number);
/* One user less; with the last one, the number goes to rest. */
void endpoint_drop(struct endpoints *endpoints, uint32_t number, uint64_t now_ns);

#endif
