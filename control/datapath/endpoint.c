/* SPDX-License-Identifier: BSD-2-Clause */
#include "endpoint.h"
#include <errno.h>
#include <headgate/endian.h>
#include <headgate/hash.h>
#include <stdlib.h>
#include "../lib/addr.h"

_Static_assert(sizeof(struct endpoint) == 32, "two endpoints per cache line");

int endpoints_open(struct endpoints *endpoints, uint32_t size)
{
	uint32_t chains = 1;

	while (chains < size / 2)
		chains <<= 1;
	int r = id_pool_open(&endpoints->ids, size);
	if (r < 0)
		return r;
	endpoints->items = calloc(size, sizeof(*endpoints->items));
	endpoints->chains = calloc(chains, sizeof(*endpoints->chains));
	endpoints->mask = chains - 1;
	return endpoints->items && endpoints->chains ? 0 : -ENOMEM;
}

void endpoints_close(struct endpoints *endpoints)
{
	id_pool_close(&endpoints->ids);
	free(endpoints->items);
	free(endpoints->chains);
	*endpoints = (struct endpoints){ 0 };
}

static uint32_t *chain_of(const struct endpoints *endpoints, const struct endpoint *key)
{
	uint64_t hash = hg_hash_word(key->protocol, key->addr.halves[0]);

	hash = hg_hash_word(hash, key->addr.halves[1]);
	hash = hg_hash_end(hg_hash_word(hash, host16(key->port)));
	return &endpoints->chains[(uint32_t)hash & endpoints->mask];
}

uint32_t endpoint_find(const struct endpoints *endpoints, const struct endpoint *key)
{
	uint32_t number = *chain_of(endpoints, key);

	for (; number; number = endpoints->items[number].next) {
		const struct endpoint *endpoint = &endpoints->items[number];

		if (!addr_compare(&endpoint->addr, &key->addr) &&
		    endpoint->port == key->port && endpoint->protocol == key->protocol)
			break;
	}
	return number;
}

static int enter(struct endpoints *endpoints, const struct endpoint *key,
		 uint32_t *number)
{
	int r = *number ? id_pool_claim(&endpoints->ids, *number)
			: id_pool_get(&endpoints->ids, number);

	if (r < 0)
		return r;
	uint32_t *chain = chain_of(endpoints, key);
	endpoints->items[*number] = (struct endpoint){ .addr = key->addr,
						       .port = key->port,
						       .protocol = key->protocol,
						       .next = *chain };
	*chain = *number;
	return 0;
}

int endpoint_take(struct endpoints *endpoints, const struct endpoint *key,
		  uint32_t number, uint32_t *ret_number)
{
	uint32_t found = endpoint_find(endpoints, key);
	int r = 0;

	if (!found) {
		found = number;
		r = enter(endpoints, key, &found);
	}
	if (r < 0)
		return r;
	endpoints->items[found].users++;
	*ret_number = found;
	return 0;
}

void endpoint_drop(struct endpoints *endpoints, uint32_t number, uint64_t now_ns)
{
	struct endpoint *endpoint = &endpoints->items[number];

	if (--endpoint->users)
		return;
	uint32_t *link = chain_of(endpoints, endpoint);
	while (*link != number)
		link = &endpoints->items[*link].next;
	*link = endpoint->next;
	*endpoint = (struct endpoint){ 0 };
	id_pool_release(&endpoints->ids, number, now_ns);
}
