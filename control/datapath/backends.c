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
#include "map_write.h"
#include "stats.h"

#define MARKABLE (HG_BACKEND_MOVE_UDP | HG_BACKEND_NAT)

static struct hg_backend record_of(const struct datapath *datapath,
				   const struct backend *backend)
{
	const struct endpoint *endpoint = backend_endpoint(datapath, backend);
	const struct hg_frontend_key *vip = &backend->frontend->key;

	return (struct hg_backend){ .addr = endpoint->addr,
				    .vip = vip->addr,
				    .port = endpoint->port,
				    .vport = vip->port,
				    .protocol = vip->protocol,
				    .flags = backend->flags,
				    .generation = backend->generation,
				    .hop = backend->hop < HG_HOPS ? backend->hop : 0,
				    .ifindex = backend->ifindex,
				    .service = backend->service,
				    .endpoint = backend->endpoint,
				    .snat = backend->snat };
}

/* Make the backend what it is changed to, in the map first. */
static int write_record(struct datapath *datapath, uint32_t index,
			const struct backend *changed)
{
	struct backend *backend = &datapath->backends[index];
	struct hg_backend old = record_of(datapath, backend);
	struct hg_backend record = record_of(datapath, changed);
	int r = 0;

	if (memcmp(&old, &record, sizeof(record)) != 0)
		r = map_put(datapath, MAP_BACKENDS, index, &record);
	if (r < 0)
		return r;
	*backend = *changed;
	/* An empty record says nothing about the endpoint. */
	if (record.flags & HG_BACKEND_LIVE)
		datapath->endpoints.items[record.endpoint].out =
		    record.flags & HG_BACKEND_MOVE_UDP;
	return 0;
}

bool datapath_is_out(void *context, const struct hg_addr *addr, uint16_t port,
		     uint8_t protocol)
{
	const struct datapath *datapath = context;
	struct endpoint key = { .addr = *addr, .port = be16(port), .protocol = protocol };
	uint32_t number = endpoint_find(&datapath->endpoints, &key);

	return datapath->endpoints.items[number].out;
}

/* Replies of these reach us with the client's own address as destination. */
static int update_ours(struct datapath *datapath, struct backend *backend, bool wanted)
{
	const struct hg_addr *addr = &backend_endpoint(datapath, backend)->addr;

	if (backend->in_ours == wanted)
		return 0;
	backend->in_ours = wanted;
	return wanted ? addr_filter_enter(datapath, addr)
		      : addr_filter_leave(datapath, addr);
}

static bool is_ours(const struct datapath *datapath, const struct backend *backend)
{
	return backend->ifindex || datapath->options.pods ||
	       backend->flags & HG_BACKEND_NAT;
}

static void drop_hop(struct datapath *datapath, uint32_t hop)
{
	if (hop)
		datapath->resolver.release(datapath->resolver.context, hop);
}

/* Ask the resolver where the address lies. The hop found is held. */
static int find_way(struct datapath *datapath, struct backend *changed,
		    struct complaints *complaints)
{
	const struct datapath_resolver *resolver = &datapath->resolver;
	const struct hg_addr *addr = &backend_endpoint(datapath, changed)->addr;
	struct hg_addr source = { 0 };
	uint32_t hop = 0, ifindex = 0;
	int r = resolver->find(resolver->context, addr, &hop, &ifindex, &source);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		hop = ifindex = 0;
	changed->hop = hop;
	changed->ifindex = ifindex;
	changed->flags &= (uint8_t)~HG_BACKEND_UNREACHABLE;
	if (!hop || hop >= HG_HOPS)
		changed->flags |= HG_BACKEND_UNREACHABLE;
	const struct hg_addr *snat = snat_choose(datapath, addr, &source);
	changed->snat = snat_index(datapath, snat, complaints);
	return 0;
}

/* The changed record, with its way found, is written; one of both hops is let go. */
static int resolve(struct datapath *datapath, uint32_t index, struct backend *changed,
		   struct complaints *complaints)
{
	struct backend *backend = &datapath->backends[index];
	uint32_t old_hop = backend->hop;
	int r = find_way(datapath, changed, complaints);

	if (r < 0)
		return r;
	r = write_record(datapath, index, changed);
	drop_hop(datapath, r < 0 ? changed->hop : old_hop);
	return r < 0 ? r : update_ours(datapath, backend, is_ours(datapath, backend));
}

int backend_resolve(struct datapath *datapath, uint32_t index,
		    struct complaints *complaints)
{
	struct backend changed = datapath->backends[index];

	return resolve(datapath, index, &changed, complaints);
}

