/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Views lie twice, by parity of the epoch. Between two updates both are the same, save for
 * addresses that lag: settling copies what is in force over the other one, once nobody
 * reads it. An update writes the views that are not in force and switches.
 */
#include "policy_switch.h"

#include <assert.h>
#include <errno.h>
#include "policy_addrs.h"
#include "policy_adopt.h"
#include "policy_cells.h"
#include "policy_classes.h"
#include "policy_intervals.h"
#include "policy_places.h"
#include "policy_pods.h"
#include "policy_ports.h"
#include "policy_regions.h"
#include "policy_rest.h"
#include "policy_sets.h"
#include "policy_shortage.h"
#include "policy_terms.h"

static struct hg_policy_view *view_of(struct policy *policy,
				      const struct policy_addr *addr, unsigned parity)
{
	return &policy->tables.pods[addr->place].views[parity & 1];
}

static void write_view(struct policy *policy, const struct policy_addr *addr,
		       const struct policy_side_of_address *side, unsigned parity)
{
	struct hg_policy_view *view = view_of(policy, addr, parity);

	view->class = side->class;
	view->ingress = side->ingress ? side->ingress->number : 0;
	view->egress = side->egress ? side->egress->number : 0;
}

static void switch_state(struct policy *policy, bool on)
{
	uint32_t state = (policy->state + 1) & HG_POLICY_EPOCH;

	if (policy->bank)
		state |= HG_POLICY_BANK;
	if (on)
		state |= HG_POLICY_ON;
	if (policy->options.keep_established)
		state |= HG_POLICY_KEEP;
	policy->state = state;
	policy->tables.switch_to(policy->tables.context, state);
	policy->unsettled = true;
}

/* ---- tables of classes ---- */
static void adopt_regions(struct policy *policy)
{
	struct policy_classes *classes = &policy->classes[POLICY_PEERS];

	policy_regions_clear(policy, &policy->v4);
	policy_regions_clear(policy, &policy->v6);
	policy_intervals_clear(classes, &policy->places);
	policy->places = policy->next_places;
	policy->next_places = (struct policy_intervals){ 0 };
	policy->v4 = policy->next_v4;
	policy->v6 = policy->next_v6;
	policy->next_v4 = policy->next_v6 = (struct policy_regions){ 0 };
	policy->has_next_regions = false;
	policy->terms_changed[POLICY_PEERS] = false;
	policy->places_unknown = false;
	policy->unsettled = true;
}

static void adopt_ports(struct policy *policy)
{
	policy_intervals_clear(&policy->classes[POLICY_PORTS], &policy->port_classes);
	policy->port_classes = policy->next_port_classes;
	policy->next_port_classes = (struct policy_intervals){ 0 };
	policy->has_next_ports = false;
	policy->terms_changed[POLICY_PORTS] = false;
	policy->unsettled = true;
}

int policy_switch_refine(struct policy *policy)
{
	int r;

	if (policy->has_next_ports) {
		policy_ports_write(policy, &policy->next_port_classes);
		adopt_ports(policy);
	}
	if (!policy->has_next_regions)
		return 0;
	policy->short_side = POLICY_PEERS;
	policy->places_unknown = true;
	r = policy_places_write(policy, &policy->next_places);
	if (r == 0)
		r = policy_prefixes_write(policy, &policy->next_v6);
	if (r < 0)
		return r;
	adopt_regions(policy);
	return 0;
}

/* ---- sets that have outgrown their cells ---- */
static bool has_regrown(const struct policy_side_of_address *side)
{
	return (side->ingress && side->ingress->regrown) ||
	       (side->egress && side->egress->regrown);
}

static void write_regrown(struct policy *policy, unsigned parity)
{
	struct policy_addr *addr;
	uint32_t cursor = 0;

	while ((addr = policy_hash_next(&policy->addrs, &cursor))) {
		if (addr->known && has_regrown(&addr->now))
			write_view(policy, addr, &addr->now, parity);
	}
}

