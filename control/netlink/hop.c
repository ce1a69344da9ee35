/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of next hops. Indices are what flows remember (16 bits), so they are treated
 * like addresses of memory: never-used ones first, then the one freed longest ago. A
 * freed hop stays in place as a tombstone with its last, unresolved content until its
 * index is needed.
 */
#include "hop.h"
#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>

#define NUD_VALID                                                                        \
	(NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

int hops_init(struct hops *hops)
{
	memset(hops, 0, sizeof(*hops));
	hops->at = calloc(HG_HOPS, sizeof(*hops->at));
	hops->fresh = 1;
	return hops->at ? 0 : -ENOMEM;
}

void hops_clear(struct hops *hops)
{
	if (!hops->at)
		return;
	HASH_CLEAR(hh, hops->by_key);
	for (uint32_t i = 1; i < hops->fresh; i++)
		free(hops->at[i]);
	free(hops->at);
	memset(hops, 0, sizeof(*hops));
}

static struct hg_hop_key make_key(uint32_t ifindex, const struct hg_addr *addr)
{
	return (struct hg_hop_key){ .addr = *addr, .ifindex = ifindex };
}

struct hop *hops_find(const struct hops *hops, uint32_t ifindex,
		      const struct hg_addr *addr)
{
	struct hg_hop_key key = make_key(ifindex, addr);
	struct hop *hop;

	HASH_FIND(hh, hops->by_key, &key, sizeof(key), hop);
	return hop;
}

/* A tombstone is in no hash table: uthash leaves no trace in it, its time does. */
struct hop *hops_at(const struct hops *hops, uint32_t index)
{
	struct hop *hop = index && index < hops->fresh ? hops->at[index] : NULL;

	return hop && !hop->freed_ms ? hop : NULL;
}

bool hops_has_spare(const struct hops *hops)
{
	return hops->count + HOP_RESERVED < HG_HOPS;
}

bool hop_is_wanted(const struct hop *hop)
{
	return hop->references > 0 || hop->gateway;
}

bool hop_is_resolved(const struct hop *hop)
{
	return hop->content.flags & HG_HOP_RESOLVED;
}

bool hop_is_valid(uint16_t state, const uint8_t mac[6])
{
	static const uint8_t none[6];

	return (state & NUD_VALID) && !(mac[0] & 1) && memcmp(mac, none, 6) != 0;
}

static struct hop *take_fresh(struct hops *hops)
{
	struct hop *hop = calloc(1, sizeof(*hop));

	if (!hop)
		return NULL;
	hop->index = hops->fresh;
	hops->at[hops->fresh++] = hop;
	return hop;
}

static struct hop *take_freed(struct hops *hops, uint64_t now_ms)
{
	struct hop *hop = hops->freed_first;
	uint32_t index;

	if (!hop || hop->changed || now_ms < hop->freed_ms + HOP_QUARANTINE_MS)
		return NULL;
	hops->freed_first = hop->next_freed;
	if (!hops->freed_first)
		hops->freed_last = NULL;
	index = hop->index;
	memset(hop, 0, sizeof(*hop));
	hop->index = index;
	hops->reused = true;
	return hop;
}

static void bury(struct hops *hops, struct hop *hop, uint64_t now_ms)
{
	hop->freed_ms = now_ms ? now_ms : 1;
	hop->next_freed = NULL;
	if (hops->freed_last)
		hops->freed_last->next_freed = hop;
	else
		hops->freed_first = hop;
	hops->freed_last = hop;
}

int hops_get(struct hops *hops, uint32_t ifindex, const struct hg_addr *addr,
	     uint64_t now_ms, struct hop **ret_hop)
{
	struct hop *hop = hops_find(hops, ifindex, addr);

	if (hop) {
		*ret_hop = hop;
		return 0;
	}
	if (hops->fresh < HG_HOPS)
		hop = take_fresh(hops);
	else
		hop = take_freed(hops, now_ms);
	if (!hop)
		return hops->fresh < HG_HOPS ? -ENOMEM : -ENOSPC;
	hop->key = make_key(ifindex, addr);
	HASH_ADD(hh, hops->by_key, key, sizeof(hop->key), hop);
	if (!hop->hh.tbl) {
		bury(hops, hop, now_ms);
		return -ENOMEM;
	}
	hops->count++;
	*ret_hop = hop;
	return 0;
}

void hops_settle(struct hops *hops, struct hop *hop, uint64_t now_ms)
{
	if (hop_is_wanted(hop) || hop_is_resolved(hop))
		return;
	HASH_DEL(hops->by_key, hop);
	hops->count--;
	bury(hops, hop, now_ms);
}

void hop_limit_mtu(struct hop *hop, uint32_t mtu, uint32_t epoch)
{
	if (hop->route_epoch != epoch || !hop->route_mtu || (mtu && mtu < hop->route_mtu))
		hop->route_mtu = mtu;
	hop->route_epoch = epoch;
}

static struct hg_hop compute(const struct hop *hop, const struct link *link)
{
	struct hg_hop content = { .addr = hop->key.addr, .ifindex = hop->key.ifindex };

	if (hop->gateway)
		content.flags |= HG_HOP_GATEWAY;
	if (!link)
		return content;
	memcpy(content.smac, link->view.mac, sizeof(content.smac));
	content.mtu = link->view.mtu;
	if (hop->route_mtu && hop->route_mtu < content.mtu)
		content.mtu = hop->route_mtu;
	if (!link->view.up || !link->ethernet || !hop_is_valid(hop->state, hop->mac))
		return content;
	memcpy(content.dmac, hop->mac, sizeof(content.dmac));
	content.flags |= HG_HOP_RESOLVED;
	return content;
}

bool hops_refresh(struct hops *hops, struct hop *hop, const struct link *link)
{
	struct hg_hop content = compute(hop, link);

	if (memcmp(&content, &hop->content, sizeof(content)) == 0)
		return false;
	hop->content = content;
	if (!hop->changed) {
		hop->changed = true;
		hop->next_changed = hops->changed;
		hops->changed = hop;
	}
	return true;
}

struct hop *hops_take_changed(struct hops *hops)
{
	struct hop *hop = hops->changed;

	if (!hop)
		return NULL;
	hops->changed = hop->next_changed;
	hop->next_changed = NULL;
	hop->changed = false;
	return hop;
}