int backend_enter(struct datapath *datapath, const struct backend_spec *spec,
		  struct complaints *complaints, uint32_t *ret_index)
{
	uint32_t index, endpoint;
	int r = id_pool_get(&datapath->backend_ids, &index);

	if (r < 0)
		return r;
	r = endpoint_take(&datapath->endpoints, &spec->endpoint, 0, &endpoint);
	if (r < 0) {
		id_pool_put(&datapath->backend_ids, index);
		return r;
	}
	struct backend *backend = &datapath->backends[index];
	*backend = (struct backend){ .generation = backend->generation,
				     .frontend = spec->frontend,
				     .endpoint = endpoint,
				     .position = BACKEND_UNPLACED };
	struct backend changed = *backend;
	changed.flags = spec->flags | HG_BACKEND_LIVE;
	changed.service = spec->service;
	r = stats_clear(datapath, index);
	if (r == 0)
		r = resolve(datapath, index, &changed, complaints);
	if (r < 0) {
		backend_discard(datapath, index);
		return r;
	}
	*ret_index = index;
	return 0;
}

int backend_adopt(struct datapath *datapath, uint32_t index,
		  const struct hg_backend *record, struct frontend *frontend)
{
	struct backend *backend = &datapath->backends[index];
	struct endpoint key = { .addr = record->addr,
				.port = record->port,
				.protocol = record->protocol };
	uint32_t endpoint;
	int r = id_pool_claim(&datapath->backend_ids, index);

	if (r < 0)
		return r;
	r = endpoint_take(&datapath->endpoints, &key, record->endpoint, &endpoint);
	if (r < 0) {
		id_pool_put(&datapath->backend_ids, index);
		return r;
	}
	*backend = (struct backend){ .generation = record->generation,
				     .frontend = frontend,
				     .endpoint = endpoint,
				     .position = BACKEND_UNPLACED };
	/* Hops are numbered anew by this daemon; until then the FIB answers. */
	struct backend changed = *backend;
	changed.flags = record->flags | HG_BACKEND_UNREACHABLE;
	changed.ifindex = record->ifindex;
	changed.service = record->service;
	changed.snat = record->snat;
	r = write_record(datapath, index, &changed);
	if (r < 0)
		return r;
	return update_ours(datapath, backend, is_ours(datapath, backend));
}

static int clear(struct datapath *datapath, uint32_t index, uint16_t generation)
{
	struct backend *backend = &datapath->backends[index];
	int r = update_ours(datapath, backend, false);
	struct backend changed = *backend;

	changed.flags = 0;
	changed.generation = generation & ((1U << HG_GENERATION_BITS) - 1);
	int written = write_record(datapath, index, &changed);
	drop_hop(datapath, backend->hop);
	endpoint_drop(&datapath->endpoints, backend->endpoint, clock_ns());
	*backend = (struct backend){ .generation = changed.generation };
	return written < 0 ? written : r;
}

void backend_discard(struct datapath *datapath, uint32_t index)
{
	clear(datapath, index, datapath->backends[index].generation);
	id_pool_put(&datapath->backend_ids, index);
}

int backend_free(struct datapath *datapath, uint32_t index)
{
	uint16_t generation = datapath->backends[index].generation + 1;

	backend_return(datapath, index);
	int r = clear(datapath, index, generation);
	id_pool_release(&datapath->backend_ids, index, clock_ns());
	return r;
}

int backend_mark(struct datapath *datapath, uint32_t index, uint8_t flags,
		 uint32_t service)
{
	struct backend *backend = &datapath->backends[index];
	struct backend changed = *backend;

	changed.flags = (uint8_t)((changed.flags & ~MARKABLE) | (flags & MARKABLE));
	changed.service = service;
	int r = write_record(datapath, index, &changed);
	if (r < 0)
		return r;
	return update_ours(datapath, backend, is_ours(datapath, backend));
}

void backend_return(struct datapath *datapath, uint32_t index)
{
	struct backend *backend = &datapath->backends[index];

	if (!backend->departed)
		return;
	DL_DELETE(datapath->departed, &datapath->departures[index]);
	datapath->departed_count--;
	backend->departed = false;
}

void backend_depart(struct datapath *datapath, uint32_t index, int64_t drain_s,
		    uint64_t now_ns)
{
	struct backend *backend = &datapath->backends[index];
	struct departure *departure = &datapath->departures[index];

	if (backend->departed)
		return;
	backend->departed = true;
	*departure = (struct departure){ .since_ns = now_ns, .drain_s = drain_s };
	DL_APPEND(datapath->departed, departure);
	datapath->departed_count++;
}
