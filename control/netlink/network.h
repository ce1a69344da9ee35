/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The node's network as the kernel tells it by rtnetlink (libmnl): links, addresses,
 * routes, neighbours, bridge forwarding entries. Answers "how does a packet to this
 * address leave?" with a next hop that is kept resolved, and tells when that changes.
 * Writes no maps: datapath/ does.
 */
#ifndef NETLINK_NETWORK_H
#define NETLINK_NETWORK_H

#include <uv.h>
#include "../lib/addr.h"

struct network;

struct network_route {
	uint32_t hop; /* index for hg_hops, > 0 and stable while the next hop is in use;
			 0: the address is this node's own */
	uint32_t pod_ifindex;  /* host end of the local pod's interface that holds the
				  address, else 0 */
	struct hg_addr source; /* SNAT address towards it (preferred source, else first
				  global); :: none */
	bool resolved;	       /* the next hop's MAC is known */
};

struct network_link {
	uint32_t ifindex;
	char name[16];
	uint8_t mac[6];
	uint32_t mtu;
	bool up;
	bool is_pod; /* matches --pod-interfaces */
};

/*
 * routes() is called last in a turn of the loop and may call anything here. hop() and
 * link() may be called from within network_open() and network_find() and must not call
 * network_find() or network_release().
 */
struct network_events {
	void *context;
	/* hg_hops[index] has a new content (also when it became unresolved: flags say
	 * so). */
	void (*hop)(void *context, uint32_t index, const struct hg_hop *hop);
	/* Routes or local addresses changed: what network_find() said may be stale.
	 * Coalesced. */
	void (*routes)(void *context);
	/* A link appeared or changed (present), or vanished. */
	void (*link)(void *context, const struct network_link *link, bool present);
};

/*
 * Read everything once, then follow changes on the loop. pod_pattern: fnmatch(3) pattern
 * of host ends of pod interfaces, or NULL. 0 or -errno. hop() and link() also fire for
 * what is found during opening.
 */
int network_open(uv_loop_t *loop, const char *pod_pattern,
		 const struct network_events *events, struct network **ret_network);
/* No event fires any more; memory is freed when the loop has run once more. */
void network_close(struct network *network);

/*
 * Longest-prefix route of the main and local tables. 0, or -ENETUNREACH / -ENOMEM. An
 * address of this node itself is found without hop: the packet is delivered here.
 */
int network_find(struct network *network, const struct hg_addr *addr,
		 struct network_route *ret_route);
/* A hop asked for by network_find() is kept resolved until it is released as often as it
 * was found. */
void network_release(struct network *network, uint32_t hop);
/*
 * MACs to which frames are sent that reach an interface and are for this machine: its own
 * first, then those of the interfaces above it that are up, each once. How many there are, also
 * beyond size; the event link() of any of these interfaces says that it may be others now.
 */
size_t network_link_macs(const struct network *network, uint32_t ifindex,
			 uint8_t (*ret_macs)[6], size_t size);
const struct network_link *network_link_by_name(const struct network *network,
						const char *name);
/* All local global-scope addresses (for status, and to tell whether a SNAT address is
 * local). */
bool network_is_local(const struct network *network, const struct hg_addr *addr);
/* Every resolved neighbour and gateway is entered as hop too, so that replies need no FIB
 * lookup. */
int network_each_hop(const struct network *network,
		     int (*visit)(void *context, uint32_t index,
				  const struct hg_hop *hop),
		     void *context);

#endif
