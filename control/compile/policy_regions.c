/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_regions.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <headgate/endian.h>
#include "policy_classes.h"
#include "policy_intervals.h"

#define NONE UINT32_MAX

/* A block of a term begins at its prefix and is suspended at each of its excepts. */
struct event {
	struct cidr cidr;
	uint32_t id;
	int step; /* +1, -1 */
};

/* While regions are made: how many blocks of each term cover the place, and which do. */
struct cover {
	struct policy *policy;
	const struct event *events;
	int *depth; /* by term */
	struct policy_id_list ids;
	struct open_region {
		uint32_t region;
		size_t first_event, event_count;
	} * open; /* from the outermost to the innermost */
	uint32_t open_count, open_capacity;
};

static bool is_v4_prefix(const struct cidr *cidr)
{
	return cidr->bits >= 96 && addr_is_v4(&cidr->addr);
}

static int compare_prefixes(const struct cidr *a, const struct cidr *b)
{
	int order = addr_compare(&a->addr, &b->addr);

	return order ? order : a->bits - b->bits;
}

static int order_events(const void *a, const void *b)
{
	return compare_prefixes(&((const struct event *)a)->cidr,
				&((const struct event *)b)->cidr);
}

/* ---- events ---- */
static size_t add_events(const struct policy_peers *peers, bool v4, struct event *events)
{
	size_t used = 0;

	for (uint32_t i = 0; i < peers->block_count; i++) {
		const struct policy_block *block = &peers->blocks[i];

		if (is_v4_prefix(&block->cidr) != v4)
			continue;
		events[used++] = (struct event){ block->cidr, peers->term.id, 1 };
		for (uint32_t j = 0; j < block->except_count; j++)
			events[used++] =
			    (struct event){ peers->excepts[block->except_base + j],
					    peers->term.id, -1 };
	}
	return used;
}

static int list_events(struct policy *policy, bool v4, struct event **ret_events,
		       size_t *ret_count)
{
	struct policy_term **active = policy->active[POLICY_PEERS];
	uint32_t capacity = policy->active_capacity[POLICY_PEERS];
	size_t room = 1, used = 0;
	struct event *events;

	for (uint32_t i = 1; i < capacity; i++) {
		const struct policy_peers *peers = (const struct policy_peers *)active[i];

		if (peers && peers->term.activity == POLICY_ACTIVE)
			room += peers->block_count + peers->except_count;
	}
	events = calloc(room, sizeof(*events));
	if (!events)
		return -ENOMEM;
	for (uint32_t i = 1; i < capacity; i++) {
		const struct policy_peers *peers = (const struct policy_peers *)active[i];

		if (peers && peers->term.activity == POLICY_ACTIVE)
			used += add_events(peers, v4, events + used);
	}
	qsort(events, used, sizeof(*events), order_events);
	*ret_events = events;
	*ret_count = used;
	return 0;
}

/* ---- regions, a prefix before those in it ---- */
static int step(struct cover *cover, const struct event *event, int direction)
{
	int *depth = &cover->depth[event->id], before = *depth;

	*depth += event->step * direction;
	if (before <= 0 && *depth > 0)
		return policy_id_add(&cover->ids, event->id);
	if (before > 0 && *depth <= 0)
		return policy_id_remove(&cover->ids, event->id);
	return 0;
}

static int leave_region(struct cover *cover)
{
	const struct open_region *open = &cover->open[--cover->open_count];
	int r = 0;

	for (size_t i = open->event_count; r == 0 && i > 0; i--)
		r = step(cover, &cover->events[open->first_event + i - 1], -1);
	return r;
}

static int enter_region(struct cover *cover, struct policy_regions *regions,
			size_t first_event, size_t event_count)
{
	struct policy_region *region;
	int r;

	if (policy_room(&cover->open, &cover->open_capacity, cover->open_count + 1,
			sizeof(*cover->open)) < 0 ||
	    policy_room(&regions->items, &regions->capacity, regions->count + 1,
			sizeof(*regions->items)) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < event_count; i++) {
		r = step(cover, &cover->events[first_event + i], 1);
		if (r < 0)
			return r;
	}
	region = &regions->items[regions->count];
	region->cidr = cover->events[first_event].cidr;
	region->parent =
	    cover->open_count ? cover->open[cover->open_count - 1].region : NONE;
	r = policy_classes_take(&cover->policy->classes[POLICY_PEERS], cover->ids.items,
				cover->ids.count, &region->class);
	if (r < 0)
		return r;
	cover->open[cover->open_count++] =
	    (struct open_region){ regions->count++, first_event, event_count };
	return 0;
}

