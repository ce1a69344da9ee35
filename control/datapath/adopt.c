/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Restart: the maps are the state in force. Every frontend found is mirrored without a
 * port; datapath_apply() then takes it over like any other change, so backends that are
 * still wanted keep their indices and flows stay valid. datapath_settle() removes the
 * rest. Numbers read from a map are bounded before use: an index, a range or a reference
 * that cannot be ours takes that frontend out of force.
 */
#include "adopt.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include "../lib/cleanup.h"
#include "addresses.h"
#include "backends.h"
#include "frontend_key.h"
#include "frontends.h"
#include "map_write.h"
#include "tables.h"

#define BATCH		4096U
#define GENERATION_MASK ((1U << HG_GENERATION_BITS) - 1)

struct found {
	struct hg_frontend_key key;
	uint32_t service;
};

/* ---- backends ---- */
static struct frontend *get_frontend(struct datapath *datapath,
				     const struct hg_frontend_key *key)
{
	struct frontend *frontend = frontend_find(datapath, key);

	return frontend ?: frontend_new(datapath, key);
}

static int adopt_live(struct datapath *datapath, uint32_t index,
		      const struct hg_backend *record)
{
	struct hg_frontend_key key =
	    frontend_key(&record->vip, host16(record->vport), record->protocol);
	struct frontend *frontend = get_frontend(datapath, &key);

	return frontend ? backend_adopt(datapath, index, record, frontend) : -ENOMEM;
}

static int adopt_record(struct datapath *datapath, uint32_t index,
			const struct hg_backend *record)
{
	uint16_t generation = record->generation & GENERATION_MASK;
	int r = 0;

	if (record->flags & HG_BACKEND_LIVE)
		r = adopt_live(datapath, index, record);
	if (r == 0 && record->flags & HG_BACKEND_LIVE)
		return 0;
	datapath->backends[index].generation = generation;
	if (r == 0 || r == -ENOMEM)
		return r;
	struct hg_backend none = { .generation = (generation + 1) & GENERATION_MASK };
	datapath->backends[index] =
	    (struct backend){ .generation = none.generation & GENERATION_MASK };
	return map_put(datapath, MAP_BACKENDS, index, &none);
}

static int adopt_backends(struct datapath *datapath)
{
	uint32_t size = datapath->entries[MAP_BACKENDS];
	_cleanup_free_ struct hg_backend *records = calloc(BATCH, sizeof(*records));
	_cleanup_free_ uint32_t *keys = calloc(BATCH, sizeof(*keys));
	uint32_t position = 0, done = 0;

	if (!records || !keys)
		return -ENOMEM;
	while (done < size) {
		uint32_t count = BATCH;
		int r = bpf_map_lookup_batch(datapath->fds[MAP_BACKENDS],
					     done ? &position : NULL, &position, keys,
					     records, &count, NULL);
		if (r < 0 && r != -ENOENT)
			return r;
		for (uint32_t i = 0; i < count; i++) {
			if (!keys[i] || keys[i] >= size)
				continue;
			int adopted = adopt_record(datapath, keys[i], &records[i]);
			if (adopted < 0)
				return adopted;
		}
		done += count;
		if (r == -ENOENT || !count)
			break;
	}
	return 0;
}

/* ---- frontends ---- */
static int read_members(struct datapath *datapath, struct frontend *frontend)
{
	uint32_t count = frontend->record.member_count;
	_cleanup_free_ struct hg_member *members = calloc(count + 1, sizeof(*members));

	frontend->members = calloc(count + 1, sizeof(*frontend->members));
	if (!members || !frontend->members)
		return -ENOMEM;
	frontend->member_count = count;
	int r = mmap_view_read(&datapath->members, frontend->record.member_base, members,
			       count);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t index = members[i].backend;
		struct backend *backend;

		if (!index || index >= datapath->entries[MAP_BACKENDS])
			continue;
		backend = &datapath->backends[index];
		if (backend->frontend != frontend ||
		    backend->position != BACKEND_UNPLACED)
			continue;
		backend->position = (uint16_t)i;
		frontend->members[i] = index;
	}
	return 0;
}

static int claim_places(struct datapath *datapath, struct frontend *frontend)
{
	const struct hg_service *record = &frontend->record;
	int r = 0;

	if (!record->id || record->id >= datapath->ids.size ||
	    record->member_count > UINT16_MAX ||
	    record->active_count > record->member_count ||
	    addr_compare(&record->addr, &frontend->key.addr) ||
	    record->port != frontend->key.port)
		return -EINVAL;
	if (record->member_count)
		r = ranges_claim(&datapath->member_places, record->member_base,
				 record->member_count);
	if (r < 0)
		return r;
	if (record->slot_count)
		r = table_adopt(datapath, record, &frontend->table);
	if (r < 0 && record->member_count)
		ranges_give_back(&datapath->member_places, record->member_base,
				 record->member_count);
	return r;
}

static int hold_adopted_id(struct datapath *datapath, uint32_t id)
{
	int r = 0;

	if (!datapath->id_holders[id].frontends)
		r = id_pool_claim(&datapath->ids, id);
	if (r == 0)
		id_hold(datapath, id);
	return r;
}

static int claim_service(struct datapath *datapath, struct frontend *frontend,
			 uint32_t service)
{
	int r = id_pool_claim(&datapath->services, service);

	if (r < 0)
		return r;
	r = claim_places(datapath, frontend);
	if (r == 0)
		r = hold_adopted_id(datapath, frontend->record.id);
	if (r < 0)
		id_pool_put(&datapath->services, service);
	else
		frontend->service = service;
	return r;
}

