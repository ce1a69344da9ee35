/* SPDX-License-Identifier: BSD-2-Clause */
/* Frontends out of force, service ids, and the sentence about a map without room. */
#include "frontends.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include "backends.h"
#include "tables.h"

struct frontend *frontend_find(const struct datapath *datapath,
			       const struct hg_frontend_key *key)
{
	struct frontend *frontend;

	HASH_FIND(hh, datapath->frontends, key, sizeof(*key), frontend);
	return frontend;
}

struct frontend *frontend_new(struct datapath *datapath,
			      const struct hg_frontend_key *key)
{
	struct frontend *frontend = calloc(1, sizeof(*frontend));

	if (!frontend)
		return NULL;
	frontend->key = *key;
	HASH_ADD(hh, datapath->frontends, key, sizeof(frontend->key), frontend);
	if (frontend->hh.tbl)
		return frontend;
	free(frontend);
	return NULL;
}

void frontend_free(struct datapath *datapath, struct frontend *frontend)
{
	HASH_DELETE(hh, datapath->frontends, frontend);
	free(frontend->members);
	free(frontend);
}

static void release_places(struct datapath *datapath, struct frontend *frontend)
{
	uint64_t now = clock_ns();

	id_pool_release(&datapath->services, frontend->service, now);
	if (frontend->record.member_count)
		ranges_release(&datapath->member_places, frontend->record.member_base,
			       frontend->record.member_count, now);
	table_put(datapath, frontend->table);
	id_drop(datapath, frontend->record.id);
	frontend->service = 0;
	frontend->table = NULL;
	frontend->vip = NULL;
	frontend->record = (struct hg_service){ 0 };
}

static bool has_members(const struct frontend *frontend)
{
	for (uint32_t i = 0; i < frontend->member_count; i++)
		if (frontend->members[i])
			return true;
	return false;
}

int frontend_remove(struct datapath *datapath, struct frontend *frontend, int64_t drain_s)
{
	int r = bpf_map_delete_elem(datapath->fds[MAP_FRONTENDS], &frontend->key);

	if (r < 0 && r != -ENOENT)
		return r;
	datapath->frontend_entries--;
	if (frontend->port)
		DL_DELETE(frontend->port->frontends, frontend);
	frontend->port = NULL;
	r = vip_count(datapath, frontend->vip, -1, frontend->record.flags, 0);
	release_places(datapath, frontend);
	for (uint32_t i = 0; i < frontend->member_count; i++) {
		uint32_t index = frontend->members[i];

		if (!index)
			continue;
		const struct backend *backend = &datapath->backends[index];
		int marked =
		    backend_mark(datapath, index, backend->flags | HG_BACKEND_MOVE_UDP,
				 backend->service);
		r = r < 0 ? r : marked;
		backend_depart(datapath, index, drain_s, clock_ns());
	}
	if (!has_members(frontend))
		frontend_free(datapath, frontend);
	return r;
}

int frontend_release_backend(struct datapath *datapath, uint32_t index)
{
	struct backend *backend = &datapath->backends[index];
	struct frontend *frontend = backend->frontend;
	struct hg_member none = { 0 };

	/* A slot may name this place as its previous owner; the index may soon be
	 * another's. */
	if (backend->position < frontend->record.member_count) {
		int r = mmap_view_write(&datapath->members,
					frontend->record.member_base + backend->position,
					&none, 1);
		if (r < 0)
			return r;
	}
	frontend->members[backend->position] = 0;
	int r = backend_free(datapath, index);
	if (!frontend->service && !frontend->planned && !has_members(frontend))
		frontend_free(datapath, frontend);
	return r;
}

struct applied_port *port_find(const struct applied_service *service, const char *key)
{
	struct applied_port *port;

	DL_FOREACH (service->ports, port)
		if (!strcmp(port->key, key))
			break;
	return port;
}

void id_hold(struct datapath *datapath, uint32_t id)
{
	datapath->id_holders[id].frontends++;
}

static void free_unheld(struct datapath *datapath, uint32_t id)
{
	const struct id_holders *holders = &datapath->id_holders[id];

	if (id && !holders->frontends && !holders->port)
		id_pool_release(&datapath->ids, id, clock_ns());
}

void id_drop(struct datapath *datapath, uint32_t id)
{
	datapath->id_holders[id].frontends--;
	free_unheld(datapath, id);
}

int id_take(struct datapath *datapath, struct applied_port *port, uint32_t adopted)
{
	uint32_t id = adopted;

	if (!id || datapath->id_holders[id].port) {
		int r = id_pool_get(&datapath->ids, &id);
		if (r < 0)
			return r;
	}
	datapath->id_holders[id].port = port;
	port->id = id;
	return 0;
}

void id_leave(struct datapath *datapath, uint32_t id)
{
	datapath->id_holders[id].port = NULL;
	free_unheld(datapath, id);
}
