/* SPDX-License-Identifier: BSD-2-Clause */
/* Address records: an address that some frontend uses answers echo and refuses the rest. */
#include <errno.h>
#include <stdlib.h>
#include <bpf/bpf.h>
#include "addresses.h"
#include "frontend_key.h"
#include "frontends.h"
#include "map_write.h"

static int write_vip(struct datapath *datapath, struct vip *vip, uint32_t flags)
{
	struct hg_service record = { .addr = vip->addr, .flags = flags };
	int r = map_put(datapath, MAP_SERVICES, vip->service, &record);

	if (r == 0)
		vip->flags = flags;
	return r;
}

static struct vip *new_vip(struct datapath *datapath, const struct hg_addr *addr)
{
	struct vip *vip = calloc(1, sizeof(*vip));

	if (!vip)
		return NULL;
	vip->addr = *addr;
	HASH_ADD(hh, datapath->vips, addr, sizeof(vip->addr), vip);
	if (vip->hh.tbl)
		return vip;
	free(vip);
	return NULL;
}

static int free_vip(struct datapath *datapath, struct vip *vip)
{
	struct hg_frontend_key key = frontend_key(&vip->addr, 0, 0);
	int r = 0;

	if (vip->in_force) {
		r = bpf_map_delete_elem(datapath->fds[MAP_FRONTENDS], &key);
		datapath->frontend_entries--;
	}
	int cleared = addr_filter_leave(datapath, &vip->addr);
	id_pool_release(&datapath->services, vip->service, clock_ns());
	HASH_DELETE(hh, datapath->vips, vip);
	free(vip);
	return r < 0 ? r : cleared;
}

int vip_get(struct datapath *datapath, const struct hg_addr *addr, struct vip **ret_vip)
{
	struct vip *vip;

	HASH_FIND(hh, datapath->vips, addr, sizeof(*addr), vip);
	if (vip) {
		*ret_vip = vip;
		return 0;
	}
	uint32_t service;
	int r = id_pool_get(&datapath->services, &service);
	if (r < 0)
		return r;
	vip = new_vip(datapath, addr);
	if (!vip) {
		id_pool_put(&datapath->services, service);
		return -ENOMEM;
	}
	vip->service = service;
	r = write_vip(datapath, vip, HG_SERVICE_ADDRESS);
	int added = addr_filter_enter(datapath, addr);
	r = r < 0 ? r : added;
	if (r < 0) {
		free_vip(datapath, vip);
		return r;
	}
	*ret_vip = vip;
	return 0;
}

/* The host itself holds the address: what no frontend claims is the host's. */
static bool is_local(struct datapath *datapath, const struct hg_addr *addr)
{
	const struct datapath_resolver *resolver = &datapath->resolver;
	struct hg_addr source = { 0 };
	uint32_t hop = 0, ifindex = 0;

	if (resolver->find(resolver->context, addr, &hop, &ifindex, &source) < 0)
		return false;
	if (hop)
		resolver->release(resolver->context, hop);
	return !hop && !addr_compare(&source, addr);
}

/* In place: flags are one word and all that an address record says. */
static int refresh_flags(struct datapath *datapath, struct vip *vip)
{
	uint32_t flags = HG_SERVICE_ADDRESS;

	if (vip->inside == vip->users)
		flags |= HG_SERVICE_INSIDE_ONLY;
	if (vip->shared || is_local(datapath, &vip->addr))
		flags |= HG_SERVICE_SHARED;
	return flags == vip->flags ? 0 : write_vip(datapath, vip, flags);
}

int vips_refresh(struct datapath *datapath)
{
	struct vip *vip, *next;
	int failed = 0;

	HASH_ITER (hh, datapath->vips, vip, next) {
		int r = vip->users ? refresh_flags(datapath, vip) : 0;
		failed = r < 0 ? r : failed;
	}
	return failed;
}

int vip_count(struct datapath *datapath, struct vip *vip, int users, uint32_t was,
	      uint32_t is)
{
	vip->users += (uint32_t)users;
	vip->inside += !!(is & HG_SERVICE_INSIDE_ONLY) - !!(was & HG_SERVICE_INSIDE_ONLY);
	vip->shared += !!(is & HG_SERVICE_SHARED) - !!(was & HG_SERVICE_SHARED);
	if (!vip->users)
		return free_vip(datapath, vip);
	int r = refresh_flags(datapath, vip);
	if (r < 0 || vip->in_force)
		return r;
	struct hg_frontend_key key = frontend_key(&vip->addr, 0, 0);
	r = map_publish(datapath, MAP_FRONTENDS, &key, &vip->service);
	if (r < 0)
		return r;
	vip->in_force = true;
	datapath->frontend_entries++;
	return 0;
}

int vip_adopt(struct datapath *datapath, const struct hg_addr *addr, uint32_t service,
	      uint32_t flags)
{
	int r = id_pool_claim(&datapath->services, service);

	if (r < 0)
		return r;
	struct vip *vip = new_vip(datapath, addr);
	if (!vip) {
		id_pool_put(&datapath->services, service);
		return -ENOMEM;
	}
	vip->service = service;
	vip->flags = flags;
	vip->in_force = true;
	datapath->frontend_entries++;
	return addr_filter_enter(datapath, addr);
}