static int make_regions(struct cover *cover, size_t count, struct policy_regions *regions)
{
	size_t same;
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i += same) {
		const struct cidr *cidr = &cover->events[i].cidr;

		same = 1;
		while (i + same < count &&
		       compare_prefixes(cidr, &cover->events[i + same].cidr) == 0)
			same++;
		while (r == 0 && cover->open_count) {
			uint32_t last = cover->open[cover->open_count - 1].region;

			if (cidr_contains(&regions->items[last].cidr, &cidr->addr))
				break;
			r = leave_region(cover);
		}
		if (r == 0)
			r = enter_region(cover, regions, i, same);
	}
	return r;
}

static int plan_family(struct policy *policy, bool v4, struct policy_regions *ret_regions)
{
	struct cover cover = { .policy = policy };
	struct policy_regions regions = { 0 };
	struct event *events;
	size_t count;
	int r = list_events(policy, v4, &events, &count);

	if (r < 0)
		return r;
	cover.events = events;
	cover.depth =
	    calloc(policy->active_capacity[POLICY_PEERS] + 1, sizeof(*cover.depth));
	r = cover.depth ? make_regions(&cover, count, &regions) : -ENOMEM;
	free(events);
	free(cover.depth);
	free(cover.open);
	policy_id_clear(&cover.ids);
	if (r < 0) {
		policy_regions_clear(policy, &regions);
		return r;
	}
	*ret_regions = regions;
	return 0;
}

int policy_regions_plan(struct policy *policy, struct policy_regions *ret_v4,
			struct policy_regions *ret_v6)
{
	struct policy_regions v4;
	int r = plan_family(policy, true, &v4);

	if (r < 0)
		return r;
	r = plan_family(policy, false, ret_v6);
	if (r < 0) {
		policy_regions_clear(policy, &v4);
		return r;
	}
	*ret_v4 = v4;
	return 0;
}

void policy_regions_clear(struct policy *policy, struct policy_regions *regions)
{
	for (uint32_t i = 0; i < regions->count; i++)
		policy_classes_drop(&policy->classes[POLICY_PEERS],
				    regions->items[i].class);
	free(regions->items);
	*regions = (struct policy_regions){ 0 };
}

/* ---- questions ---- */
uint32_t policy_regions_find(const struct policy_regions *regions,
			     const struct hg_addr *addr)
{
	uint32_t low = 0, high = regions->count;

	/* The last prefix that begins at or before the address, or one that it lies in. */
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (addr_compare(&regions->items[middle].cidr.addr, addr) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (uint32_t at = low ? low - 1 : NONE; at != NONE;
	     at = regions->items[at].parent) {
		if (cidr_contains(&regions->items[at].cidr, addr))
			return regions->items[at].class;
	}
	return 0;
}

/* ---- as runs ---- */
struct flat {
	struct policy *policy;
	struct policy_intervals *places;
	uint64_t next; /* the first address that is not covered yet */
};

/* Up to end, this class. */
static int extend(struct flat *flat, uint64_t end, uint32_t class)
{
	struct policy_intervals *places = flat->places;

	if (end <= flat->next)
		return 0;
	if (!places->count || places->items[places->count - 1].class != class) {
		if (policy_room(&places->items, &places->capacity, places->count + 1,
				sizeof(*places->items)) < 0)
			return -ENOMEM;
		policy_classes_hold(&flat->policy->classes[POLICY_PEERS], class);
		places->items[places->count++] =
		    (struct policy_interval){ (uint32_t)flat->next, class };
	}
	flat->next = end;
	return 0;
}

static uint64_t first_of(const struct policy_region *region)
{
	return host32((HG_FORCE __be32)region->cidr.addr.words[3]);
}

static uint64_t end_of(const struct policy_region *region)
{
	return first_of(region) + (1ULL << (128 - region->cidr.bits));
}

static int flatten(struct flat *flat, const struct policy_regions *v4)
{
	uint32_t inner = NONE; /* the region that flat->next lies in */
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < v4->count; i++) {
		const struct policy_region *region = &v4->items[i];

		for (; r == 0 && inner != region->parent; inner = v4->items[inner].parent)
			r = extend(flat, end_of(&v4->items[inner]),
				   v4->items[inner].class);
		if (r == 0)
			r = extend(flat, first_of(region),
				   inner == NONE ? 0 : v4->items[inner].class);
		inner = i;
	}
	for (; r == 0 && inner != NONE; inner = v4->items[inner].parent)
		r = extend(flat, end_of(&v4->items[inner]), v4->items[inner].class);
	return r ? r : extend(flat, 1ULL << 32, 0);
}

int policy_regions_flatten(struct policy *policy, const struct policy_regions *v4,
			   struct policy_intervals *ret_places)
{
	struct policy_intervals places = { 0 };
	struct flat flat = { policy, &places, 0 };
	int r = flatten(&flat, v4);

	if (r < 0) {
		policy_intervals_clear(&policy->classes[POLICY_PEERS], &places);
		return r;
	}
	*ret_places = places;
	return 0;
}
