/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_sets.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>
#include "policy_cells.h"
#include "policy_counters.h"
#include "policy_namespace.h"
#include "policy_terms.h"

/* ---- drafts ---- */
static bool is_audit(const struct policy_draft *draft, const struct policy_record *record)
{
	return record->object->policy.audit ||
	       draft->policy->options.mode == POLICY_AUDIT;
}

int policy_draft_add(struct policy_draft *draft, const struct policy_record *record,
		     const struct policy_rule_bit *rule, struct policy_term *ports)
{
	struct policy_bit bit = { .terms = { rule->peers, ports },
				  .title = record->title,
				  .rule = rule->rule,
				  .audit = is_audit(draft, record) };

	for (uint32_t i = 0; i < draft->bit_count; i++) {
		const struct policy_bit *other = &draft->bits[i];

		if (other->terms[POLICY_PEERS] == bit.terms[POLICY_PEERS] &&
		    other->terms[POLICY_PORTS] == ports && other->audit == bit.audit)
			return 0;
	}
	if (policy_room(&draft->bits, &draft->bit_capacity, draft->bit_count + 1,
			sizeof(bit)) < 0)
		return -ENOMEM;
	policy_term_hold(bit.terms[POLICY_PEERS]);
	policy_term_hold(ports);
	policy_title_hold(bit.title);
	draft->bits[draft->bit_count++] = bit;
	return 0;
}

int policy_draft_isolate(struct policy_draft *draft, const struct policy_record *record)
{
	if (policy_room(&draft->isolating, &draft->isolating_capacity,
			draft->isolating_count + 1, sizeof(*draft->isolating)) < 0)
		return -ENOMEM;
	draft->isolating[draft->isolating_count++] =
	    (struct policy_isolating){ policy_title_hold(record->title),
				       is_audit(draft, record) };
	return 0;
}

void policy_draft_clear(struct policy_draft *draft)
{
	for (uint32_t i = 0; i < draft->bit_count; i++) {
		policy_term_drop(draft->policy, draft->bits[i].terms[POLICY_PEERS]);
		policy_term_drop(draft->policy, draft->bits[i].terms[POLICY_PORTS]);
		policy_title_drop(draft->policy, draft->bits[i].title);
	}
	for (uint32_t i = 0; i < draft->isolating_count; i++)
		policy_title_drop(draft->policy, draft->isolating[i].title);
	free(draft->bits);
	free(draft->isolating);
	draft->bits = NULL;
	draft->isolating = NULL;
	draft->bit_count = draft->isolating_count = 0;
	draft->bit_capacity = draft->isolating_capacity = 0;
}

/* ---- interning ---- */
static bool same_bit(const struct policy_bit *a, const struct policy_bit *b)
{
	return a->terms[POLICY_PEERS] == b->terms[POLICY_PEERS] &&
	       a->terms[POLICY_PORTS] == b->terms[POLICY_PORTS] && a->title == b->title &&
	       a->rule == b->rule && a->audit == b->audit;
}

static bool is_same(const void *item, const void *key)
{
	const struct policy_set *set = item;
	const struct policy_draft *draft = key;

	if (set->is_egress != draft->is_egress || set->bit_count != draft->bit_count ||
	    set->isolating_count != draft->isolating_count)
		return false;
	for (uint32_t i = 0; i < set->bit_count; i++) {
		if (!same_bit(&set->bits[i], &draft->bits[i]))
			return false;
	}
	for (uint32_t i = 0; i < set->isolating_count; i++) {
		if (set->isolating[i].title != draft->isolating[i].title ||
		    set->isolating[i].audit != draft->isolating[i].audit)
			return false;
	}
	return true;
}

static uint32_t draft_hash(const struct policy_draft *draft)
{
	uint32_t hash = draft->is_egress;

	for (uint32_t i = 0; i < draft->bit_count; i++) {
		const struct policy_bit *bit = &draft->bits[i];
		const void *names[] = { bit->terms[0], bit->terms[1], bit->title };

		hash = policy_hash_bytes(hash * 2 + bit->audit + bit->rule * 4, names,
					 sizeof(names));
	}
	for (uint32_t i = 0; i < draft->isolating_count; i++)
		hash = policy_hash_bytes(hash + draft->isolating[i].audit,
					 &draft->isolating[i].title, sizeof(void *));
	return hash;
}

static void leave_terms(struct policy *policy, struct policy_set *set, uint32_t bits)
{
	for (uint32_t i = 0; i < bits; i++) {
		for (int side = 0; side < POLICY_SIDES; side++)
			policy_term_leave(policy, set->bits[i].terms[side],
					  (struct policy_use){ set, i });
	}
}

static int use_terms(struct policy *policy, struct policy_set *set)
{
	for (uint32_t i = 0; i < set->bit_count; i++) {
		struct policy_use use = { set, i };
		struct policy_term **terms = set->bits[i].terms;
		int r = policy_term_use(policy, terms[POLICY_PEERS], use);

		if (r == 0) {
			r = policy_term_use(policy, terms[POLICY_PORTS], use);
			if (r < 0)
				policy_term_leave(policy, terms[POLICY_PEERS], use);
		}
		if (r < 0) {
			leave_terms(policy, set, i);
			return r;
		}
	}
	return 0;
}

