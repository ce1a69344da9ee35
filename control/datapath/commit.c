/* SPDX-License-Identifier: BSD-2-Clause */
/* Commit or cancel what plan.c prepared. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include "../lib/cleanup.h"
#include "backends.h"
#include "map_write.h"
#include "plan.h"

static void cancel_change(struct plan *plan, struct change *change)
{
	struct datapath *datapath = plan->datapath;
	struct frontend *frontend = change->frontend;

	if (change->service)
		id_pool_put(&datapath->services, change->service);
	if (change->fresh_members)
		ranges_give_back(&datapath->member_places, change->record.member_base,
				 change->member_count);
	table_put(datapath, change->table);
	for (uint32_t i = 0; i < change->fresh_count; i++)
		backend_discard(datapath, change->fresh[i]);
	change->service = 0;
	change->fresh_members = false;
	change->table = NULL;
	change->fresh_count = 0;
	frontend->planned = false;
	if (!frontend->service && !frontend->member_count)
		frontend_free(datapath, frontend);
}

/* Several changes may share a VIP: it goes with the last that does not need it. */
static void cancel_vip(struct plan *plan, struct vip *vip)
{
	if (!vip)
		return;
	for (size_t i = 0; i < plan->change_count; i++)
		if (plan->changes[i].vip == vip)
			plan->changes[i].vip = NULL;
	if (!vip->users)
		vip_count(plan->datapath, vip, 0, 0, 0);
}

static void free_port(struct datapath *datapath, struct applied_port *port)
{
	id_leave(datapath, port->id);
	DL_DELETE(port->service->ports, port);
	free(port->ranges);
	free(port);
}

void plan_cancel(struct plan *plan)
{
	for (size_t i = plan->change_count; i-- > 0;) {
		struct vip *vip = plan->changes[i].vip;

		cancel_change(plan, &plan->changes[i]);
		cancel_vip(plan, vip);
	}
	for (size_t i = plan->port_count; i-- > 0;) {
		struct port_change *change = &plan->ports[i];
		struct cidr_list added = change->wanted->source_ranges;
		struct cidr_list kept = { change->port->ranges,
					  change->port->range_count };

		/* Before settling, the previous daemon's may be among them. */
		if (plan->datapath->settled)
			source_ranges_delete(plan->datapath, change->port->id, &added,
					     &kept);
		if (change->created)
			free_port(plan->datapath, change->port);
	}
}

void plan_clear(struct plan *plan)
{
	for (size_t i = 0; i < plan->change_count; i++) {
		free(plan->changes[i].members);
		free(plan->changes[i].remap);
		free(plan->changes[i].fresh);
	}
	for (size_t i = 0; i < plan->port_count; i++)
		free(plan->ports[i].ranges);
	free(plan->changes);
	free(plan->ports);
}

/* The one write that puts a frontend in force, or in force with another record. */
static int switch_frontend(struct plan *plan, struct change *change)
{
	struct datapath *datapath = plan->datapath;
	struct frontend *frontend = change->frontend;
	int r = map_publish(datapath, MAP_FRONTENDS, &frontend->key, &change->service);

	if (r < 0) {
		complain_map(datapath, plan->complaints, &plan->about, MAP_FRONTENDS, r);
		return r;
	}
	if (!frontend->service)
		datapath->frontend_entries++;
	return 0;
}

static void release_old(struct datapath *datapath, const struct change *change)
{
	struct frontend *frontend = change->frontend;
	uint64_t now = clock_ns();

	if (!frontend->service)
		return;
	if (!change->same_members && frontend->record.member_count)
		ranges_release(&datapath->member_places, frontend->record.member_base,
			       frontend->record.member_count, now);
	id_pool_release(&datapath->services, frontend->service, now);
	id_drop(datapath, frontend->record.id);
}

static int count_vip(struct datapath *datapath, const struct change *change)
{
	struct frontend *frontend = change->frontend;
	uint32_t is = change->record.flags;

	if (frontend->service)
		return vip_count(datapath, frontend->vip, 0, frontend->record.flags, is);
	frontend->vip = change->vip;
	return vip_count(datapath, frontend->vip, 1, 0, is);
}

/* Positions and departures; flags change in place, after the table that avoids a backend
 * which is going. */
static int mark_members(struct datapath *datapath, const struct change *change)
{
	const struct frontend *frontend = change->frontend;
	const struct wanted_port *wanted = change->wanted;
	uint32_t id = change->port->id;
	int failed = 0;

	for (uint32_t i = 0; i < frontend->member_count; i++) {
		uint32_t index = frontend->members[i];
		uint8_t flags = wanted->forwarding == FORWARD_NAT ? HG_BACKEND_NAT : 0;

		if (!index)
			continue;
		datapath->backends[index].position = (uint16_t)i;
		if (i < wanted->backend_count)
			backend_return(datapath, index);
		else
			backend_depart(datapath, index, wanted->drain_s, clock_ns());
		if (i >= wanted->backend_count ||
		    wanted->backends[i].state == BACKEND_DOWN)
			flags |= HG_BACKEND_MOVE_UDP;
		int r = backend_mark(datapath, index, flags, id);
		failed = r < 0 ? r : failed;
	}
	return failed;
}

