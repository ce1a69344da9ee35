/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets first: they say which terms are active. Then the regions and ports that these terms
 * make, then classes, which need both. What does not fit isolates those concerned.
 */
#include "policy_plan.h"

#include <errno.h>
#include <headgate/endian.h>
#include "policy_addrs.h"
#include "policy_cells.h"
#include "policy_classes.h"
#include "policy_intervals.h"
#include "policy_peers.h"
#include "policy_ports.h"
#include "policy_regions.h"
#include "policy_rules.h"
#include "policy_shortage.h"
#include "policy_switch.h"
#include "policy_terms.h"

/* ---- next ---- */
static void put_class(struct policy *policy, struct policy_addr *addr, uint32_t class)
{
	policy_classes_drop(&policy->classes[POLICY_PEERS], addr->next.class);
	addr->next.class = class;
}

static void put_set(struct policy_set **place, struct policy_set *set)
{
	policy_sets_drop(*place);
	*place = set;
}

static void drop_next(struct policy *policy, struct policy_addr *addr)
{
	policy_classes_hold(&policy->classes[POLICY_PEERS], addr->now.class);
	put_class(policy, addr, addr->now.class);
	policy_sets_hold(addr->now.ingress);
	put_set(&addr->next.ingress, addr->now.ingress);
	policy_sets_hold(addr->now.egress);
	put_set(&addr->next.egress, addr->now.egress);
	addr->planned = false;
}

static void drop_regions(struct policy *policy)
{
	struct policy_classes *classes = policy->classes;

	policy_regions_clear(policy, &policy->next_v4);
	policy_regions_clear(policy, &policy->next_v6);
	policy_intervals_clear(&classes[POLICY_PEERS], &policy->next_places);
	policy_intervals_clear(&classes[POLICY_PORTS], &policy->next_port_classes);
	policy->has_next_regions = policy->has_next_ports = false;
}

void policy_plan_drop(struct policy *policy)
{
	for (struct policy_addr *addr = policy->dirty; addr; addr = addr->dirty_next)
		drop_next(policy, addr);
	drop_regions(policy);
	policy->unsettled = true;
}

void policy_plan_close(struct policy *policy)
{
	drop_regions(policy);
}

/* ---- sets ---- */
static int take_set(struct policy *policy, struct policy_addr *addr,
		    struct policy_draft *draft, struct policy_set **ret_set)
{
	struct policy_set *set = NULL;
	int r = 0;

	if (draft->bit_count > HG_POLICY_BITS) {
		policy_shortage_of_bits(policy, addr, draft);
		set = policy->isolated[draft->is_egress];
		policy_sets_hold(set);
	} else if (draft->isolating_count) {
		r = policy_sets_take(policy, draft, &set);
	}
	if (r == -ENOSPC || (set && (set->is_refused || set->is_full))) {
		policy_sets_drop(set);
		set = policy->isolated[draft->is_egress];
		policy_sets_hold(set);
		policy_shortage_mark(policy, addr);
		r = 0;
	}
	if (r == 0)
		*ret_set = set;
	return r;
}

static int plan_set(struct policy *policy, struct policy_addr *addr, bool is_egress)
{
	struct policy_draft draft = { .policy = policy, .is_egress = is_egress };
	struct policy_set *set = NULL;
	int r = policy_rules_draft(policy, addr, &draft);

	if (r == 0)
		r = take_set(policy, addr, &draft, &set);
	policy_draft_clear(&draft);
	if (r == 0)
		put_set(is_egress ? &addr->next.egress : &addr->next.ingress, set);
	return r;
}

static int plan_addr(struct policy *policy, struct policy_addr *addr)
{
	bool is_local =
	    addr->pod && policy->options.mode != POLICY_OFF && addr->pod->is_local;
	bool is_wanted = addr->pod && policy->options.mode != POLICY_OFF && addr->wants;
	int r = 0;

	addr->planned = true;
	put_set(&addr->next.ingress, NULL);
	put_set(&addr->next.egress, NULL);
	if (is_local)
		r = plan_set(policy, addr, true);
	if (r == 0 && (is_local || is_wanted))
		r = plan_set(policy, addr, false);
	return r;
}

/* Terms that become active touch more addresses: they come before the first. */
static int plan_sets(struct policy *policy)
{
	struct policy_addr *done = NULL, *first;
	int r = 0;

	while (r == 0 && policy->dirty != done) {
		first = policy->dirty;
		for (struct policy_addr *addr = first; r == 0 && addr != done;
		     addr = addr->dirty_next)
			r = plan_addr(policy, addr);
		done = first;
	}
	return r;
}

/* ---- classes ---- */
static uint32_t region_of(const struct policy *policy, const struct policy_addr *addr)
{
	const struct policy_regions *regions;

	if (policy->has_next_regions)
		regions = addr_is_v4(&addr->addr) ? &policy->next_v4 : &policy->next_v6;
	else
		regions = addr_is_v4(&addr->addr) ? &policy->v4 : &policy->v6;
	return policy_regions_find(regions, &addr->addr);
}

