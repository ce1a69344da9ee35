/* SPDX-License-Identifier: BSD-2-Clause */
/* Flows listed and deleted on request. */
#include <errno.h>
#include <string.h>
#include "backends.h"

struct listing {
	struct datapath *datapath;
	uint32_t now;
	int (*visit)(void *context, const struct datapath_flow *flow);
	bool (*match)(void *context, const struct datapath_flow *flow);
	void *context;
	int deleted;
};

static bool is_forward(void *context, const struct flow_table *table,
		       const struct hg_flow *copy)
{
	(void)context;
	(void)table;
	return !(copy->ctl & HG_FLOW_REPLY);
}

static uint32_t seconds(uint32_t ticks)
{
	return (uint32_t)(((uint64_t)ticks << HG_TICK_SHIFT) / 1000000000ULL);
}

static void describe_backend(const struct datapath *datapath, const struct hg_flow *line,
			     struct datapath_flow *ret_flow)
{
	uint32_t index = hg_backend_index(line->backend);

	if (!index) {
		ret_flow->direct = true;
		ret_flow->backend = ret_flow->vip;
		ret_flow->backend_port = ret_flow->vport;
		return;
	}
	if (index >= datapath->entries[MAP_BACKENDS])
		return;
	const struct backend *backend = &datapath->backends[index];
	if (backend->generation != line->backend >> HG_BACKEND_BITS)
		return;
	const struct endpoint *endpoint = backend_endpoint(datapath, backend);
	ret_flow->backend = endpoint->addr;
	ret_flow->backend_port = host16(endpoint->port);
}

/* What was seen, but for an RST that its receiver does not take. */
static uint32_t believed(uint32_t ctl)
{
	return ctl & HG_FLOW_SEEN & ~(ctl & HG_FLOW_RESET ? 0 : HG_FLOW_RST);
}

static void describe(const struct listing *listing, const struct pair *pair,
		     struct datapath_flow *ret_flow)
{
	const struct datapath *datapath = listing->datapath;
	const struct hg_flow *line = &pair->copy;
	uint32_t partner_ctl = pair->partner ? pair->partner_copy.ctl : 0;
	uint32_t idle = hg_flow_age(listing->now, line->seen);
	struct datapath_flow flow = {
		.client = line->key.src,
		.vip = line->key.dst,
		.client_port = host16(line->key.sport),
		.vport = host16(line->key.dport),
		.protocol = line->key.protocol,
		.embryonic = pair->table->embryonic,
		.client_seen = believed(line->ctl),
		.backend_seen = believed(partner_ctl),
	};

	describe_backend(datapath, line, &flow);
	if (line->snat) {
		flow.snat = datapath->snat[line->snat];
		flow.snat_port = host16(line->port);
	}
	if (pair->partner) {
		uint32_t other = hg_flow_age(listing->now, pair->partner_copy.seen);

		idle = other < idle ? other : idle;
	}
	uint32_t timeout =
	    hg_flow_timeout(datapath->config.timeout, line->key.protocol, line->ctl,
			    partner_ctl, pair->table->embryonic);
	flow.idle_s = seconds(idle);
	flow.expires_s = idle < timeout ? seconds(timeout - idle) : 0;
	*ret_flow = flow;
}

static int list_one(void *context, struct pair *pair)
{
	struct listing *listing = context;
	struct datapath_flow flow;

	describe(listing, pair, &flow);
	return listing->visit(listing->context, &flow);
}

static int delete_one(void *context, struct pair *pair)
{
	struct listing *listing = context;
	struct datapath_flow flow;

	describe(listing, pair, &flow);
	if (!listing->match(listing->context, &flow))
		return 0;
	/* A packet in flight changes flags under us: look again rather than give up. */
	for (int tries = 0; tries < 8; tries++) {
		if (pair_free(pair)) {
			sweep_count(listing->datapath, &pair->copy);
			listing->deleted++;
			return 0;
		}
		struct hg_flow_key key = pair->copy.key;
		if (!flow_copy(pair->line, &pair->copy) ||
		    memcmp(&key, &pair->copy.key, sizeof(key)) != 0)
			return 0; /* it ended, and perhaps the line is another's by now */
	}
	return -EBUSY;
}

static int walk(struct listing *listing, int (*visit)(void *, struct pair *))
{
	struct pair_visitor visitor = { .context = listing,
					.wants = is_forward,
					.visit = visit };

	listing->now = clock_tick();
	for (int i = 0; i < 2; i++) {
		int r = pairs_walk_table(&listing->datapath->sweep.tables[i], &visitor);
		if (r)
			return r;
	}
	return 0;
}

int datapath_each_flow(struct datapath *datapath,
		       int (*visit)(void *context, const struct datapath_flow *flow),
		       void *context)
{
	struct listing listing = { .datapath = datapath,
				   .visit = visit,
				   .context = context };

	return walk(&listing, list_one);
}

int datapath_delete_flows(struct datapath *datapath,
			  bool (*match)(void *context, const struct datapath_flow *flow),
			  void *context)
{
	struct listing listing = { .datapath = datapath,
				   .match = match,
				   .context = context };
	int r = walk(&listing, delete_one);

	return r < 0 ? r : listing.deleted;
}
