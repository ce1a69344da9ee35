/* SPDX-License-Identifier: BSD-2-Clause */
/* Prepare: validate and allocate everything, write it where nobody looks yet. */
#include "plan.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/cleanup.h"
#include "backends.h"
#include "frontend_key.h"
#include "map_write.h"

static struct hg_service describe(const struct change *change)
{
	const struct wanted_port *wanted = change->wanted;
	struct hg_service record = {
		.addr = change->spec->addr,
		.port = be16(change->spec->port),
		.protocol = wanted->protocol,
		.flags = change->spec->flags,
		.id = change->port->id,
		.member_count = change->member_count,
		.active_count = (uint32_t)wanted->active_count,
		.affinity_ticks = HG_TICKS(wanted->affinity_s),
	};

	if (wanted->forwarding == FORWARD_NAT)
		record.flags |= HG_SERVICE_NAT;
	if (wanted->affinity_s)
		record.flags |= HG_SERVICE_AFFINITY;
	if (change->table) {
		record.slot_base = change->table->base;
		record.slot_count = change->table->count;
		if (change->table->bits == HG_SLOT_WIDE)
			record.flags |= HG_SERVICE_WIDE;
	}
	return record;
}

static int write_members(struct plan *plan, struct change *change)
{
	struct datapath *datapath = plan->datapath;
	struct hg_service *record = &change->record;

	if (!change->member_count)
		return 0;
	_cleanup_free_ struct hg_member *members =
	    calloc(change->member_count, sizeof(*members));
	if (!members)
		return -ENOMEM;
	int r = ranges_take(&datapath->member_places, change->member_count,
			    &record->member_base);
	if (r < 0)
		return r;
	change->fresh_members = true;
	for (uint32_t i = 0; i < change->member_count; i++) {
		uint32_t index = change->members[i];

		members[i].backend = index;
		members[i].endpoint = datapath->backends[index].endpoint;
	}
	return mmap_view_write(&datapath->members, record->member_base, members,
			       change->member_count);
}

static int write_service(struct plan *plan, struct change *change)
{
	struct datapath *datapath = plan->datapath;
	int r = id_pool_get(&datapath->services, &change->service);

	if (r < 0)
		return r;
	return map_put(datapath, MAP_SERVICES, change->service, &change->record);
}

static int prepare_table(struct plan *plan, struct change *change)
{
	struct table_change table = {
		.wanted = change->wanted,
		.old = change->frontend->table,
		.remap = change->remap,
		.old_members = change->frontend->member_count,
		.same_members = change->same_members,
	};

	return table_get(plan->datapath, &table, &change->table);
}

/* Everything that the frontend will point at. */
static int prepare_records(struct plan *plan, struct change *change)
{
	const struct frontend *frontend = change->frontend;
	enum map map = MAP_SLOTS;
	int r = prepare_table(plan, change);

	if (r == 0) {
		change->record = describe(change);
		map = MAP_MEMBERS;
		if (change->same_members)
			change->record.member_base = frontend->record.member_base;
		else
			r = write_members(plan, change);
	}
	if (r == 0 && frontend->service &&
	    !memcmp(&change->record, &frontend->record, sizeof(change->record)))
		return 0;
	if (r == 0) {
		map = MAP_SERVICES;
		r = write_service(plan, change);
	}
	if (r < 0)
		complain_map(plan->datapath, plan->complaints, &plan->about, map, r);
	return r;
}

/* Room for the frontend, and for its address when that is new. */
static int prepare_vip(struct plan *plan, struct change *change)
{
	struct datapath *datapath = plan->datapath;
	enum map map = MAP_SERVICES;
	int r;

	if (change->frontend->service)
		return 0;
	r = vip_get(datapath, &change->spec->addr, &change->vip);
	if (r == 0) {
		plan->new_entries += change->vip->in_force ? 1 : 2;
		map = MAP_FRONTENDS;
		if (datapath->frontend_entries + plan->new_entries >
		    datapath->entries[MAP_FRONTENDS])
			r = -ENOSPC;
	}
	if (r < 0)
		complain_map(datapath, plan->complaints, &plan->about, map, r);
	return r;
}

static int complain_taken(struct plan *plan, const struct wanted_port *wanted,
			  const struct wanted_frontend *spec, const char *holder)
{
	struct about about = plan->about;
	char text[ADDR_TEXT];

	about.cause = CAUSE_TAKEN;
	complain(plan->complaints, COMPLAINT_ERROR, NULL, &about,
		 "%s %s belongs to Service %s, which keeps it: give one of them another "
		 "address or port",
		 addr_print_port(&spec->addr, spec->port, text),
		 protocol_print(wanted->protocol), holder);
	return -EEXIST;
}

