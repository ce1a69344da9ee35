/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one rtnetlink message changes. The kernel is silent about some things, and their
 * consequences are drawn here: when an interface goes down, IPv4 routes over it are
 * removed without a word, and so are those whose preferred source is deleted.
 */
#include "state.h"
#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>
#include "../lib/log.h"

static int rank_link(void *context, uint32_t ifindex)
{
	return links_rank(context, ifindex);
}

struct nexthop_judge network_judge(const struct network *network)
{
	return (struct nexthop_judge){ .rank = rank_link,
				       .context = (void *)&network->links };
}

/* An interface's MAC, MTU or state concerns each hop that leaves by it. */
static void refresh_hops(struct network *network, uint32_t ifindex,
			 const struct link *link)
{
	struct hop *hop, *next;

	HASH_ITER (hh, network->hops.by_key, hop, next) {
		if (hop->key.ifindex != ifindex)
			continue;
		if (!link) {
			hop->state = 0;
			hop->managed = false;
		}
		hops_refresh(&network->hops, hop, link);
		hops_settle(&network->hops, hop, uv_now(network->loop));
		network->ask_soon = true;
	}
}

static void drop_dead_routes(struct network *network)
{
	struct nexthop_judge judge = network_judge(network);

	if (!routes_drop_dead(&network->routes, &judge))
		return;
	network->routes_changed = true;
	network->gateways_changed = true;
}

void network_lose_link(struct network *network, struct link *link)
{
	struct network_link view = link->view;

	links_remove(&network->links, link);
	refresh_hops(network, view.ifindex, NULL);
	drop_dead_routes(network);
	network->events.link(network->events.context, &view, false);
}

static bool same_view(const struct network_link *a, const struct network_link *b)
{
	return strcmp(a->name, b->name) == 0 && memcmp(a->mac, b->mac, 6) == 0 &&
	       a->mtu == b->mtu && a->up == b->up && a->is_pod == b->is_pod;
}

/* known: as it was, NULL: it is new. */
static void follow_link(struct network *network, const struct link *known,
			const struct link *link)
{
	uint32_t ifindex = link->view.ifindex;

	if (known && known->view.up && !link->view.up)
		drop_dead_routes(network);
	if (!known || known->view.up != link->view.up || known->carrier != link->carrier)
		network->routes_changed |= routes_mention(&network->routes, ifindex);
	if (known && (known->view.is_pod != link->view.is_pod ||
		      known->master != link->master || known->bridge != link->bridge))
		network->routes_changed = true;
	if (known && same_view(&known->view, &link->view) &&
	    known->master == link->master && known->lower == link->lower)
		return;
	refresh_hops(network, ifindex, link);
	network->events.link(network->events.context, &link->view, true);
}

static int take_link(struct network *network, const struct nlmsghdr *message)
{
	struct link link, before = { 0 };
	struct link *known, *entry;
	int r;

	r = link_read(message, network->pod_pattern, &link);
	if (r <= 0)
		return r;
	known = links_find(&network->links, link.view.ifindex);
	if (message->nlmsg_type == RTM_DELLINK) {
		if (known)
			network_lose_link(network, known);
		return 0;
	}
	if (known)
		before = *known;
	link.generation = network->generation;
	r = links_set(&network->links, &link, &entry);
	if (r < 0)
		return r;
	follow_link(network, known ? &before : NULL, entry);
	return 0;
}

static int take_address(struct network *network, const struct nlmsghdr *message)
{
	struct address address;
	int r;

	r = address_read(message, &address);
	if (r < 0)
		return r;
	if (message->nlmsg_type == RTM_NEWADDR)
		r = addresses_set(&network->addresses, &address);
	else
		r = addresses_remove(&network->addresses, &address.key);
	if (r <= 0)
		return r;
	if (address.scope == RT_SCOPE_UNIVERSE)
		network->routes_changed = true;
	if (!addresses_have(&network->addresses, &address.key.addr) &&
	    routes_drop_source(&network->routes, &address.key.addr))
		network->gateways_changed = true;
	return 0;
}

