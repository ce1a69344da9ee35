/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Backend records. A record's address and port never change under an index of one
 * generation; hop, interface, SNAT address and flags are changed in place: a packet that
 * sees the old value is sent as it would have been a moment before.
 */
#include "backends.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "addresses.h"
#include "stats.h"

#define MARKABLE (HG_BACKEND_MOVE_UDP | HG_BACKEND_NAT)

static struct endpoint_key endpoint_key(const struct hg_backend *record)
{
	return (struct endpoint_key){ .addr = record->addr,
				      .port = record->port,
				      .protocol = record->protocol };
}

static struct endpoint *add_endpoint(struct datapath *datapath,
				     const struct endpoint_key *key, uint32_t number)
{
	struct endpoint *endpoint = calloc(1, sizeof(*endpoint));

	if (!endpoint)
		return NULL;
	endpoint->key = *key;
	endpoint->number = number;
	HASH_ADD(hh, datapath->endpoints, key, sizeof(endpoint->key), endpoint);
	if (endpoint->hh.tbl)
		return endpoint;
	free(endpoint);
	return NULL;
}

/* number 0: any. */
static int get_endpoint(struct datapath *datapath, const struct hg_backend *record,
			uint32_t number, struct endpoint **ret_endpoint)
{
	struct endpoint_key key = endpoint_key(record);
	struct endpoint *endpoint;

	HASH_FIND(hh, datapath->endpoints, &key, sizeof(key), endpoint);
	if (!endpoint) {
		int r = number ? numbers_claim(&datapath->endpoint_numbers, number)
			       : numbers_take(&datapath->endpoint_numbers, &number);
		if (r < 0)
			return r;
		endpoint = add_endpoint(datapath, &key, number);
		if (!endpoint) {
			numbers_give_back(&datapath->endpoint_numbers, number);
			return -ENOMEM;
		}
	}
	endpoint->users++;
	*ret_endpoint = endpoint;
	return 0;
}

static void put_endpoint(struct datapath *datapath, struct endpoint *endpoint)
{
	if (!endpoint || --endpoint->users)
		return;
	numbers_release(&datapath->endpoint_numbers, endpoint->number, clock_ns());
	HASH_DELETE(hh, datapath->endpoints, endpoint);
	free(endpoint);
}

static int write_record(struct datapath *datapath, uint32_t index,
			const struct hg_backend *record)
{
	struct backend *backend = &datapath->backends[index];

	if (!memcmp(&backend->record, record, sizeof(*record)))
		return 0;
	int r = map_put(datapath, MAP_BACKENDS, index, record);
	if (r < 0)
		return r;
	backend->record = *record;
	if (backend->endpoint)
		backend->endpoint->out = record->flags & HG_BACKEND_MOVE_UDP;
	return 0;
}

bool datapath_is_out(void *context, const struct hg_addr *addr, uint16_t port,
		     uint8_t protocol)
{
	const struct datapath *datapath = context;
	struct endpoint_key key = { .addr = *addr,
				    .port = be16(port),
				    .protocol = protocol };
	const struct endpoint *endpoint;

	HASH_FIND(hh, datapath->endpoints, &key, sizeof(key), endpoint);
	return endpoint && endpoint->out;
}

/* Replies of these reach us with the client's own address as destination. */
static int update_ours(struct datapath *datapath, struct backend *backend, bool wanted)
{
	if (backend->in_ours == wanted)
		return 0;
	backend->in_ours = wanted;
	return wanted ? ours_enter(datapath, &backend->record.addr)
		      : ours_leave(datapath, &backend->record.addr);
}

static bool is_ours(const struct datapath *datapath, const struct hg_backend *record)
{
	return record->ifindex || datapath->options.pods ||
	       record->flags & HG_BACKEND_NAT;
}

static void drop_hop(struct datapath *datapath, struct backend *backend)
{
	if (backend->hop)
		datapath->resolver.release(datapath->resolver.context, backend->hop);
	backend->hop = 0;
}

/* Ask the resolver where the record's address lies; hold its hop instead of the old. */
static int find_way(struct datapath *datapath, struct backend *backend,
		    struct hg_backend *record, struct complaints *complaints)
{
	const struct datapath_resolver *resolver = &datapath->resolver;
	struct hg_addr source = { 0 };
	uint32_t hop = 0, ifindex = 0;
	int r = resolver->find(resolver->context, &record->addr, &hop, &ifindex, &source);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		hop = ifindex = 0;
	drop_hop(datapath, backend);
	backend->hop = hop;
	record->hop = hop < HG_HOPS ? hop : 0;
	record->ifindex = ifindex;
	record->flags &= (uint8_t)~HG_BACKEND_UNREACHABLE;
	if (!record->hop)
		record->flags |= HG_BACKEND_UNREACHABLE;
	const struct hg_addr *snat = snat_choose(datapath, &record->addr, &source);
	record->snat = snat_index(datapath, snat, complaints);
	return 0;
}

