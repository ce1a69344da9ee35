// SPDX-License-Identifier: BSD-2-Clause
#include "flow_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <headgate/endian.h>
#include <headgate/hash.h>

struct view {
	struct hg_flow_key key; /* a SNAT reply's dst is zero: it is no part of the key */
	uint32_t port_key;	/* forward: port | snat << 16 */
	uint32_t backend;
	uint32_t line;
	bool embryo;
};

static uint32_t mask_of(const struct harness *harness, bool embryo)
{
	return embryo ? harness->config.embryo_mask : harness->config.flow_mask;
}

static bool is_live(const struct hg_flow *flow)
{
	return (flow->ctl & HG_FLOW_STATE) == HG_FLOW_LIVE;
}

static struct hg_flow_key plain_key(const struct hg_flow_key *key)
{
	struct hg_flow_key plain = *key;

	if (plain.snat)
		memset(&plain.dst, 0, sizeof(plain.dst));
	return plain;
}

int64_t flow_find(const struct harness *harness, const struct hg_flow *table,
		  const struct hg_flow_key *key)
{
	struct hg_flow_key want = plain_key(key);
	bool embryo = table == harness->embryos;
	uint32_t window = embryo ? HG_EMBRYO_WINDOW : HG_FLOW_WINDOW;
	uint32_t mask = mask_of(harness, embryo);
	uint32_t home = (uint32_t)hg_hash_flow(&want, harness->config.seed);

	for (uint32_t i = 0; i < window; i++) {
		uint32_t line = (home + i) & mask;
		struct hg_flow_key there = plain_key(&table[line].key);

		if (is_live(&table[line]) && !memcmp(&there, &want, sizeof(want)))
			return line;
	}
	return -1;
}

static unsigned complain(const struct view *view, const char *sentence)
{
	fprintf(stderr, "%s[%u] (sport %u, dport %u): %s\n",
		view->embryo ? "hg_embryos" : "hg_flows", view->line,
		host16(view->key.sport), host16(view->key.dport), sentence);
	return 1;
}

static unsigned check_line(const struct harness *harness, const struct view *view)
{
	const struct hg_flow *table = view->embryo ? harness->embryos : harness->flows;
	const struct hg_flow *flow = &table[view->line];
	uint32_t window = view->embryo ? HG_EMBRYO_WINDOW : HG_FLOW_WINDOW;
	uint32_t mask = mask_of(harness, view->embryo);
	uint32_t home = (uint32_t)hg_hash_flow(&flow->key, harness->config.seed) & mask;
	uint32_t distance = (view->line - home) & mask;
	uint32_t partner = flow->partner;

	if (distance >= window)
		return complain(view, "lies outside its window");
	if (distance > table[home].reach)
		return complain(view, "lies beyond the reach of its home");
	if (flow->partner == HG_FLOW_PARTNER_NONE)
		return complain(view, "has no partner");
	if (partner > mask)
		return complain(view, "names a partner outside the table");
	if (!is_live(&table[partner]))
		return complain(view, "has a partner that is not LIVE");
	if (table[partner].partner != view->line)
		return complain(view, "has a partner that names another");
	if ((table[partner].ctl & HG_FLOW_REPLY) == (flow->ctl & HG_FLOW_REPLY))
		return complain(view, "has a partner of its own direction");
	return 0;
}

static int by_key(const void *a, const void *b)
{
	return memcmp(&((const struct view *)a)->key, &((const struct view *)b)->key,
		      sizeof(struct hg_flow_key));
}

static int by_port(const void *a, const void *b)
{
	const struct view *left = a, *right = b;

	if (left->port_key != right->port_key)
		return left->port_key < right->port_key ? -1 : 1;
	if (left->backend != right->backend)
		return left->backend < right->backend ? -1 : 1;
	return (int)left->key.protocol - right->key.protocol;
}

static size_t collect(const struct hg_flow *table, bool embryo, struct view *ret_views)
{
	size_t count = 0;

	for (uint32_t line = 0; line < HARNESS_LINES; line++) {
		const struct hg_flow *flow = &table[line];

		if (!is_live(flow))
			continue;
		ret_views[count++] = (struct view){
			.key = plain_key(&flow->key),
			.port_key = flow->ctl & HG_FLOW_REPLY || !flow->snat
					? 0
					: host16(flow->port) | (uint32_t)flow->snat << 16,
			.backend = flow->backend,
			.line = line,
			.embryo = embryo,
		};
	}
	return count;
}

static unsigned check_unfinished(const struct harness *harness)
{
	unsigned wrong = 0;

	for (uint32_t i = 0; i < HARNESS_LINES; i++) {
		wrong += (harness->flows[i].ctl & HG_FLOW_STATE) == HG_FLOW_PENDING;
		wrong += (harness->embryos[i].ctl & HG_FLOW_STATE) == HG_FLOW_PENDING;
	}
	if (wrong)
		fprintf(stderr, "%u lines were left PENDING\n", wrong);
	for (uint32_t i = 0; i < HG_LOCKS; i++) {
		if (!(uint32_t)harness->locks[i])
			continue;
		fprintf(stderr, "hg_locks[%u] is still held\n", i);
		wrong++;
	}
	return wrong;
}

unsigned flow_check(const struct harness *harness)
{
	struct view *views = calloc(2 * HARNESS_LINES, sizeof(*views));
	unsigned wrong = check_unfinished(harness);
	size_t count;

	if (!views)
		return 1;
	count = collect(harness->flows, false, views);
	count += collect(harness->embryos, true, views + count);
	for (size_t i = 0; i < count; i++)
		wrong += check_line(harness, &views[i]);
	qsort(views, count, sizeof(*views), by_key);
	for (size_t i = 1; i < count; i++)
		if (!by_key(&views[i - 1], &views[i]))
			wrong +=
			    complain(&views[i], "is not the only LIVE line of its key");
	qsort(views, count, sizeof(*views), by_port);
	for (size_t i = 1; i < count; i++)
		if (views[i].port_key && !by_port(&views[i - 1], &views[i]))
			wrong +=
			    complain(&views[i], "shares its SNAT port with another flow");
	free(views);
	return wrong;
}

/* CAS until the line is free or is no longer the flow that was meant. */
static void free_line(struct hg_flow *flow, uint32_t identity)
{
	uint32_t ctl = __atomic_load_n(&flow->ctl, __ATOMIC_ACQUIRE);

	while ((ctl & HG_FLOW_IDENTITY) == identity) {
		uint32_t next = ((ctl >> HG_FLOW_GENERATION_SHIFT) + 1)
				<< HG_FLOW_GENERATION_SHIFT;

		if (__atomic_compare_exchange_n(&flow->ctl, &ctl, next | HG_FLOW_FREE,
						false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			return;
	}
}

void flow_free_pair(struct hg_flow *table, uint32_t line)
{
	struct hg_flow *flow = &table[line];
	uint32_t identity =
	    __atomic_load_n(&flow->ctl, __ATOMIC_ACQUIRE) & HG_FLOW_IDENTITY;
	uint32_t partner = flow->partner;
	uint32_t other;

	if ((identity & HG_FLOW_STATE) != HG_FLOW_LIVE || partner >= HARNESS_LINES)
		return;
	other = __atomic_load_n(&table[partner].ctl, __ATOMIC_ACQUIRE) & HG_FLOW_IDENTITY;
	if ((other & HG_FLOW_STATE) != HG_FLOW_LIVE || table[partner].partner != line)
		return;
	free_line(flow, identity);
	free_line(&table[partner], other);
}