static int take_route(struct network *network, const struct nlmsghdr *message)
{
	struct route_key key;
	struct route *route;
	int r;

	r = route_read(message, &key, &route);
	if (r <= 0)
		return r;
	if (message->nlmsg_type == RTM_NEWROUTE) {
		r = routes_set(&network->routes, &key, route,
			       message->nlmsg_flags & NLM_F_REPLACE);
	} else {
		r = routes_remove(&network->routes, &key, route);
		free(route);
	}
	if (r == -ESTALE) {
		network->routes_stale = true;
		return 0;
	}
	if (r <= 0)
		return r;
	network->routes_changed = true;
	network->gateways_changed = true;
	return 0;
}

static int take_fdb(struct network *network, const struct nlmsghdr *message)
{
	struct fdb_entry entry;
	const struct link *port;
	int r;

	if (!network->pod_pattern)
		return 0;
	r = fdb_read(message, &entry);
	if (r <= 0)
		return r;
	if (message->nlmsg_type == RTM_NEWNEIGH)
		r = fdb_set(&network->fdb, &entry);
	else
		r = fdb_remove(&network->fdb, &entry);
	if (r <= 0)
		return r == -ENOSPC ? 0 : r;
	port = links_find(&network->links, entry.port);
	if (!port || port->view.is_pod)
		network->routes_changed = true;
	return 0;
}

/* A hop of a bridge leads to another pod interface when its MAC changes. */
static void refresh_hop(struct network *network, struct hop *hop)
{
	const struct link *link = links_find(&network->links, hop->key.ifindex);

	if (!hops_refresh(&network->hops, hop, link))
		return;
	if (hop->references && link && link->bridge && network->pod_pattern)
		network->routes_changed = true;
}

void network_lose_neighbour(struct network *network, struct hop *hop)
{
	hop->state = 0;
	hop->managed = false;
	refresh_hop(network, hop);
	if (hop_is_wanted(hop))
		network->ask_soon = true;
	hops_settle(&network->hops, hop, uv_now(network->loop));
}

static int take_neighbour(struct network *network, const struct nlmsghdr *message)
{
	struct neighbour neighbour;
	struct hop *hop;
	int r;

	r = neighbour_read(message, &neighbour);
	if (r <= 0)
		return r;
	hop = hops_find(&network->hops, neighbour.key.ifindex, &neighbour.key.addr);
	if (!hop && (!hop_is_valid(neighbour.state, neighbour.mac) ||
		     !hops_has_spare(&network->hops)))
		return 0;
	if (!hop) {
		r = hops_get(&network->hops, neighbour.key.ifindex, &neighbour.key.addr,
			     uv_now(network->loop), &hop);
		if (r < 0)
			return r == -ENOSPC ? 0 : r;
	}
	hop->generation = network->generation;
	if (!neighbour.state) {
		network_lose_neighbour(network, hop);
		return 0;
	}
	hop->state = neighbour.state;
	hop->managed = neighbour.managed;
	memcpy(hop->mac, neighbour.mac, sizeof(hop->mac));
	refresh_hop(network, hop);
	if (hop_is_wanted(hop) && neighbour.state & (NUD_STALE | NUD_FAILED))
		network->ask_soon = true;
	hops_settle(&network->hops, hop, uv_now(network->loop));
	return 0;
}

static int take(struct network *network, const struct nlmsghdr *message)
{
	const struct ndmsg *header = mnl_nlmsg_get_payload(message);

	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return take_link(network, message);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return take_address(network, message);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return take_route(network, message);
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		if (mnl_nlmsg_get_payload_len(message) >= sizeof(*header) &&
		    header->ndm_family == AF_BRIDGE)
			return take_fdb(network, message);
		return take_neighbour(network, message);
	default:
		return 0;
	}
}

int network_take_message(void *context, const struct nlmsghdr *message)
{
	struct network *network = context;
	int r;

	r = take(network, message);
	if (r == -EBADMSG) {
		log_debug("netlink: message of type %u is malformed: skipped",
			  message->nlmsg_type);
		return 0;
	}
	if (r < 0)
		network->all_stale = true;
	return 0;
}
