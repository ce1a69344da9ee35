/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What follows from changes, once per turn of the loop, and what time brings: neighbours
 * that must be asked for, tables that must be read again. A wanted neighbour that is not
 * resolved is asked for once a second, a stale one at once, one that the kernel does not
 * manage for us every 15 s. Entries that an administrator made permanent are left alone.
 */
#include "state.h"
#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>
#include "../lib/log.h"

#define ASK_AGAIN_MS  1000
#define ASK_FRESH_MS  15000
#define ASK_BATCH     512 /* requests per turn, ≈ 5 µs each */
#define READ_AGAIN_MS 1000

static bool is_due(const struct network *network, const struct hop *hop)
{
	const struct link *link = links_find(&network->links, hop->key.ifindex);
	uint64_t age_ms = uv_now(network->loop) - hop->asked_ms;

	if (!hop_is_wanted(hop) || hop->state & (NUD_PERMANENT | NUD_NOARP))
		return false;
	if (!link || !link->view.up || !link->ethernet)
		return false;
	if (!hop->asked_ms)
		return true;
	if (age_ms < ASK_AGAIN_MS)
		return false;
	if (!hop_is_resolved(hop))
		return true;
	if (network->managed != MANAGED_NO)
		return !hop->managed;
	return hop->state & NUD_STALE || age_ms >= ASK_FRESH_MS;
}

static void tell_not_managed(struct network *network)
{
	network->managed = MANAGED_NO;
	log_info("neighbours are asked for every %d s: this kernel does not keep them "
		 "resolved by itself (NTF_EXT_MANAGED, Linux 5.16)",
		 ASK_FRESH_MS / 1000);
}

/* Did the kernel understand that the entry is to be managed? */
static void learn_managed(struct network *network, const struct hop *hop)
{
	struct neighbour neighbour;

	if (neighbour_get(network->asking, &hop->key, &neighbour) < 0)
		return;
	if (neighbour.managed)
		network->managed = MANAGED_YES;
	else
		tell_not_managed(network);
}

static void tell_ask_error(struct network *network, const struct hop *hop, int error)
{
	const struct link *link = links_find(&network->links, hop->key.ifindex);
	char text[ADDR_TEXT];

	if (error == network->ask_error)
		return;
	network->ask_error = error;
	log_warning(
	    "neighbour %s on %s: the kernel refuses to resolve it: %s; traffic to "
	    "it asks the routing table per packet%s",
	    addr_print(&hop->key.addr, text), link ? link->view.name : "?",
	    strerror(-error),
	    error == -ENOBUFS ? ", raise net.ipv4.neigh.default.gc_thresh3 and "
				"net.ipv6.neigh.default.gc_thresh3"
			      : "");
}

void network_ask(struct network *network, struct hop *hop)
{
	bool managed = network->managed != MANAGED_NO;
	int r;

	if (!is_due(network, hop))
		return;
	hop->asked_ms = uv_now(network->loop);
	r = neighbour_ask(network->asking, &hop->key, managed);
	if (r == -EINVAL && network->managed == MANAGED_UNKNOWN) {
		tell_not_managed(network);
		r = neighbour_ask(network->asking, &hop->key, false);
	}
	if (r < 0) {
		tell_ask_error(network, hop, r);
		return;
	}
	if (network->managed == MANAGED_UNKNOWN)
		learn_managed(network, hop);
	hop->asked_managed = network->managed == MANAGED_YES;
}

void network_settle(struct network *network, struct hop *hop)
{
	if (!hop_is_wanted(hop) && hop->asked_managed) {
		hop->asked_managed = false;
		hop->asked_ms = 0;
		/* When that fails, the entry stays managed: kept for nobody, harmless. */
		if (hop->managed && !(hop->state & NUD_PERMANENT))
			(void)neighbour_ask(network->asking, &hop->key, false);
	}
	hops_settle(&network->hops, hop, uv_now(network->loop));
}

