/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of next hops: one per (interface, neighbour), with an index that stays the
 * same for as long as the hop is in use. Pure: time is a parameter, nothing is sent.
 *
 * A hop is *wanted* while it is referenced (network_find) or some route's gateway. A hop
 * that is neither is kept only while its neighbour is resolved, so that a reply to it
 * needs no FIB lookup. The index of a hop that left is given out again no sooner than 2 s
 * later, after all that were never used; a reader that still holds it meets an
 * unresolved hop.
 */
#ifndef NETLINK_HOP_H
#define NETLINK_HOP_H

#include "hash.h"
#include "link.h"

#define HOP_QUARANTINE_MS 2000
/* Hops that nobody asked for leave this many indices to those that somebody will. */
#define HOP_RESERVED 16384U

struct hop {
	struct hg_hop_key key;
	uint32_t index;
	struct hg_hop content; /* as last computed by hop_refresh() */
	uint32_t references;
	bool gateway;	  /* of a route */
	uint32_t sighted; /* hops.round in which a route named it as gateway */

	uint16_t state; /* NUD_… as last heard, 0: the kernel has no entry */
	uint8_t mac[6];
	bool managed;	     /* the kernel says it keeps this entry fresh */
	bool asked_managed;  /* because we asked it to */
	uint32_t generation; /* of the reading that saw it last */
	uint64_t asked_ms;   /* when the kernel was asked to resolve it; 0: never */

	uint32_t route_mtu; /* smallest of the routes that led here, 0: none is set */
	uint32_t route_epoch;

	bool changed; /* in the list of hops to report */
	struct hop *next_changed;
	uint64_t freed_ms;
	struct hop *next_freed;
	UT_hash_handle hh;
};

struct hops {
	struct hop **at; /* HG_HOPS; also those in quarantine */
	struct hop *by_key;
	uint32_t fresh; /* indices ≥ this were never used */
	uint32_t count; /* in use */
	uint32_t round;
	struct hop *changed;
	struct hop *freed_first, *freed_last;
	bool reused; /* an index was given to another hop: whoever remembers it must look
			again; the caller clears it */
};

int hops_init(struct hops *hops);
void hops_clear(struct hops *hops);

struct hop *hops_find(const struct hops *hops, uint32_t ifindex,
		      const struct hg_addr *addr);
struct hop *hops_at(const struct hops *hops, uint32_t index); /* in use, or NULL */
/* Find or enter. 0, -ENOMEM, -ENOSPC: no index is free. */
int hops_get(struct hops *hops, uint32_t ifindex, const struct hg_addr *addr,
	     uint64_t now_ms, struct hop **ret_hop);
bool hops_has_spare(const struct hops *hops); /* room for a hop nobody asked for */
/* Free it if it is neither wanted nor resolved. */
void hops_settle(struct hops *hops, struct hop *hop, uint64_t now_ms);

bool hop_is_wanted(const struct hop *hop);
bool hop_is_resolved(const struct hop *hop);
/* A neighbour entry in this state and with this MAC may be sent to. */
bool hop_is_valid(uint16_t state, const uint8_t mac[6]);
/* A route of this MTU (0: none) leads here; epoch: routes as they are now. */
void hop_limit_mtu(struct hop *hop, uint32_t mtu, uint32_t epoch);
/* Compute the content anew; when it differs, the hop joins the changed ones. link: its
 * interface, NULL: gone. */
bool hops_refresh(struct hops *hops, struct hop *hop, const struct link *link);
/* Next hop whose content changed, NULL: none left. May be one that was freed since. */
struct hop *hops_take_changed(struct hops *hops);

#endif