/* The draft's arrays and references become the set's; those of terms are counted by use. */
static void adopt_draft(struct policy *policy, struct policy_set *set,
			struct policy_draft *draft)
{
	for (uint32_t i = 0; i < draft->bit_count; i++) {
		policy_term_drop(policy, draft->bits[i].terms[POLICY_PEERS]);
		policy_term_drop(policy, draft->bits[i].terms[POLICY_PORTS]);
	}
	draft->bits = NULL;
	draft->isolating = NULL;
	draft->bit_count = draft->isolating_count = 0;
	draft->bit_capacity = draft->isolating_capacity = 0;
	policy_hash_add(&policy->sets_by_content, set->hash, set);
	DL_APPEND(policy->sets, set);
}

int policy_sets_take(struct policy *policy, struct policy_draft *draft,
		     struct policy_set **ret_set)
{
	uint32_t hash = draft_hash(draft);
	struct policy_set *set =
	    policy_hash_find(&policy->sets_by_content, hash, is_same, draft);
	int r;

	if (set) {
		policy_sets_hold(set);
		*ret_set = set;
		return 0;
	}
	if (policy_hash_reserve(&policy->sets_by_content, 1) < 0)
		return -ENOMEM;
	set = calloc(1, sizeof(*set));
	if (!set)
		return -ENOMEM;
	set->refs = 1;
	set->hash = hash;
	set->is_egress = draft->is_egress;
	set->bits = draft->bits;
	set->bit_count = draft->bit_count;
	set->isolating = draft->isolating;
	set->isolating_count = draft->isolating_count;
	r = use_terms(policy, set);
	if (r < 0) {
		free(set);
		return r;
	}
	adopt_draft(policy, set, draft);
	*ret_set = set;
	return 0;
}

void policy_sets_hold(struct policy_set *set)
{
	if (set)
		set->refs++;
}

void policy_sets_drop(struct policy_set *set)
{
	if (!set)
		return;
	assert(set->refs);
	set->refs--;
}

/* Its terms stay where they are, so that it is still known by them. */
void policy_sets_refuse(struct policy *policy, struct policy_set *set)
{
	assert(!set->in_force);
	for (uint32_t i = 0; i < set->bit_count; i++) {
		policy_term_hold(set->bits[i].terms[POLICY_PEERS]);
		policy_term_hold(set->bits[i].terms[POLICY_PORTS]);
	}
	leave_terms(policy, set, set->bit_count);
	policy_cells_remove(policy, set);
	set->is_refused = true;
}

static void drop_terms(struct policy *policy, const struct policy_set *set)
{
	for (uint32_t i = 0; i < set->bit_count; i++) {
		policy_term_drop(policy, set->bits[i].terms[POLICY_PEERS]);
		policy_term_drop(policy, set->bits[i].terms[POLICY_PORTS]);
	}
}

/* ---- life ---- */
static void free_set(struct policy *policy, struct policy_set *set)
{
	DL_DELETE(policy->sets, set);
	policy_hash_remove(&policy->sets_by_content, set->hash, set);
	if (set->in_force)
		policy_counters_keep(policy, set);
	policy_cells_remove(policy, set);
	if (set->is_refused)
		drop_terms(policy, set);
	else
		leave_terms(policy, set, set->bit_count);
	for (uint32_t i = 0; i < set->bit_count; i++)
		policy_title_drop(policy, set->bits[i].title);
	for (uint32_t i = 0; i < set->isolating_count; i++)
		policy_title_drop(policy, set->isolating[i].title);
	free(set->bits);
	free(set->isolating);
	free(set);
}

void policy_sets_sweep(struct policy *policy)
{
	struct policy_set *set, *next;

	for (set = policy->sets; set; set = next) {
		next = set->next;
		if (!set->refs)
			free_set(policy, set);
	}
}

/* It takes the first numbers and counters: those of an earlier process are the same. */
int policy_sets_open(struct policy *policy)
{
	policy->by_number = calloc(policy->tables.set_count, sizeof(struct policy_set *));
	if (!policy->by_number)
		return -ENOMEM;
	for (int i = 0; i < 2; i++) {
		struct policy_set *set = calloc(1, sizeof(*set));

		if (!set)
			return -ENOMEM;
		set->refs = 1;
		set->is_egress = i;
		policy->isolated[i] = set;
		if (policy_cells_place_empty(policy, set) < 0)
			return -ENOSPC;
	}
	return 0;
}

void policy_sets_close(struct policy *policy)
{
	while (policy->sets)
		free_set(policy, policy->sets);
	policy_hash_clear(&policy->sets_by_content);
	free(policy->by_number);
	free(policy->isolated[0]);
	free(policy->isolated[1]);
}

struct policy_set *policy_sets_find(const struct policy *policy, uint32_t number)
{
	return number < policy->tables.set_count ? policy->by_number[number] : NULL;
}