static int regrow_sets(struct policy *policy, bool *ret_any)
{
	int r = 0;

	for (struct policy_set *set = policy->sets; r == 0 && set; set = set->next) {
		*ret_any |= set->outgrown || set->must_leave;
		if (!set->outgrown || set->must_leave)
			continue;
		r = policy_cells_regrow(policy, set);
		if (r == -ENOSPC) {
			set->is_full = set->must_leave = true;
			r = 0;
		}
	}
	return r;
}

/* A set that cannot say what it must is no longer in force: who has it is isolated. */
static void evict(struct policy *policy, struct policy_addr *addr,
		  struct policy_set **place)
{
	struct policy_set *set = *place, *isolated;

	if (!set || !set->must_leave)
		return;
	isolated = policy->isolated[set->is_egress];
	if (addr->pod)
		policy_shortage_of_tables(policy, addr, set);
	policy_shortage_mark(policy, addr);
	policy_addrs_touch(policy, addr);
	policy_sets_hold(isolated);
	policy_sets_drop(set);
	*place = isolated;
	isolated->regrown = true; /* views of those that have it are written */
}

static bool evict_all(struct policy *policy)
{
	struct policy_addr *addr;
	uint32_t cursor = 0;
	bool any = false;

	while ((addr = policy_hash_next(&policy->addrs, &cursor))) {
		evict(policy, addr, &addr->now.ingress);
		evict(policy, addr, &addr->now.egress);
	}
	for (struct policy_set *set = policy->sets; set; set = set->next) {
		any |= set->must_leave;
		set->outgrown = set->outgrown && !set->must_leave;
		set->must_leave = false;
	}
	return any;
}

static void end_regrowth(struct policy *policy)
{
	for (struct policy_set *set = policy->sets; set; set = set->next)
		set->regrown = false;
	for (int i = 0; i < 2; i++)
		policy->isolated[i]->regrown = false;
}

int policy_switch_regrow(struct policy *policy)
{
	bool any = false, evicted;
	int r = regrow_sets(policy, &any);

	if (!any)
		return r;
	evicted = evict_all(policy);
	write_regrown(policy, policy->state + 1);
	switch_state(policy, policy->state & HG_POLICY_ON);
	policy->tables.wait_for_readers(policy->tables.context);
	write_regrown(policy, policy->state + 1);
	policy_rest_end(policy);
	end_regrowth(policy);
	return r == 0 && evicted ? -EAGAIN : r;
}

/* ---- addresses ---- */
/* Until the switch it is what it was: nobody's. */
static void write_as_nobody(struct policy *policy, const struct policy_addr *addr)
{
	struct policy_side_of_address nobody = { .class = policy_class_in_force(
						     policy, &addr->addr) };

	write_view(policy, addr, &nobody, policy->state);
}

static void admit(struct policy *policy, struct policy_addr *addr)
{
	if (policy_pods_take(policy, &addr->addr, &addr->place) < 0) {
		policy_shortage_of_addrs(policy, addr);
		policy_shortage_mark(policy, addr);
		return;
	}
	write_as_nobody(policy, addr);
	write_view(policy, addr, &addr->next, policy->state + 1);
	policy_pods_publish(policy, &addr->addr, addr->place);
	addr->known = true;
}

/* Those with rule sets first: unknown, they could not be isolated. */
static void admit_all(struct policy *policy)
{
	for (int pass = 0; pass < 2; pass++) {
		for (struct policy_addr *addr = policy->dirty; addr;
		     addr = addr->dirty_next) {
			bool has_sets = addr->next.ingress || addr->next.egress;

			if (addr->pod && !addr->known && has_sets == (pass == 0))
				admit(policy, addr);
		}
	}
}

static bool is_bound(const struct policy_side_of_address *side)
{
	return side->ingress || side->egress;
}