static void ask_due(struct network *network)
{
	uint32_t used = network->hops.fresh;
	unsigned asked = 0;

	for (uint32_t i = 1; i < used && asked < ASK_BATCH; i++) {
		struct hop *hop;

		network->ask_cursor = network->ask_cursor % (HG_HOPS - 1) + 1;
		if (network->ask_cursor >= used)
			network->ask_cursor = 1;
		hop = hops_at(&network->hops, network->ask_cursor);
		if (!hop || !is_due(network, hop))
			continue;
		network_ask(network, hop);
		asked++;
	}
}

void network_report_hops(struct network *network)
{
	const struct network_events *events = &network->events;
	struct hop *hop;

	while ((hop = hops_take_changed(&network->hops)))
		events->hop(events->context, hop->index, &hop->content);
}

static void sight_gateway(void *context, const struct nexthop *nexthop)
{
	struct network *network = context;
	struct hop *hop;

	/* No room: replies by this gateway ask the FIB, as before it was known. */
	if (hops_get(&network->hops, nexthop->ifindex, &nexthop->gateway,
		     uv_now(network->loop), &hop) < 0)
		return;
	hop->sighted = network->hops.round;
	if (hop->gateway)
		return;
	hop->gateway = true;
	network->ask_soon = true;
	hops_refresh(&network->hops, hop, links_find(&network->links, nexthop->ifindex));
}

static void follow_gateways(struct network *network)
{
	struct hop *hop, *next;

	network->gateways_changed = false;
	network->hops.round++;
	routes_each_gateway(&network->routes, sight_gateway, network);
	HASH_ITER (hh, network->hops.by_key, hop, next) {
		if (!hop->gateway || hop->sighted == network->hops.round)
			continue;
		hop->gateway = false;
		hops_refresh(&network->hops, hop,
			     links_find(&network->links, hop->key.ifindex));
		network_settle(network, hop);
	}
}

void network_flush(struct network *network)
{
	if (network->gateways_changed)
		follow_gateways(network);
	if (network->ask_soon) {
		network->ask_soon = false;
		ask_due(network);
	}
	network_report_hops(network);
	if (network->hops.reused) {
		network->hops.reused = false;
		network->routes_changed = true;
	}
	if (!network->routes_changed || !network->opened)
		return;
	network->routes_changed = false;
	network->route_epoch++;
	network->events.routes(network->events.context);
	network_report_hops(network);
}

static void read_stale(struct network *network)
{
	int r = 0;

	if (uv_now(network->loop) - network->read_ms < READ_AGAIN_MS)
		return;
	if (network->all_stale)
		r = network_read_all(network);
	else if (network->routes_stale)
		r = network_read_routes(network);
	if (r < 0)
		log_warning(
		    "netlink: the kernel's routes and neighbours could not be read "
		    "again: %s; what is known stays in force, next try in 1 s",
		    strerror(-r));
}

/*
 * libuv takes the error that marks an overrun for a broken descriptor and stops watching
 * it (status UV_EBADF). Reading fetches the true cause and clears it.
 */
void network_on_news(uv_poll_t *poll, int status, int events)
{
	struct network *network = poll->data;
	struct netlink_visitor visitor = { .message = network_take_message,
					   .context = network };
	int r;

	(void)events;
	r = netlink_read_news(network->news, &visitor);
	if (r < 0) {
		network->all_stale = true;
		log_info("netlink: notifications were lost: %s; reading everything again",
			 strerror(-r));
	}
	if (status < 0) {
		network->all_stale = true;
		r = uv_poll_start(poll, UV_READABLE, network_on_news);
		if (r < 0)
			log_error(
			    "netlink: changes of routes and neighbours are no longer "
			    "noticed: %s; restart headgated",
			    uv_strerror(r));
	}
	read_stale(network);
	network_flush(network);
}

void network_on_timer(uv_timer_t *timer)
{
	struct network *network = timer->data;

	read_stale(network);
	network->ask_soon = true;
	network_flush(network);
}
