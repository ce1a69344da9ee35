/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon shows of its maps: counters per backend and reason, how full each map is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include "../lib/cleanup.h"
#include "addresses.h"
#include "backends.h"
#include "frontends.h"
#include "stats.h"

static const struct applied_port *find_port(const struct datapath *datapath,
					    const char *key)
{
	const struct applied_service *service;

	/* "shop/cart:http/…" is of "shop/cart" */
	HASH_FIND(hh, datapath->applied, key, strcspn(key, ":"), service);
	return service ? port_find(service, key) : NULL;
}

/* Views are moved by reading; what the caller sees as state stays as it is. */
static struct datapath *writable(const struct datapath *datapath)
{
	return (struct datapath *)(uintptr_t)datapath;
}

int datapath_backend_counters(const struct datapath *datapath, const char *port_key,
			      const struct hg_addr *vip, const struct hg_addr *backend,
			      uint16_t backend_port,
			      struct datapath_counters *ret_counters)
{
	const struct applied_port *port = find_port(datapath, port_key);
	const struct frontend *frontend;

	if (!port)
		return -ENOENT;
	DL_FOREACH (port->frontends, frontend) {
		if (addr_compare(&frontend->key.addr, vip))
			continue;
		for (uint32_t i = 0; i < frontend->member_count; i++) {
			uint32_t index = frontend->members[i];
			const struct endpoint *endpoint =
			    backend_endpoint(datapath, &datapath->backends[index]);

			if (index && host16(endpoint->port) == backend_port &&
			    !addr_compare(&endpoint->addr, backend))
				return stats_read(writable(datapath), index,
						  ret_counters);
		}
	}
	return -ENOENT;
}

static int view_backend(const struct datapath *datapath, uint32_t index,
			struct datapath_backend_view *ret_view)
{
	const struct backend *backend = &datapath->backends[index];
	const struct endpoint *endpoint = backend_endpoint(datapath, backend);

	*ret_view = (struct datapath_backend_view){
		.addr = endpoint->addr,
		.port = host16(endpoint->port),
		.vip = backend->frontend->key.addr,
		.wanted = !backend->departed,
		.reachable =
		    backend->ifindex || hops_has_resolved(datapath, backend->hop),
	};
	return stats_read(writable(datapath), index, &ret_view->counters);
}

static int each_member(const struct datapath *datapath, const struct frontend *frontend,
		       int (*visit)(void *context,
				    const struct datapath_backend_view *view),
		       void *context)
{
	for (uint32_t i = 0; i < frontend->member_count; i++) {
		struct datapath_backend_view view;

		if (!frontend->members[i])
			continue;
		int r = view_backend(datapath, frontend->members[i], &view);
		if (r < 0)
			return r;
		if (!view.wanted && !view.counters.active)
			continue;
		r = visit(context, &view);
		if (r)
			return r;
	}
	return 0;
}

int datapath_each_backend(const struct datapath *datapath, const char *port_key,
			  int (*visit)(void *context,
				       const struct datapath_backend_view *view),
			  void *context)
{
	const struct applied_port *port = find_port(datapath, port_key);
	const struct frontend *frontend;

	if (!port)
		return -ENOENT;
	DL_FOREACH (port->frontends, frontend) {
		int r = each_member(datapath, frontend, visit, context);
		if (r)
			return r;
	}
	return 0;
}

int datapath_reasons(const struct datapath *datapath, struct datapath_reason *ret,
		     size_t size)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return cpus;
	_cleanup_free_ struct hg_counter *rows = calloc((size_t)cpus, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (uint32_t reason = 0; reason < size && reason < HG_REASON_MAX; reason++) {
		int r = bpf_map_lookup_elem(datapath->fds[MAP_REASONS], &reason, rows);
		if (r < 0)
			return r;
		ret[reason] = (struct datapath_reason){ 0 };
		for (int cpu = 0; cpu < cpus; cpu++) {
			ret[reason].packets += rows[cpu].packets;
			ret[reason].bytes += rows[cpu].bytes;
		}
	}
	return 0;
}

size_t datapath_usage(const struct datapath *datapath, struct datapath_usage *ret,
		      size_t size)
{
	const struct datapath_usage rows[] = {
		{ "hg_flows", datapath->sweep.live[0], datapath->entries[MAP_FLOWS],
		  datapath->entries[MAP_FLOWS] * sizeof(struct hg_flow) },
		{ "hg_embryos", datapath->sweep.live[1], datapath->entries[MAP_EMBRYOS],
		  datapath->entries[MAP_EMBRYOS] * sizeof(struct hg_flow) },
		{ "hg_frontends", datapath->frontend_entries,
		  datapath->entries[MAP_FRONTENDS],
		  datapath->entries[MAP_FRONTENDS] *
		      (sizeof(struct hg_frontend_key) + sizeof(uint32_t)) },
		{ "hg_services", datapath->services.used, datapath->services.size - 1,
		  datapath->entries[MAP_SERVICES] * sizeof(struct hg_service) },
		{ "hg_slots", (uint64_t)datapath->slot_places.used * HG_SLOTS_PER_ELEMENT,
		  (uint64_t)datapath->slot_places.size * HG_SLOTS_PER_ELEMENT,
		  datapath->entries[MAP_SLOTS] * sizeof(uint64_t) },
		{ "hg_members", datapath->member_places.used,
		  datapath->member_places.size,
		  datapath->entries[MAP_MEMBERS] * sizeof(struct hg_member) },
		{ "hg_backends", datapath->backend_ids.used,
		  datapath->backend_ids.size - 1,
		  datapath->entries[MAP_BACKENDS] * sizeof(struct hg_backend) },
		{ "hg_hops", datapath->hop_count, HG_HOPS - 1,
		  HG_HOPS * sizeof(struct hg_hop) },
		{ "hg_stats", datapath->backend_ids.used * datapath->stats_rows,
		  datapath->entries[MAP_STATS],
		  datapath->entries[MAP_STATS] * sizeof(struct hg_stats) },
	};
	size_t count = sizeof(rows) / sizeof(*rows);

	for (size_t i = 0; i < count && i < size; i++)
		ret[i] = rows[i];
	return count < size ? count : size;
}
