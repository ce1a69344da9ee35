/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What datapath/ keeps in its own memory, for its own files only. The maps are the state
 * in force; this mirrors the parts that the control process writes.
 *
 *   applied_service ─┬─ applied_port (id, ranges) ─┬─ frontend ─┬─ member[] → backend
 *                    └─ …                          └─ …         ├─ slot_table (shared)
 *                                                               └─ vip (shared)
 *
 * A frontend without port was found in the maps after a restart and is not (yet) wanted.
 * One without service record is out of force: it only waits for the flows of its backends.
 * Each backend record belongs to exactly one frontend.
 */
#ifndef DATAPATH_STATE_H
#define DATAPATH_STATE_H

#include <stdbool.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>
#include <bpf/libbpf.h>
#include <headgate/endian.h>
#include <headgate/hash.h>
#include <headgate/slot.h>
#include "addr_filter.h"
#include "clock.h"
#include "datapath.h"
#include "endpoint.h"
#include "maps.h"
#include "mmap_view.h"
#include "ranges.h"
#include "sweep.h"

/* A previous owner is remembered this long; then a changed table may be shared again. */
#define SETTLE_NS 60000000000ULL
/* A packet that read the old table may still make a flow; see also QUARANTINE_NS. */
#define LINGER_NS 2000000000ULL

struct slot_table {
	uint64_t hash[2]; /* wanted_port.table_hash */
	bool hash_known;  /* false: found in the maps, content not compared yet */
	bool mixed;	  /* previous differs from current somewhere */
	uint32_t base, count;
	uint32_t bits; /* of a position: HG_SLOT_NARROW or _WIDE */
	uint32_t users;
	uint64_t changed_ns;
	bool in_bases, in_hashes; /* at most one of them */
	UT_hash_handle hh;
	struct slot_table *prev, *next; /* mixed ones, oldest first */
};

struct vip {
	struct hg_addr addr;
	uint32_t users, inside; /* frontends; those with HG_SERVICE_INSIDE_ONLY */
	uint32_t shared;	/* those with HG_SERVICE_SHARED */
	uint32_t service;	/* its address record */
	uint32_t flags;		/* as written */
	bool in_force;		/* in hg_frontends */
	UT_hash_handle hh;
};

/*
 * A record of hg_backends: what its frontend (address, port, protocol of the VIP) and its
 * endpoint (address, port, number) do not say already.
 */
struct backend {
	struct frontend *frontend; /* NULL: not in use */
	uint32_t endpoint;
	uint32_t hop; /* held at the resolver */
	uint32_t ifindex;
	uint32_t service;
	uint16_t position; /* in the frontend's members */
	uint16_t generation : HG_GENERATION_BITS;
	uint16_t departed : 1; /* not wanted, still serving flows */
	uint16_t in_ours : 1;
	uint8_t flags;
	uint8_t snat;
};

_Static_assert(sizeof(struct backend) == 32, "two backends per cache line");

/* Not among the frontend's members yet; a frontend has at most so many. */
#define BACKEND_UNPLACED UINT16_MAX

/* Of a departed backend. Apart, since memory of those that stay is never touched. */
struct departure {
	uint64_t since_ns;
	int64_t drain_s;
	struct departure *prev, *next;
};

struct frontend {
	struct hg_frontend_key key;
	struct applied_port *port;
	struct hg_service record; /* as in hg_services[service] */
	uint32_t service;	  /* 0: not in force */
	uint32_t *members;     /* index in hg_backends; 0 where a departed one is gone */
	uint32_t member_count; /* as in the record, when in force */
	struct slot_table *table; /* NULL: no backend */
	struct vip *vip;	  /* NULL: not in force */
	bool planned;		  /* part of the change being prepared */
	bool claimed; /* asked for since the last settling, though perhaps in vain */
	struct frontend *prev, *next; /* of the port */
	UT_hash_handle hh;
};

struct applied_port {
	struct applied_service *service;
	uint32_t id;
	int64_t drain_s;
	struct cidr *ranges; /* source ranges in force */
	size_t range_count;
	bool kept; /* mark of the change being committed */
	struct frontend *frontends;
	struct applied_port *prev, *next; /* of the service */
	char key[];
};

struct applied_service {
	struct applied_port *ports;
	UT_hash_handle hh;
	char name[]; /* "shop/cart" */
};

struct attachment {
	struct datapath_attachment view;
	bool is_pod;
	bool dispatched; /* XDP by libxdp */
	struct attachment *prev, *next;
};

struct datapath {
	struct datapath_options options; /* strings and lists are copies */
	char *pin_root;
	int folder; /* descriptor that keeps other daemons off pin_root */
	struct cidr *cluster_cidrs, *inside; /* hg_ranges set 0 is both */
	size_t cluster_cidr_count, inside_count;
	struct hg_addr *snat_addrs;
	size_t snat_addr_count;
	struct datapath_resolver resolver;
	bool settled;

	struct bpf_object *nic, *pod;
	int fds[MAP_COUNT];
	uint32_t entries[MAP_COUNT];
	struct hg_config config;
	struct hg_state *state;		   /* mapped */
	uint32_t *locks;		   /* mapped, two words each */
	struct policy_memory_maps *policy; /* mapped when first asked for */
	struct pod_lines *pod_lines;	   /* the same */
	struct attachment *attachments;

	struct mmap_view slots, members, expired;
	struct mmap_view *stats; /* one per row */
	uint32_t stats_rows;
	struct ranges slot_places, member_places;
	struct id_pool services, backend_ids, ids;
	struct id_holders {	    /* of each service id */
		uint32_t frontends; /* records in force that carry it */
		struct applied_port *port;
	} * id_holders;
	uint32_t frontend_entries; /* in hg_frontends */

	struct applied_service *applied; /* by name */
	struct frontend *frontends;	 /* by key */
	struct vip *vips;
	struct endpoints endpoints;
	struct slot_table *tables_by_base; /* while adopting */
	struct slot_table *tables_by_hash; /* those that may be shared */
	struct slot_table *mixed_tables;
	struct backend *backends;     /* by index */
	struct departure *departures; /* by index */
	struct departure *departed;
	uint32_t departed_count;

	struct addr_filter filter;
	uint64_t addr_filter_words[HG_OURS_WORDS]; /* as in the map */
	struct hg_local locals[HG_LOCALS];
	struct hg_addr snat[HG_SNAT_ADDRS];
	struct hg_hop *hops;
	uint32_t hop_count, hop_end;
	uint32_t route_changes; /* route epochs begun in this pass of the sweeper */
	bool route_waits;	/* … and one more is wanted */
	struct sweep sweep;
};

#endif
