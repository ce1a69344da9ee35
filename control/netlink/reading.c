/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the kernel's tables as a whole: at first, and after notifications were lost.
 * Notifications are already subscribed to when a reading begins; those that wait are
 * applied afterwards and, being older or newer than the reading, end in the same state.
 * Addresses, routes and bridge entries are read into new tables that replace the old ones
 * in one step; links and neighbours are updated in place, because others hold on to
 * them, and what a reading did not meet is gone.
 */
#include "state.h"
#include <errno.h>
#include "../lib/cleanup.h"

static void begin_generation(void *context)
{
	struct network *network = context;

	network->generation++;
}

static int read_links(struct network *network)
{
	struct netlink_visitor visitor = { begin_generation, network_take_message,
					   network };
	struct link *link, *next;
	int r;

	r = netlink_dump(network->asking, RTM_GETLINK, AF_UNSPEC, &visitor);
	if (r < 0)
		return r;
	HASH_ITER (hh, network->links.by_index, link, next) {
		if (link->generation != network->generation)
			network_lose_link(network, link);
	}
	return 0;
}

static int read_neighbours(struct network *network)
{
	struct netlink_visitor visitor = { begin_generation, network_take_message,
					   network };
	struct hop *hop, *next;
	int r;

	r = netlink_dump(network->asking, RTM_GETNEIGH, AF_UNSPEC, &visitor);
	if (r < 0)
		return r;
	HASH_ITER (hh, network->hops.by_key, hop, next) {
		if (hop->generation != network->generation)
			network_lose_neighbour(network, hop);
	}
	return 0;
}

static void begin_addresses(void *context)
{
	addresses_clear(context);
}

static int add_address(void *context, const struct nlmsghdr *message)
{
	struct address address;
	int r;

	if (message->nlmsg_type != RTM_NEWADDR)
		return 0;
	r = address_read(message, &address);
	if (r == 0)
		r = addresses_set(context, &address);
	return r == -ENOMEM ? r : 0;
}

static int read_addresses(struct network *network)
{
	CLEANUP(addresses_clear) struct addresses fresh = { 0 };
	struct netlink_visitor visitor = { begin_addresses, add_address, &fresh };
	struct addresses old = network->addresses;
	int r;

	r = netlink_dump(network->asking, RTM_GETADDR, AF_UNSPEC, &visitor);
	if (r < 0)
		return r;
	network->addresses = fresh;
	fresh = old;
	return 0;
}

static void begin_routes(void *context)
{
	routes_clear(context);
}

static int add_route(void *context, const struct nlmsghdr *message)
{
	struct route_key key;
	struct route *route;
	int r;

	if (message->nlmsg_type != RTM_NEWROUTE)
		return 0;
	r = route_read(message, &key, &route);
	if (r > 0)
		r = routes_append(context, &key, route);
	return r == -ENOMEM ? r : 0;
}

int network_read_routes(struct network *network)
{
	CLEANUP(routes_clear) struct routes fresh = { 0 };
	struct netlink_visitor visitor = { begin_routes, add_route, &fresh };
	struct routes old = network->routes;
	int r;

	network->read_ms = uv_now(network->loop);
	r = netlink_dump(network->asking, RTM_GETROUTE, AF_UNSPEC, &visitor);
	if (r < 0)
		return r;
	network->routes = fresh;
	fresh = old;
	network->routes_stale = false;
	network->routes_changed = true;
	network->gateways_changed = true;
	return 0;
}

static void begin_fdb(void *context)
{
	fdb_clear(context);
}

static int add_fdb(void *context, const struct nlmsghdr *message)
{
	struct fdb_entry entry;
	int r;

	if (message->nlmsg_type != RTM_NEWNEIGH)
		return 0;
	r = fdb_read(message, &entry);
	if (r > 0)
		r = fdb_set(context, &entry);
	return r == -ENOMEM ? r : 0;
}

static int read_fdb(struct network *network)
{
	CLEANUP(fdb_clear) struct fdb fresh = { 0 };
	struct netlink_visitor visitor = { begin_fdb, add_fdb, &fresh };
	struct fdb old = network->fdb;
	int r;

	if (!network->pod_pattern)
		return 0;
	r = netlink_dump(network->asking, RTM_GETNEIGH, AF_BRIDGE, &visitor);
	if (r < 0)
		return r;
	network->fdb = fresh;
	fresh = old;
	return 0;
}

int network_read_all(struct network *network)
{
	static int (*const parts[])(struct network *) = {
		read_links,	 read_addresses,      read_fdb,
		read_neighbours, network_read_routes,
	};
	int r;

	network->read_ms = uv_now(network->loop);
	network->all_stale = false;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		r = parts[i](network);
		if (r < 0) {
			network->all_stale = true;
			return r;
		}
	}
	return network->all_stale ? -ENOMEM : 0;
}