static void look_at_region(struct policy *policy, struct policy_addr *addr)
{
	struct policy_classes *classes = &policy->classes[POLICY_PEERS];
	uint32_t region = region_of(policy, addr);

	if (region == addr->region)
		return;
	policy_classes_hold(classes, region);
	policy_classes_drop(classes, addr->region);
	addr->region = region;
	policy_addrs_touch(policy, addr);
}

/* Is its region another than before? Known from where the places are to change. */
static bool may_move(const struct policy *policy, const struct policy_addr *addr)
{
	if (!addr_is_v4(&addr->addr))
		return policy->v6.count + policy->next_v6.count;
	return policy_spans_contain(&policy->spans,
				    host32((HG_FORCE __be32)addr->addr.words[3]));
}

static int plan_regions(struct policy *policy)
{
	static const struct policy_intervals unknown = { 0 };
	struct policy_addr *addr;
	uint32_t cursor = 0;
	int r;

	if (!policy->terms_changed[POLICY_PEERS])
		return 0;
	policy->short_side = POLICY_PEERS;
	r = policy_regions_plan(policy, &policy->next_v4, &policy->next_v6);
	if (r < 0)
		return r;
	r = policy_regions_flatten(policy, &policy->next_v4, &policy->next_places);
	if (r == 0)
		r = policy_spans_find(policy->places_unknown ? &unknown : &policy->places,
				      &policy->next_places, &policy->spans);
	if (r < 0)
		return r;
	policy->has_next_regions = true;
	while ((addr = policy_hash_next(&policy->addrs, &cursor))) {
		if (may_move(policy, addr))
			look_at_region(policy, addr);
	}
	return 0;
}

static int plan_ports(struct policy *policy)
{
	int r;

	if (!policy->terms_changed[POLICY_PORTS])
		return 0;
	policy->short_side = POLICY_PORTS;
	r = policy_ports_plan(policy, &policy->next_port_classes);
	policy->has_next_ports = r == 0;
	return r;
}

/* An address for which there is no class is in its region's: fewer rules mean it. */
static int plan_class(struct policy *policy, struct policy_addr *addr)
{
	uint32_t class;
	int r = -ENOENT;

	look_at_region(policy, addr);
	if (addr->pod)
		r = policy_peers_class(policy, addr, &class);
	if (r == -ENOMEM)
		return r;
	if (r == -ENOSPC)
		policy_shortage_of_classes(policy, addr);
	if (r < 0) {
		class = addr->region;
		policy_classes_hold(&policy->classes[POLICY_PEERS], class);
	}
	put_class(policy, addr, class);
	return 0;
}

static int plan_classes(struct policy *policy)
{
	int r = 0;

	for (struct policy_addr *addr = policy->dirty; r == 0 && addr;
	     addr = addr->dirty_next)
		r = plan_class(policy, addr);
	return r;
}

/* ---- room ---- */
static int place_set(struct policy *policy, struct policy_addr *addr,
		     struct policy_set **place)
{
	struct policy_set *set = *place;
	int r = 0;

	if (!set)
		return 0;
	if (!set->number && !set->is_refused)
		r = policy_cells_place(policy, set);
	if (r == -ENOSPC) {
		policy_sets_refuse(policy, set);
		policy_shortage_of_tables(policy, addr, set);
	} else if (r < 0) {
		return r;
	}
	if (set->is_refused) {
		policy_shortage_mark(policy, addr);
		policy_sets_hold(policy->isolated[set->is_egress]);
		put_set(place, policy->isolated[set->is_egress]);
	}
	return 0;
}

static int place_sets(struct policy *policy)
{
	int r = 0;

	for (struct policy_addr *addr = policy->dirty; r == 0 && addr;
	     addr = addr->dirty_next) {
		r = place_set(policy, addr, &addr->next.egress);
		if (r == 0)
			r = place_set(policy, addr, &addr->next.ingress);
	}
	return r;
}

int policy_plan(struct policy *policy)
{
	int r;

	policy_plan_drop(policy);
	r = plan_sets(policy);
	if (r == 0)
		r = plan_regions(policy);
	if (r == 0)
		r = plan_ports(policy);
	if (r == 0)
		r = plan_classes(policy);
	if (r == 0)
		r = policy_cells_fill(policy);
	if (r == 0)
		r = policy_switch_regrow(policy);
	if (r == 0)
		r = place_sets(policy);
	return r;
}

static bool asks(const struct policy_set *set, enum policy_side side)
{
	for (uint32_t i = 0; i < set->bit_count; i++) {
		const struct policy_term *term = set->bits[i].terms[side];

		if (term && (side == POLICY_PORTS ||
			     ((const struct policy_peers *)term)->block_count))
			return true;
	}
	return false;
}

bool policy_plan_refuse(struct policy *policy)
{
	bool any = false;

	policy_plan_drop(policy);
	for (struct policy_set *set = policy->sets; set; set = set->next) {
		if (set->in_force || set->is_refused || !asks(set, policy->short_side))
			continue;
		policy_sets_refuse(policy, set);
		policy_shortage_of_regions(policy, set);
		any = true;
	}
	policy_terms_retire_all(policy);
	return any;
}