static int enter_frontend(struct datapath *datapath, struct frontend *frontend,
			  uint32_t service)
{
	int r =
	    bpf_map_lookup_elem(datapath->fds[MAP_SERVICES], &service, &frontend->record);

	if (r == 0)
		r = vip_get(datapath, &frontend->key.addr, &frontend->vip);
	if (r == 0)
		r = claim_service(datapath, frontend, service);
	if (r < 0)
		return r;
	datapath->frontend_entries++;
	r = vip_count(datapath, frontend->vip, 1, 0, frontend->record.flags);
	return r < 0 ? r : read_members(datapath, frontend);
}

static int discard(struct datapath *datapath, const struct found *found,
		   struct complaints *complaints)
{
	char text[ADDR_TEXT];

	complain(complaints, COMPLAINT_WARNING, NULL, NULL,
		 "%s %s in map hg_frontends points at a record that contradicts itself: "
		 "it was taken out of force",
		 addr_print_port(&found->key.addr, host16(found->key.port), text),
		 protocol_print(found->key.protocol));
	return bpf_map_delete_elem(datapath->fds[MAP_FRONTENDS], &found->key);
}

static int adopt_frontend(struct datapath *datapath, const struct found *found,
			  struct complaints *complaints)
{
	struct frontend *frontend = get_frontend(datapath, &found->key);

	if (!frontend)
		return -ENOMEM;
	int r = enter_frontend(datapath, frontend, found->service);
	/* In force: what failed is memory or a system call, not the record. */
	if (r == 0 || r == -ENOMEM || frontend->service)
		return r;
	frontend->record = (struct hg_service){ 0 };
	frontend->vip = NULL;
	return discard(datapath, found, complaints);
}

static int adopt_vip(struct datapath *datapath, const struct found *found,
		     struct complaints *complaints)
{
	struct hg_service record;
	int r =
	    bpf_map_lookup_elem(datapath->fds[MAP_SERVICES], &found->service, &record);

	if (r == 0)
		r = vip_adopt(datapath, &found->key.addr, found->service, record.flags);
	if (r == 0 || r == -ENOMEM)
		return r;
	return discard(datapath, found, complaints);
}

static int collect(struct datapath *datapath, struct found **ret_found, size_t *ret_count)
{
	size_t limit = datapath->entries[MAP_FRONTENDS], count = 0;
	int fd = datapath->fds[MAP_FRONTENDS];
	_cleanup_free_ struct found *found = calloc(limit, sizeof(*found));
	struct hg_frontend_key *last = NULL;

	if (!found)
		return -ENOMEM;
	while (count < limit && bpf_map_get_next_key(fd, last, &found[count].key) == 0) {
		int r = bpf_map_lookup_elem(fd, &found[count].key, &found[count].service);
		if (r < 0)
			return r;
		last = &found[count++].key;
	}
	*ret_found = TAKE_PTR(found);
	*ret_count = count;
	return 0;
}

static int adopt_frontends(struct datapath *datapath, struct complaints *complaints)
{
	_cleanup_free_ struct found *found = NULL;
	size_t count = 0;
	int r = collect(datapath, &found, &count);

	/* Addresses first: frontends count on them. */
	for (size_t i = 0; r == 0 && i < count; i++)
		if (!found[i].key.protocol)
			r = adopt_vip(datapath, &found[i], complaints);
	for (size_t i = 0; r == 0 && i < count; i++)
		if (found[i].key.protocol)
			r = adopt_frontend(datapath, &found[i], complaints);
	return r;
}

/* In no range: beyond those that the frontend's record counts. */
static int place_departed(struct datapath *datapath, uint32_t index)
{
	struct backend *backend = &datapath->backends[index];
	struct frontend *frontend = backend->frontend;
	size_t size = (frontend->member_count + 1) * sizeof(uint32_t);

	if (frontend->member_count >= BACKEND_UNPLACED)
		return -E2BIG;
	uint32_t *members = realloc(frontend->members, size);
	if (!members)
		return -ENOMEM;
	members[frontend->member_count] = index;
	backend->position = (uint16_t)frontend->member_count++;
	frontend->members = members;
	backend_depart(datapath, index, -1, clock_ns());
	return 0;
}

/* Backends whose frontend is gone: they keep serving their flows. */
static int adopt_departed(struct datapath *datapath)
{
	struct frontend *frontend, *next;

	for (uint32_t index = 1; index < datapath->entries[MAP_BACKENDS]; index++) {
		const struct backend *backend = &datapath->backends[index];

		if (!backend->frontend || backend->position != BACKEND_UNPLACED)
			continue;
		int r = place_departed(datapath, index);
		if (r < 0)
			return r;
	}
	/* Frontends taken out of force for want of a sound record, and of any backend. */
	HASH_ITER (hh, datapath->frontends, frontend, next)
		if (!frontend->service && !frontend->member_count)
			frontend_free(datapath, frontend);
	return 0;
}

int adopt(struct datapath *datapath, struct complaints *complaints)
{
	for (uint32_t i = 0; i < HG_OURS_WORDS; i++) {
		int r = bpf_map_lookup_elem(datapath->fds[MAP_OURS], &i,
					    &datapath->addr_filter_words[i]);
		if (r < 0)
			return r;
	}
	int r = snat_adopt(datapath);
	if (r == 0)
		r = adopt_backends(datapath);
	if (r == 0)
		r = hops_forget(datapath);
	if (r == 0)
		r = adopt_frontends(datapath, complaints);
	tables_adopted(datapath);
	if (r == 0)
		r = adopt_departed(datapath);
	/* Flows remember hops by the previous daemon's numbers. */
	__atomic_fetch_add(&datapath->state->route_epoch, 1, __ATOMIC_RELEASE);
	return r;
}