/* Write what is planned. Does anything become another? */
static bool write_views(struct policy *policy)
{
	bool any = policy->must_switch;

	for (struct policy_addr *addr = policy->dirty; addr; addr = addr->dirty_next) {
		const struct hg_policy_view *before, *after;

		if (!addr->known)
			continue;
		write_view(policy, addr, &addr->next, policy->state + 1);
		before = view_of(policy, addr, policy->state);
		after = view_of(policy, addr, policy->state + 1);
		any |= before->class != after->class ||
		       before->ingress != after->ingress ||
		       before->egress != after->egress;
	}
	return any;
}

static uint32_t count_bound(const struct policy *policy)
{
	uint32_t bound = policy->bound;

	for (const struct policy_addr *addr = policy->dirty; addr;
	     addr = addr->dirty_next) {
		bound -= addr->bound;
		bound += addr->known && is_bound(&addr->next);
	}
	return bound;
}

static void commit_set(struct policy_set **now, struct policy_set *next)
{
	policy_sets_hold(next);
	policy_sets_drop(*now);
	*now = next;
	if (next)
		next->in_force = true;
}

/* Its other view is to follow. */
static void lag(struct policy *policy, struct policy_addr *addr)
{
	addr->lagging = true;
	addr->lagging_next = policy->lagging;
	policy->lagging = addr;
	policy->unsettled = true;
}

static void commit(struct policy *policy, struct policy_addr *addr)
{
	struct policy_classes *classes = &policy->classes[POLICY_PEERS];

	policy_classes_hold(classes, addr->next.class);
	policy_classes_drop(classes, addr->now.class);
	addr->now.class = addr->next.class;
	commit_set(&addr->now.ingress, addr->next.ingress);
	commit_set(&addr->now.egress, addr->next.egress);
	addr->bound = addr->known && is_bound(&addr->now);
	addr->dirty = false;
	if (!addr->known || addr->lagging)
		return;
	lag(policy, addr);
}

static void commit_all(struct policy *policy)
{
	struct policy_addr *addr, *next;

	for (addr = policy->dirty; addr; addr = next) {
		next = addr->dirty_next;
		commit(policy, addr);
		policy_addrs_prune(policy, addr);
	}
	policy->dirty = NULL;
}

void policy_switch(struct policy *policy)
{
	admit_all(policy);
	policy->bound = count_bound(policy);
	if (write_views(policy))
		switch_state(policy, policy->bound);
	policy->must_switch = false;
	commit_all(policy);
}

/* ---- afterwards ---- */
static void settle_addr(struct policy *policy, struct policy_addr *addr)
{
	addr->lagging = false;
	if (!addr->known)
		return;
	*view_of(policy, addr, policy->state + 1) = *view_of(policy, addr, policy->state);
	if (addr->pod)
		return;
	if (policy_rest_reserve(policy, 1) < 0) {
		lag(policy, addr);
		return;
	}
	policy_pods_withdraw(policy, addr->place);
	policy_rest(policy, &policy->pod_places, addr->place, 1);
	addr->place = 0;
	addr->known = false;
	policy_addrs_prune(policy, addr);
}

/* The bank of the process before is read by nobody. What cannot be dropped now stays until
 * another process uses the bank. */
static void drop_adopted(struct policy *policy)
{
	policy_adopt_drop_prefixes(policy, !policy->bank);
	policy->adopted = false;
}

void policy_switch_settle(struct policy *policy)
{
	struct policy_addr *addr, *next;

	policy->unsettled = false;
	policy_rest_end(policy);
	addr = policy->lagging;
	policy->lagging = NULL;
	for (; addr; addr = next) {
		next = addr->lagging_next;
		settle_addr(policy, addr);
	}
	if (policy->adopted)
		drop_adopted(policy);
	policy_sets_sweep(policy);
	/* After a write that broke off, places may name classes that no region has. */
	if (!policy->places_unknown)
		policy_classes_sweep(&policy->classes[POLICY_PEERS]);
	policy_classes_sweep(&policy->classes[POLICY_PORTS]);
	policy_terms_settle(policy);
}