int backend_resolve(struct datapath *datapath, uint32_t index,
		    struct complaints *complaints)
{
	struct backend *backend = &datapath->backends[index];
	struct hg_backend record = backend->record;
	int r = find_way(datapath, backend, &record, complaints);

	if (r < 0)
		return r;
	r = write_record(datapath, index, &record);
	if (r < 0)
		return r;
	return update_ours(datapath, backend, is_ours(datapath, &backend->record));
}

int backend_enter(struct datapath *datapath, const struct hg_backend *wanted,
		  struct complaints *complaints, uint32_t *ret_index)
{
	struct endpoint *endpoint;
	uint32_t index;
	int r = numbers_take(&datapath->backend_numbers, &index);

	if (r < 0)
		return r;
	r = get_endpoint(datapath, wanted, 0, &endpoint);
	if (r < 0) {
		numbers_give_back(&datapath->backend_numbers, index);
		return r;
	}
	struct backend *backend = &datapath->backends[index];
	struct hg_backend record = *wanted;
	record.flags |= HG_BACKEND_LIVE;
	record.generation = backend->record.generation;
	record.endpoint = endpoint->number;
	*backend = (struct backend){ .record = { .generation = record.generation },
				     .endpoint = endpoint };
	r = stats_clear(datapath, index);
	if (r == 0)
		r = find_way(datapath, backend, &record, complaints);
	if (r == 0)
		r = write_record(datapath, index, &record);
	if (r == 0)
		r = update_ours(datapath, backend, is_ours(datapath, &record));
	if (r < 0) {
		backend_discard(datapath, index);
		return r;
	}
	*ret_index = index;
	return 0;
}

int backend_adopt(struct datapath *datapath, uint32_t index,
		  const struct hg_backend *record)
{
	struct backend *backend = &datapath->backends[index];
	struct endpoint *endpoint;
	int r = numbers_claim(&datapath->backend_numbers, index);

	if (r < 0)
		return r;
	r = get_endpoint(datapath, record, record->endpoint, &endpoint);
	if (r < 0) {
		numbers_give_back(&datapath->backend_numbers, index);
		return r;
	}
	*backend = (struct backend){ .record = *record, .endpoint = endpoint };
	/* Hops are numbered anew by this daemon; until then the FIB answers. */
	struct hg_backend changed = *record;
	changed.hop = 0;
	changed.flags |= HG_BACKEND_UNREACHABLE;
	changed.endpoint = endpoint->number;
	r = write_record(datapath, index, &changed);
	if (r < 0)
		return r;
	return update_ours(datapath, backend, is_ours(datapath, record));
}

static int clear(struct datapath *datapath, uint32_t index, uint16_t generation)
{
	struct backend *backend = &datapath->backends[index];
	struct hg_backend record = backend->record;
	int r = update_ours(datapath, backend, false);

	drop_hop(datapath, backend);
	/* Before the write: an empty record says nothing about the endpoint. */
	put_endpoint(datapath, backend->endpoint);
	backend->endpoint = NULL;
	record.flags = 0;
	record.generation = generation;
	int written = write_record(datapath, index, &record);
	*backend = (struct backend){ .record = { .generation = generation } };
	return written < 0 ? written : r;
}

void backend_discard(struct datapath *datapath, uint32_t index)
{
	clear(datapath, index, datapath->backends[index].record.generation);
	numbers_give_back(&datapath->backend_numbers, index);
}

int backend_free(struct datapath *datapath, uint32_t index)
{
	uint16_t generation = datapath->backends[index].record.generation + 1;

	backend_return(datapath, index);
	int r = clear(datapath, index, generation & ((1U << HG_GENERATION_BITS) - 1));
	numbers_release(&datapath->backend_numbers, index, clock_ns());
	return r;
}

int backend_mark(struct datapath *datapath, uint32_t index, uint8_t flags,
		 uint32_t service)
{
	struct backend *backend = &datapath->backends[index];
	struct hg_backend record = backend->record;

	record.flags = (uint8_t)((record.flags & ~MARKABLE) | (flags & MARKABLE));
	record.service = service;
	int r = write_record(datapath, index, &record);
	if (r < 0)
		return r;
	return update_ours(datapath, backend, is_ours(datapath, &backend->record));
}

void backend_return(struct datapath *datapath, uint32_t index)
{
	struct backend *backend = &datapath->backends[index];

	if (!backend->departed)
		return;
	DL_DELETE(datapath->departed, backend);
	datapath->departed_count--;
	backend->departed = false;
}

void backend_depart(struct datapath *datapath, uint32_t index, int64_t drain_s,
		    uint64_t now_ns)
{
	struct backend *backend = &datapath->backends[index];

	if (backend->departed)
		return;
	backend->departed = true;
	backend->departed_ns = now_ns;
	backend->drain_s = drain_s;
	DL_APPEND(datapath->departed, backend);
	datapath->departed_count++;
}
