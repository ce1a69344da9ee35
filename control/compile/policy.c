/* SPDX-License-Identifier: BSD-2-Clause */
/* Life of the policy compiler, and an update from beginning to end: policy_state.h. */
#include "policy_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "policy_addrs.h"
#include "policy_pods.h"
#include "policy_adopt.h"
#include "policy_cells.h"
#include "policy_digest.h"
#include "policy_intervals.h"
#include "policy_namespace.h"
#include "policy_plan.h"
#include "policy_regions.h"
#include "policy_rows.h"
#include "policy_sets.h"
#include "policy_shortage.h"
#include "policy_switch.h"
#include "policy_terms.h"
#include "policy_who.h"

/* gcc's analyzer loses sight of what structures own; ASan looks for leaks in the tests. */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

/* ---- life ---- */
static int open_spaces(struct policy *policy)
{
	const struct policy_tables *tables = &policy->tables;
	int r = policy_space_open(&policy->cells, tables->cell_count / POLICY_CELL_UNIT);

	if (r == 0)
		r = policy_space_open(&policy->set_numbers, tables->set_count);
	if (r == 0)
		r = policy_pods_open(policy);
	if (r == 0)
		r = policy_space_open(&policy->blocks, tables->block_count);
	if (r == 0)
		r = policy_space_open(&policy->counters, tables->counter_count);
	if (r == 0)
		r = policy_space_open(&policy->who_ids, UINT16_MAX * 16U);
	if (r < 0)
		return r;
	policy_space_claim(&policy->set_numbers, 0, 1);
	policy_space_claim(&policy->blocks, 0, 1);
	policy_space_claim(&policy->counters, 0, 1);
	return 0;
}

static int open_all(struct policy *policy)
{
	int r = open_spaces(policy);

	if (r == 0)
		r = policy_rows_open(policy);
	if (r == 0)
		r = policy_terms_open(policy);
	if (r == 0)
		r = policy_sets_open(policy);
	if (r == 0)
		r = policy_adopt(policy);
	return r;
}

struct policy *policy_new(const struct policy_options *options,
			  const struct policy_tables *tables)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return NULL;
	policy->options = *options;
	policy->tables = *tables;
	policy->state = tables->state;
	if (options->node_name) {
		policy->node_name = strdup(options->node_name);
		if (!policy->node_name) {
			free(policy);
			return NULL;
		}
	}
	if (open_all(policy) < 0) {
		policy_free(policy);
		return NULL;
	}
	return policy;
}

static void free_titles(struct policy *policy)
{
	struct policy_title *title;
	uint32_t cursor = 0;

	while ((title = policy_hash_next(&policy->titles, &cursor))) {
		free(title->totals);
		free(title);
	}
	policy_hash_clear(&policy->titles);
}

static void close_spaces(struct policy *policy)
{
	policy_space_close(&policy->cells);
	policy_space_close(&policy->set_numbers);
	policy_pods_close(policy);
	policy_space_close(&policy->blocks);
	policy_space_close(&policy->counters);
}

static void free_scratch(struct policy *policy)
{
	free(policy->resting);
	free(policy->spans.items);
	free(policy->id_bits);
	free(policy->ids);
	free(policy->gather);
	free(policy->gather_at);
	free(policy->prefixes.items);
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	policy_plan_close(policy);
	policy_regions_clear(policy, &policy->v4);
	policy_regions_clear(policy, &policy->v6);
	policy_intervals_clear(&policy->classes[POLICY_PEERS], &policy->places);
	policy_intervals_clear(&policy->classes[POLICY_PORTS], &policy->port_classes);
	policy_addrs_close(policy);
	policy_sets_close(policy);
	policy_digest_close(policy);
	policy_terms_close(policy);
	policy_who_close(policy);
	policy_namespaces_close(policy);
	free_titles(policy);
	policy_rows_close(policy);
	close_spaces(policy);
	free_scratch(policy);
	free(policy->node_name);
	free(policy);
}

/* ---- what is to be looked at ---- */
int policy_want(struct policy *policy, const struct hg_addr *where)
{
	struct policy_addr *addr = policy_addrs_get(policy, where);

	if (!addr)
		return -ENOMEM;
	if (!addr->wants++)
		policy_addrs_touch(policy, addr);
	return 0;
}

void policy_unwant(struct policy *policy, const struct hg_addr *where)
{
	struct policy_addr *addr = policy_addrs_find(policy, where);

	if (addr && addr->wants && !--addr->wants)
		policy_addrs_touch(policy, addr);
}

int policy_changed(struct policy *policy, enum object_kind kind, const char *namespace,
		   const char *name)
{
	struct policy_change change = { .kind = kind };

	if (!policy->has_begun || (kind != OBJECT_POD && kind != OBJECT_NAMESPACE &&
				   kind != OBJECT_NETWORK_POLICY))
		return 0;
	if (policy_room(&policy->changes, &policy->change_capacity,
			policy->change_count + 1, sizeof(change)) < 0)
		return -ENOMEM;
	change.namespace = strdup(namespace);
	change.name = strdup(name);
	if (!change.namespace || !change.name) {
		free(change.namespace);
		free(change.name);
		return -ENOMEM;
	}
	policy->changes[policy->change_count++] = change;
	return 0;
}

/* ---- update ---- */
/* What does not fit is refused, until the rest does. */
static int plan(struct policy *policy)
{
	int r;

	for (;;) {
		r = policy_plan(policy);
		if (r == 0)
			r = policy_switch_refine(policy);
		if (r == -EAGAIN)
			continue;
		if (r == 0 || r == -ENOMEM || !policy_plan_refuse(policy))
			break;
	}
	if (r < 0)
		policy_plan_drop(policy);
	if (r < 0 && r != -ENOMEM)
		policy_shortage_of_all(policy);
	return r;
}

int policy_update(struct policy *policy, const struct cluster *cluster,
		  struct complaints *complaints)
{
	int r;

	if (policy->has_read && !policy->change_count && !policy->dirty &&
	    !policy->short_count && !policy->must_switch)
		return 0;
	policy->complaints = complaints;
	policy->is_short = false;
	if (policy_is_unsettled(policy)) {
		policy->tables.wait_for_readers(policy->tables.context);
		policy_switch_settle(policy);
	}
	r = policy_digest(policy, cluster);
	if (r < 0)
		return r;
	policy_shortage_retry(policy);
	policy_terms_retire(policy);
	r = plan(policy);
	if (r < 0)
		return r == -ENOMEM ? r : -ENOSPC;
	policy_switch(policy);
	return policy->is_short ? -ENOSPC : 0;
}

/* Until the first switch what was adopted is in force. */
bool policy_is_unsettled(const struct policy *policy)
{
	return policy->unsettled && !(policy->adopted && policy->must_switch);
}

void policy_settle(struct policy *policy)
{
	if (policy_is_unsettled(policy))
		policy_switch_settle(policy);
}

void policy_usage(const struct policy *policy, struct policy_usage *ret_usage)
{
	*ret_usage = (struct policy_usage){
		.rows = policy->rows.used,
		.cells = policy->cells.used * POLICY_CELL_UNIT,
		.sets = policy->set_numbers.used,
		.pods = policy_pods_used(policy),
		.pod_limit = policy_pods_limit(&policy->tables),
		.blocks = policy->blocks.used,
		.counters = policy->counters.used,
		.peer_classes = policy->classes[POLICY_PEERS].numbers.used,
		.port_classes = policy->classes[POLICY_PORTS].numbers.used,
	};
}
