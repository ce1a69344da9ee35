/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of this folder share: struct network. Everything runs on one loop.
 * A notification goes through message.c, which changes the tables and notes what follows
 * from it; neighbour_refresh.c draws the consequences once per turn (network_flush): asks for
 * neighbours, reports hops, then routes. reading.c reads everything anew, at first and
 * whenever notifications were lost.
 *
 * The asking socket has one buffer: nothing may be asked from within a visitor of it.
 * That is why message.c only notes.
 */
#ifndef NETLINK_STATE_H
#define NETLINK_STATE_H

#include "address.h"
#include "fdb.h"
#include "hop.h"
#include "link.h"
#include "neighbour.h"
#include "network.h"
#include "route.h"
#include "socket.h"

enum managed_support { MANAGED_UNKNOWN, MANAGED_YES, MANAGED_NO };

struct network {
	uv_loop_t *loop;
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned handles; /* open ones; the last to close frees */
	struct network_events events;
	char *pod_pattern;
	struct netlink *asking;
	struct netlink *news;

	struct links links;
	struct addresses addresses;
	struct routes routes;
	struct fdb fdb;
	struct hops hops;

	uint32_t generation; /* of the reading of links or neighbours that runs */
	uint32_t route_epoch;
	uint64_t read_ms; /* when everything, or all routes, were last read */
	enum managed_support managed;
	uint32_t ask_cursor;
	int ask_error; /* last one that was logged */

	bool opened;	       /* before that, routes() is not called */
	bool routes_changed;   /* what network_find() said may be stale */
	bool gateways_changed; /* the set of gateways may have */
	bool ask_soon;	       /* some hop needs its neighbour */
	bool all_stale;	       /* notifications were lost */
	bool routes_stale;     /* a notification about routes was ambiguous */
};

/* ---- message.c ---- */
/* Take in one notification or one message of a dump of links or neighbours. Always 0. */
int network_take_message(void *context, const struct nlmsghdr *message);
/* The interface is gone: from its table, from its hops, and says so. */
void network_lose_link(struct network *network, struct link *link);
/* The neighbour of a hop is gone; the hop too unless it is wanted. */
void network_lose_neighbour(struct network *network, struct hop *hop);
struct nexthop_judge network_judge(const struct network *network);

/* ---- reading.c ---- */
int network_read_all(struct network *network);
int network_read_routes(struct network *network);

/* ---- neighbour_refresh.c ---- */
void network_flush(struct network *network);
void network_report_hops(struct network *network);
/* Ask for a hop's neighbour if that is due. */
void network_ask(struct network *network, struct hop *hop);
/* A hop lost a reference, or its gateway: let go what is not wanted any more. */
void network_settle(struct network *network, struct hop *hop);
void network_on_news(uv_poll_t *poll, int status, int events);
void network_on_timer(uv_timer_t *timer);

#endif
