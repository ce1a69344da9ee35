/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The node's network: opening, closing, and the one question that matters: how does a
 * packet to this address leave? Longest prefix (route.h), then the neighbour that the
 * route leads to becomes a hop (hop.h) that is kept resolved for as long as somebody
 * refers to it. Neighbours that we asked the kernel to manage stay managed when the
 * daemon ends: packets keep flowing without it, and so must MACs stay true.
 */
#include "network.h"
#include <assert.h>
#include <errno.h>
#include <string.h>
#include "../lib/cleanup.h"
#include "state.h"

#define TIMER_MS 1000

static void free_network(struct network *network)
{
	hops_clear(&network->hops);
	fdb_clear(&network->fdb);
	routes_clear(&network->routes);
	addresses_clear(&network->addresses);
	links_clear(&network->links);
	netlink_close(network->asking);
	netlink_close(network->news);
	free(network->pod_pattern);
	free(network);
}

static void on_closed(uv_handle_t *handle)
{
	struct network *network = handle->data;

	if (--network->handles == 0)
		free_network(network);
}

static void close_handle(uv_handle_t *handle)
{
	uv_close(handle, on_closed);
}

void network_close(struct network *network)
{
	if (!network)
		return;
	if (network->handles == 0) {
		free_network(network);
		return;
	}
	if (network->handles == 2)
		close_handle((uv_handle_t *)&network->poll);
	close_handle((uv_handle_t *)&network->timer);
}

static void network_closep(struct network **network)
{
	network_close(*network);
}

/* The timer first: network_close() counts on it. */
static int watch(struct network *network)
{
	int r;

	r = uv_timer_init(network->loop, &network->timer);
	if (r < 0)
		return r;
	network->timer.data = network;
	network->handles++;
	r = uv_poll_init(network->loop, &network->poll, netlink_fd(network->news));
	if (r < 0)
		return r;
	network->poll.data = network;
	network->handles++;
	r = uv_timer_start(&network->timer, network_on_timer, TIMER_MS, TIMER_MS);
	if (r < 0)
		return r;
	return uv_poll_start(&network->poll, UV_READABLE, network_on_news);
}

int network_open(uv_loop_t *loop, const char *pod_pattern,
		 const struct network_events *events, struct network **ret_network)
{
	CLEANUP(network_closep) struct network *network = calloc(1, sizeof(*network));
	int r;

	if (!network)
		return -ENOMEM;
	network->loop = loop;
	network->events = *events;
	if (pod_pattern && !(network->pod_pattern = strdup(pod_pattern)))
		return -ENOMEM;
	network->links.pod_pattern = network->pod_pattern;
	r = hops_init(&network->hops);
	if (r < 0)
		return r;
	r = netlink_open(&network->asking);
	if (r < 0)
		return r;
	r = netlink_open_news(&network->news);
	if (r < 0)
		return r;
	r = network_read_all(network);
	if (r < 0)
		return r;
	r = watch(network);
	if (r < 0)
		return r;
	network_flush(network);
	network->routes_changed = false;
	network->opened = true;
	*ret_network = TAKE_PTR(network);
	return 0;
}

/* Only what lies behind the interface itself, or behind a port of the bridge it is. */
static uint32_t find_pod(const struct network *network, const struct hop *hop)
{
	const struct link *link = links_find(&network->links, hop->key.ifindex);

	if (!link || !network->pod_pattern)
		return 0;
	if (link->view.is_pod)
		return link->view.ifindex;
	if (!link->bridge || !hop_is_resolved(hop))
		return 0;
	link = links_find(&network->links,
			  fdb_find(&network->fdb, link->view.ifindex, hop->content.dmac));
	return link && link->view.is_pod ? link->view.ifindex : 0;
}

static int acquire(struct network *network, const struct route_match *match,
		   const struct hg_addr *neighbour, struct hop **ret_hop)
{
	struct hop *hop;
	int r;

	r = hops_get(&network->hops, match->nexthop->ifindex, neighbour,
		     uv_now(network->loop), &hop);
	if (r < 0)
		return -ENOMEM;
	hop->references++;
	hop_limit_mtu(hop, match->route->mtu, network->route_epoch);
	hops_refresh(&network->hops, hop, links_find(&network->links, hop->key.ifindex));
	network_ask(network, hop);
	network_report_hops(network);
	*ret_hop = hop;
	return 0;
}

/* Among several addresses the one beside the gateway, which may be of the other family.
 */
static struct hg_addr choose_source(const struct network *network,
				    const struct route_match *match,
				    const struct hg_addr *addr)
{
	const struct hg_addr *gateway = &match->nexthop->gateway;
	const struct hg_addr *towards = addr;

	if (!addr_is_zero(&match->route->source))
		return match->route->source;
	if (!addr_is_zero(gateway) && addr_is_v4(gateway) == addr_is_v4(addr))
		towards = gateway;
	return addresses_source(&network->addresses, &network->links,
				match->nexthop->ifindex, towards);
}

int network_find(struct network *network, const struct hg_addr *addr,
		 struct network_route *ret_route)
{
	struct nexthop_judge judge = network_judge(network);
	struct network_route found = { 0 };
	const struct hg_addr *neighbour;
	struct route_match match;
	bool on_link;
	struct hop *hop;
	int r;

	r = routes_find(&network->routes, addr, &judge, &match);
	if (r < 0)
		return r;
	if (!match.nexthop) {
		*ret_route = (struct network_route){ .source = *addr };
		return 0;
	}
	on_link = addr_is_zero(&match.nexthop->gateway);
	neighbour = on_link ? addr : &match.nexthop->gateway;
	found.source = choose_source(network, &match, addr);
	r = acquire(network, &match, neighbour, &hop);
	if (r < 0)
		return r;
	found.hop = hop->index;
	found.pod_ifindex = on_link ? find_pod(network, hop) : 0;
	found.resolved = hop_is_resolved(hop);
	*ret_route = found;
	return 0;
}

void network_release(struct network *network, uint32_t index)
{
	struct hop *hop = hops_at(&network->hops, index);

	if (!index)
		return;
	assert(hop && hop->references > 0);
	hop->references--;
	network_settle(network, hop);
}

const struct network_link *network_link_by_name(const struct network *network,
						const char *name)
{
	for (const struct link *l = network->links.by_index; l; l = l->hh.next)
		if (strcmp(l->view.name, name) == 0)
			return &l->view;
	return NULL;
}

bool network_is_local(const struct network *network, const struct hg_addr *addr)
{
	return addresses_have_global(&network->addresses, addr);
}

int network_each_hop(const struct network *network,
		     int (*visit)(void *context, uint32_t index,
				  const struct hg_hop *hop),
		     void *context)
{
	const struct hop *hop;
	int r;

	for (uint32_t i = 1; i < network->hops.fresh; i++) {
		hop = hops_at(&network->hops, i);
		if (!hop)
			continue;
		r = visit(context, hop->index, &hop->content);
		if (r != 0)
			return r;
	}
	return 0;
}
