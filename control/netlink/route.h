/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routes of the local and main tables, and the longest-prefix match over them. Pure.
 *
 * What the kernel's lookup knows and this does not: rules other than the three that
 * always exist (local, main, default; default is taken as empty), routes that depend on
 * the type of service or on the source address, IPv6 router preference, and hashing over
 * the next hops of a multipath route: the first one whose interface is usable carries
 * all. Nexthop objects are understood as long as net.ipv4.nexthop_compat_mode is on, as
 * it is by default. Multicast and IPv6 link-local destinations are left out: no backend
 * or client of ours lies there.
 */
#ifndef NETLINK_ROUTE_H
#define NETLINK_ROUTE_H

#include <libmnl/libmnl.h>
#include "hash.h"
#include "../lib/addr.h"

/* A multipath route of more is cut: only the first usable next hop counts. */
#define ROUTE_NEXTHOPS_MAX 32

struct nexthop {
	struct hg_addr gateway; /* ::: the destination itself is the neighbour */
	uint32_t ifindex;
	uint32_t spare;
};

struct route_key {
	struct hg_addr prefix;
	uint16_t bits;	/* of 128 */
	uint16_t local; /* of the local table */
};

struct route {
	struct route *next; /* same key: ascending metric, then as the kernel has them */
	uint32_t metric;
	uint32_t mtu;	       /* 0: none */
	uint32_t type;	       /* RTN_… */
	struct hg_addr source; /* preferred; ::: none */
	uint32_t count;
	struct nexthop nexthops[];
};

struct route_list {
	struct route_key key;
	struct route *first;
	UT_hash_handle hh;
};

struct routes {
	struct route_list *by_key;
	uint32_t lists[2][129]; /* how many of this table and length */
};

/* Is the interface of a next hop usable? 0: no; the highest answer is preferred. */
struct nexthop_judge {
	int (*rank)(void *context, uint32_t ifindex);
	void *context;
};

struct route_match {
	const struct route *route;
	const struct nexthop *nexthop; /* NULL: the address is this node's own */
};

void routes_clear(struct routes *routes);
void routes_clearp(struct routes *routes);

/*
 * Read an RTM_NEWROUTE or RTM_DELROUTE. 1: *ret_key and *ret_route (owned by the
 * caller); 0: not a route that we follow; -EBADMSG, -ENOMEM.
 */
int route_read(const struct nlmsghdr *message, struct route_key *ret_key,
	       struct route **ret_route);

/* Put it behind those of the same metric. Takes ownership, also on failure. 0, -ENOMEM.
 */
int routes_append(struct routes *routes, const struct route_key *key,
		  struct route *route);
/*
 * What a notification says. 1: changed; 0: nothing new; -ESTALE: it does not determine
 * the new state (several routes of one prefix and metric), read all routes again. Takes
 * ownership of route.
 */
int routes_set(struct routes *routes, const struct route_key *key, struct route *route,
	       bool replace);
int routes_remove(struct routes *routes, const struct route_key *key,
		  const struct route *route);
/*
 * What the kernel does without saying so: routes all of whose interfaces went down leave,
 * and so do IPv4 routes whose preferred source is no longer ours (IPv6 ones lose it).
 * Each returns whether something changed.
 */
bool routes_drop_dead(struct routes *routes, const struct nexthop_judge *judge);
bool routes_drop_source(struct routes *routes, const struct hg_addr *source);

/* 0, or -ENETUNREACH (also by blackhole, unreachable and prohibit routes). */
int routes_find(const struct routes *routes, const struct hg_addr *addr,
		const struct nexthop_judge *judge, struct route_match *ret_match);
/* Does some next hop leave by this interface? */
bool routes_mention(const struct routes *routes, uint32_t ifindex);
/* Every gateway there is, also more than once. */
void routes_each_gateway(const struct routes *routes,
			 void (*visit)(void *context, const struct nexthop *nexthop),
			 void *context);

#endif
