/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses in the maps: hg_ours, hg_locals and hg_snat, hg_hops and hg_hop_index. */
#ifndef DATAPATH_ADDRESSES_H
#define DATAPATH_ADDRESSES_H

#include "state.h"

/* An address is ours for one more (one less) reason. 0 or -errno of the map's update;
 * bits are cleared only once settled, since the previous daemon's may still be needed. */
int addr_filter_enter(struct datapath *datapath, const struct hg_addr *addr);
int addr_filter_leave(struct datapath *datapath, const struct hg_addr *addr);
/* Clear what the previous daemon left. */
int addr_filter_settle(struct datapath *datapath);

/* Index of a SNAT address, entered on first use; 0 when addr is :: or there is no place
 * (complaint). An index keeps its address as long as the maps live: flows name it. */
uint8_t snat_index(struct datapath *datapath, const struct hg_addr *addr,
		   struct complaints *complaints);
/* Read hg_snat and hg_locals after a restart. 0 or -errno. */
int snat_adopt(struct datapath *datapath);
/* The SNAT address towards a backend: --snat-address of its family, else the route's. */
const struct hg_addr *snat_choose(const struct datapath *datapath,
				  const struct hg_addr *backend,
				  const struct hg_addr *route_source);

/* The hop table is numbered by this daemon's netlink/: forget the previous one's index. */
int hops_forget(struct datapath *datapath);
/* An interface got or lost a hook: its hops say so. 0 or -errno. */
int hops_rewrite(struct datapath *datapath, uint32_t ifindex);
bool hops_has_resolved(const struct datapath *datapath, uint32_t hop);

#endif