static void relink(struct frontend *frontend, struct applied_port *port)
{
	if (frontend->port == port)
		return;
	if (frontend->port)
		DL_DELETE(frontend->port->frontends, frontend);
	DL_APPEND(port->frontends, frontend);
	frontend->port = port;
}

static int commit_change(struct plan *plan, struct change *change)
{
	struct datapath *datapath = plan->datapath;
	struct frontend *frontend = change->frontend;
	int r = 0;

	if (change->service) {
		r = switch_frontend(plan, change);
		if (r < 0)
			return r;
		r = count_vip(datapath, change);
		id_hold(datapath, change->record.id);
		release_old(datapath, change);
		frontend->service = change->service;
		frontend->record = change->record;
	}
	table_put(datapath, frontend->table);
	frontend->table = change->table;
	free(frontend->members);
	frontend->members = TAKE_PTR(change->members);
	frontend->member_count = change->member_count;
	frontend->planned = false;
	relink(frontend, change->port);
	int marked = mark_members(datapath, change);
	r = r < 0 ? r : marked;
	if (r < 0)
		complain_map(datapath, plan->complaints, &plan->about, MAP_BACKENDS, r);
	return r;
}

static int remove_frontends(struct plan *plan, struct applied_port *port)
{
	struct frontend *frontend, *next;
	int failed = 0;

	DL_FOREACH_SAFE (port->frontends, frontend, next) {
		int r = frontend_remove(plan->datapath, frontend, port->drain_s);

		if (r < 0)
			complain_map(plan->datapath, plan->complaints, &plan->about,
				     MAP_FRONTENDS, r);
		failed = r < 0 ? r : failed;
	}
	return failed;
}

static bool is_changed(const struct plan *plan, const struct frontend *frontend)
{
	for (size_t i = 0; i < plan->change_count; i++)
		if (plan->changes[i].frontend == frontend)
			return true;
	return false;
}

/* Frontends that this version of the Service no longer has. */
static int remove_unwanted(struct plan *plan)
{
	struct applied_port *port, *next_port;

	DL_FOREACH_SAFE (plan->service->ports, port, next_port) {
		struct frontend *frontend, *next, *kept = NULL;

		DL_FOREACH_SAFE (port->frontends, frontend, next) {
			if (!is_changed(plan, frontend))
				continue;
			DL_DELETE(port->frontends, frontend);
			DL_APPEND(kept, frontend);
		}
		int r = remove_frontends(plan, port);
		DL_CONCAT(port->frontends, kept);
		if (r < 0)
			return r;
		if (port->kept || port->frontends)
			continue;
		struct cidr_list none = { 0 };
		struct cidr_list old = { port->ranges, port->range_count };
		r = source_ranges_delete(plan->datapath, port->id, &old, &none);
		free_port(plan->datapath, port);
		if (r < 0)
			return r;
	}
	return 0;
}

static int commit_port(struct plan *plan, struct port_change *change)
{
	struct applied_port *port = change->port;
	struct cidr_list old = { port->ranges, port->range_count };
	const struct cidr_list *wanted = &change->wanted->source_ranges;
	int r = source_ranges_delete(plan->datapath, port->id, &old, wanted);

	if (r < 0)
		complain_map(plan->datapath, plan->complaints, &plan->about, MAP_RANGES,
			     r);
	free(port->ranges);
	port->ranges = TAKE_PTR(change->ranges);
	port->range_count = wanted->count;
	port->drain_s = change->wanted->drain_s;
	port->kept = true;
	return r;
}

/*
 * What cannot be switched (the kernel refused a write that had room) is given back on its
 * own; the rest is committed, and the caller tries again.
 */
int plan_commit(struct plan *plan)
{
	struct applied_port *port;
	int failed = 0;

	DL_FOREACH (plan->service->ports, port)
		port->kept = false;
	for (size_t i = 0; i < plan->change_count; i++) {
		struct vip *vip = plan->changes[i].vip;
		int r = commit_change(plan, &plan->changes[i]);

		if (r < 0 && plan->changes[i].frontend->planned) {
			cancel_change(plan, &plan->changes[i]);
			cancel_vip(plan, vip);
		}
		failed = r < 0 ? r : failed;
	}
	for (size_t i = 0; i < plan->port_count; i++) {
		int r = commit_port(plan, &plan->ports[i]);
		failed = r < 0 ? r : failed;
	}
	int r = remove_unwanted(plan);
	return r < 0 ? r : failed;
}