static int claim_frontend(struct plan *plan, struct change *change)
{
	struct hg_frontend_key key = frontend_key(&change->spec->addr, change->spec->port,
						  change->wanted->protocol);
	struct frontend *frontend = frontend_find(plan->datapath, &key);
	const struct applied_service *holder = NULL;

	if (frontend && frontend->planned)
		holder = plan->service;
	else if (frontend && frontend->port && frontend->port->service != plan->service)
		holder = frontend->port->service;
	if (holder)
		return complain_taken(plan, change->wanted, change->spec, holder->name);
	if (!frontend)
		frontend = frontend_new(plan->datapath, &key);
	if (!frontend)
		return -ENOMEM;
	frontend->planned = true;
	frontend->claimed = true;
	change->frontend = frontend;
	return 0;
}

static int prepare_frontend(struct plan *plan, const struct port_change *port,
			    const struct wanted_frontend *spec)
{
	struct change *change = &plan->changes[plan->change_count];

	*change =
	    (struct change){ .port = port->port, .wanted = port->wanted, .spec = spec };
	int r = claim_frontend(plan, change);
	if (r < 0)
		return r;
	plan->change_count++;
	r = prepare_vip(plan, change);
	if (r < 0)
		return r;
	r = plan_members(plan, change);
	if (r < 0)
		return r;
	return prepare_records(plan, change);
}

/* The id that an earlier daemon gave to these frontends: affinities hang on it. */
static uint32_t adopted_id(const struct datapath *datapath,
			   const struct wanted_port *wanted)
{
	for (size_t i = 0; i < wanted->frontend_count; i++) {
		const struct wanted_frontend *spec = &wanted->frontends[i];
		struct hg_frontend_key key =
		    frontend_key(&spec->addr, spec->port, wanted->protocol);
		const struct frontend *frontend = frontend_find(datapath, &key);

		if (frontend && frontend->service && !frontend->port)
			return frontend->record.id;
	}
	return 0;
}

static int create_port(struct plan *plan, struct port_change *change)
{
	struct datapath *datapath = plan->datapath;
	size_t size = strlen(change->wanted->key) + 1;
	struct applied_port *port = calloc(1, sizeof(*port) + size);

	if (!port)
		return -ENOMEM;
	memcpy(port->key, change->wanted->key, size);
	port->service = plan->service;
	int r = id_take(datapath, port, adopted_id(datapath, change->wanted));
	if (r < 0) {
		free(port);
		return r;
	}
	DL_APPEND(plan->service->ports, port);
	change->port = port;
	change->created = true;
	return 0;
}

static int copy_ranges(struct plan *plan, struct port_change *change)
{
	const struct cidr_list *ranges = &change->wanted->source_ranges;

	int r = source_ranges_copy(ranges, &change->ranges);

	if (r < 0)
		return r;
	r = source_ranges_add(plan->datapath, change->port->id, ranges->items,
			      ranges->count);
	if (r < 0)
		complain_map(plan->datapath, plan->complaints, &plan->about, MAP_RANGES,
			     r);
	return r;
}

static int prepare_port(struct plan *plan, const struct wanted_port *wanted)
{
	struct port_change *change = &plan->ports[plan->port_count];
	struct applied_port *port = port_find(plan->service, wanted->key);

	*change = (struct port_change){ .port = port, .wanted = wanted };
	if (!port) {
		int r = create_port(plan, change);
		if (r < 0)
			return r;
	}
	plan->port_count++;
	int r = copy_ranges(plan, change);
	for (size_t i = 0; r == 0 && i < wanted->frontend_count; i++)
		r = prepare_frontend(plan, change, &wanted->frontends[i]);
	return r;
}

int plan_prepare(struct plan *plan)
{
	const struct wanted_service *wanted = plan->wanted;
	size_t frontends = 0;

	if (!wanted)
		return 0;
	for (size_t i = 0; i < wanted->port_count; i++)
		frontends += wanted->ports[i].frontend_count;
	plan->ports = calloc(wanted->port_count + 1, sizeof(*plan->ports));
	plan->changes = calloc(frontends + 1, sizeof(*plan->changes));
	if (!plan->ports || !plan->changes)
		return -ENOMEM;
	for (size_t i = 0; i < wanted->port_count; i++) {
		int r = prepare_port(plan, &wanted->ports[i]);
		if (r < 0)
			return r;
	}
	return 0;
}
