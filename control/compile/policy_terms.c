/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_terms.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "policy_addrs.h"
#include "policy_classes.h"
#include "policy_peers.h"
#include "policy_ports.h"

#define TERMS_MAX   1048576U
#define LEAVING_MAX 1024U
#define SCRUBBED    32
#define IDLE_MAX    256U /* beside a quarter of those in use */

int policy_terms_open(struct policy *policy)
{
	for (int side = 0; side < POLICY_SIDES; side++) {
		struct policy_space *ids = &policy->term_ids[side];
		int r = policy_space_open(ids, TERMS_MAX);

		if (r < 0)
			return r;
		policy_space_claim(ids, 0, 1);
		r = policy_classes_open(&policy->classes[side]);
		if (r < 0)
			return r;
	}
	return 0;
}

static void free_term(struct policy *policy, struct policy_term *term)
{
	policy_hash_remove(&policy->terms[term->side], term->hash, term);
	free(term->uses);
	if (term->side == POLICY_PEERS)
		policy_peers_free(policy, (struct policy_peers *)term);
	else
		free(term);
}

void policy_terms_close(struct policy *policy)
{
	for (int side = 0; side < POLICY_SIDES; side++) {
		uint32_t cursor = 0;
		struct policy_term *term;

		while ((term = policy_hash_next(&policy->terms[side], &cursor))) {
			free_term(policy, term);
			cursor = 0;
		}
		policy_hash_clear(&policy->terms[side]);
		free(policy->active[side]);
		policy_space_close(&policy->term_ids[side]);
		policy_classes_close(&policy->classes[side]);
	}
}

void policy_term_drop(struct policy *policy, struct policy_term *term)
{
	if (!term)
		return;
	assert(term->refs);
	term->refs--;
	if (!term->refs && !term->id)
		free_term(policy, term);
}

/* ---- activity ---- */
static int number(struct policy *policy, struct policy_term *term)
{
	enum policy_side side = term->side;
	uint32_t id;

	if (term->id)
		return 0;
	if (policy_room(&policy->active[side], &policy->active_capacity[side],
			policy->term_ids[side].used + 1,
			sizeof(struct policy_term *)) < 0)
		return -ENOMEM;
	if (policy_space_take(&policy->term_ids[side], 1, &id) < 0)
		return -ENOSPC;
	term->id = id;
	policy->active[side][id] = term;
	return 0;
}

static void free_number(struct policy *policy, struct policy_term *term)
{
	policy->leaving_count--;
	policy->active[term->side][term->id] = NULL;
	policy_space_give(&policy->term_ids[term->side], term->id, 1);
	term->id = 0;
	term->activity = POLICY_IDLE;
	if (!term->refs)
		free_term(policy, term);
}

/*
 * Classes may go on having a term that leaves: no set asks for it. Nor are those wrong that
 * have it when it is wanted again: an address is classed anew whenever its pod changes.
 */
static void retire(struct policy *policy, struct policy_term *term)
{
	if (term->side == POLICY_PEERS)
		policy_peers_retire(policy, (struct policy_peers *)term);
	else
		policy->terms_changed[POLICY_PORTS] = true;
	term->activity = POLICY_LEAVING;
	policy->leaving_count++;
}

static int activate(struct policy *policy, struct policy_term *term)
{
	int r = number(policy, term);

	if (r < 0)
		return r;
	policy->leaving_count -= term->activity == POLICY_LEAVING;
	if (term->side == POLICY_PEERS)
		r = policy_peers_activate(policy, (struct policy_peers *)term);
	else
		policy->terms_changed[POLICY_PORTS] = true;
	if (r < 0) {
		retire(policy, term);
		return r;
	}
	term->activity = POLICY_ACTIVE;
	return 0;
}

int policy_term_use(struct policy *policy, struct policy_term *term,
		    struct policy_use use)
{
	int r;

	if (!term)
		return 0;
	if (policy_room(&term->uses, &term->use_capacity, term->use_count + 1,
			sizeof(*term->uses)) < 0)
		return -ENOMEM;
	if (term->activity == POLICY_ACTIVE) {
		if (!term->use_count)
			policy->idle_count--;
	} else {
		r = activate(policy, term);
		if (r < 0)
			return r;
	}
	term->uses[term->use_count++] = use;
	policy_term_hold(term);
	return 0;
}

void policy_term_leave(struct policy *policy, struct policy_term *term,
		       struct policy_use use)
{
	uint32_t i = 0;

	if (!term)
		return;
	while (term->uses[i].set != use.set || term->uses[i].bit != use.bit)
		i++;
	assert(i < term->use_count);
	term->uses[i] = term->uses[--term->use_count];
	if (!term->use_count)
		policy->idle_count++;
	policy_term_drop(policy, term);
}

void policy_terms_retire_all(struct policy *policy)
{
	for (int side = 0; side < POLICY_SIDES; side++) {
		for (uint32_t i = 1; i < policy->active_capacity[side]; i++) {
			struct policy_term *term = policy->active[side][i];

			if (term && term->activity == POLICY_ACTIVE && !term->use_count)
				retire(policy, term);
		}
	}
	policy->idle_count = 0;
}

/* Some addresses with each update lose the terms that leave. */
static void scrub(struct policy *policy)
{
	for (int i = 0; i < SCRUBBED; i++) {
		struct policy_addr *addr =
		    policy_hash_next(&policy->addrs, &policy->scrub_cursor);

		if (!addr) {
			policy->scrub_cursor = 0;
			return;
		}
		policy_addrs_touch(policy, addr);
	}
}

void policy_terms_retire(struct policy *policy)
{
	uint32_t used =
	    policy->term_ids[POLICY_PEERS].used + policy->term_ids[POLICY_PORTS].used;

	if (policy->idle_count > IDLE_MAX + (used - policy->idle_count) / 4)
		policy_terms_retire_all(policy);
	if (policy->leaving_count > LEAVING_MAX)
		scrub(policy);
}

void policy_terms_settle(struct policy *policy)
{
	for (int side = 0; side < POLICY_SIDES; side++) {
		for (uint32_t i = 1; i < policy->active_capacity[side]; i++) {
			struct policy_term *term = policy->active[side][i];

			if (term && term->activity == POLICY_LEAVING &&
			    !policy_classes_use(&policy->classes[side], i))
				free_number(policy, term);
		}
	}
}
