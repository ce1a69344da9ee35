/* SPDX-License-Identifier: BSD-2-Clause */
/* Give back this process's memory of the datapath; maps, pins and attachments stay. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "pods.h"
#include "policy.h"
#include "state.h"

static void free_applied(struct datapath *datapath)
{
	struct applied_service *service, *next_service;

	HASH_ITER (hh, datapath->applied, service, next_service) {
		struct applied_port *port, *next;

		DL_FOREACH_SAFE (service->ports, port, next) {
			free(port->ranges);
			free(port);
		}
		HASH_DELETE(hh, datapath->applied, service);
		free(service);
	}
}

static void free_table(struct datapath *datapath, struct slot_table *table)
{
	if (!table || --table->users)
		return;
	if (table->in_bases)
		HASH_DELETE(hh, datapath->tables_by_base, table);
	if (table->in_hashes)
		HASH_DELETE(hh, datapath->tables_by_hash, table);
	free(table);
}

static void free_frontends(struct datapath *datapath)
{
	struct frontend *frontend, *next;
	struct vip *vip, *next_vip;

	HASH_ITER (hh, datapath->frontends, frontend, next) {
		HASH_DELETE(hh, datapath->frontends, frontend);
		free_table(datapath, frontend->table);
		free(frontend->members);
		free(frontend);
	}
	HASH_ITER (hh, datapath->vips, vip, next_vip) {
		HASH_DELETE(hh, datapath->vips, vip);
		free(vip);
	}
}

static void close_maps(struct datapath *datapath)
{
	mmap_view_close(&datapath->slots);
	mmap_view_close(&datapath->members);
	mmap_view_close(&datapath->expired);
	for (uint32_t row = 0; datapath->stats && row < datapath->stats_rows; row++)
		mmap_view_close(&datapath->stats[row]);
	policy_maps_close(datapath);
	pod_lines_close(datapath);
	if (datapath->state)
		munmap(datapath->state, WINDOW_PAGE);
	if (datapath->locks)
		munmap(datapath->locks, HG_LOCKS * 8UL);
	bpf_object__close(datapath->nic);
	bpf_object__close(datapath->pod);
}

void datapath_close(struct datapath *datapath)
{
	struct attachment *attachment, *next;

	if (!datapath)
		return;
	free_applied(datapath);
	free_frontends(datapath);
	close_maps(datapath);
	DL_FOREACH_SAFE (datapath->attachments, attachment, next)
		free(attachment);
	ranges_close(&datapath->slot_places);
	ranges_close(&datapath->member_places);
	id_pool_close(&datapath->services);
	id_pool_close(&datapath->ids);
	id_pool_close(&datapath->backend_ids);
	endpoints_close(&datapath->endpoints);
	addr_filter_close(&datapath->filter);
	sweep_close(&datapath->sweep);
	free(datapath->stats);
	free(datapath->backends);
	free(datapath->departures);
	free(datapath->hops);
	free(datapath->id_holders);
	free(datapath->cluster_cidrs);
	free(datapath->inside);
	free(datapath->snat_addrs);
	free(datapath->pin_root);
	if (datapath->folder >= 0)
		close(datapath->folder);
	free(datapath);
}
