/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frontends in force and what they share: address records of VIPs, service ids, source
 * ranges. plan.c prepares changes, commit.c makes them.
 */
#ifndef DATAPATH_FRONTENDS_H
#define DATAPATH_FRONTENDS_H

#include "state.h"

struct frontend *frontend_find(const struct datapath *datapath,
			       const struct hg_frontend_key *key);
/* A frontend that is not in force. NULL: out of memory. */
struct frontend *frontend_new(struct datapath *datapath,
			      const struct hg_frontend_key *key);
/* It has no members and is not in force. */
void frontend_free(struct datapath *datapath, struct frontend *frontend);
/* Out of force: its backends depart and keep it until their flows are gone. 0 or -errno;
 * it stays with its port when the map refused. */
int frontend_remove(struct datapath *datapath, struct frontend *frontend,
		    int64_t drain_s);
/* A departed backend's flows are gone, or cut: its place in the range is cleared first. */
int frontend_release_backend(struct datapath *datapath, uint32_t index);

/* The address record of a VIP, written; in hg_frontends once a frontend uses it. */
int vip_get(struct datapath *datapath, const struct hg_addr *addr, struct vip **ret_vip);
/* Frontends more (or less) on it, and of them those with HG_SERVICE_INSIDE_ONLY; nobody
 * left: it goes. 0 or -errno. */
int vip_count(struct datapath *datapath, struct vip *vip, int users, uint32_t was,
	      uint32_t is);
/* Local addresses may have changed. */
int vips_refresh(struct datapath *datapath);
int vip_adopt(struct datapath *datapath, const struct hg_addr *addr, uint32_t service,
	      uint32_t flags);

/* A port by its key, or NULL. */
struct applied_port *port_find(const struct applied_service *service, const char *key);

/* A service id is held by records in force and by one port; unheld ones may be reused. */
void id_hold(struct datapath *datapath, uint32_t id);
void id_drop(struct datapath *datapath, uint32_t id);
/* Give a port its id: the adopted one (0: none) unless another port has it. */
int id_take(struct datapath *datapath, struct applied_port *port, uint32_t adopted);
void id_leave(struct datapath *datapath, uint32_t id);

/* An owned copy of ranges, NULL of none. 0 or -ENOMEM. */
int source_ranges_copy(const struct cidr_list *from, struct cidr **ret_copy);
/* Source ranges of set `set` (a service id, or 0): add those missing, then, at commit,
 * delete those not wanted. 0 or -errno. */
int source_ranges_add(struct datapath *datapath, uint32_t set, const struct cidr *cidrs,
		      size_t count);
int source_ranges_delete(struct datapath *datapath, uint32_t set,
			 const struct cidr_list *from, const struct cidr_list *but);
/* Delete what the previous daemon left. */
int source_ranges_settle(struct datapath *datapath);

#endif
