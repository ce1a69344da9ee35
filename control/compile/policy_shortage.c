/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_shortage.h"

#include <stdio.h>
#include "policy_addrs.h"
#include "policy_cells.h"
#include "policy_pods.h"
#include "../lib/cleanup.h"

void policy_shortage_mark(struct policy *policy, struct policy_addr *addr)
{
	policy->is_short = true;
	if (addr->cut_short)
		return;
	addr->cut_short = true;
	policy->short_count++;
}

void policy_shortage_retry(struct policy *policy)
{
	struct policy_addr *addr;
	uint32_t cursor = 0;

	if (!policy->short_count)
		return;
	while ((addr = policy_hash_next(&policy->addrs, &cursor))) {
		if (addr->cut_short)
			policy_addrs_touch(policy, addr);
		addr->cut_short = false;
	}
	policy->short_count = 0;
}

static const char *direction(bool is_egress)
{
	return is_egress ? "egress" : "ingress";
}

void policy_shortage_of_bits(struct policy *policy, const struct policy_addr *addr,
			     const struct policy_draft *draft)
{
	const struct object *pod = addr->pod->object;
	const struct about about = object_about(pod, CAUSE_NO_ROOM);

	policy->is_short = true;
	complain(policy->complaints, COMPLAINT_ERROR, &pod->place, &about,
		 "%u NetworkPolicies give it %u different %s rules, %u fit: its %s is "
		 "isolated, nothing is allowed; merge rules with the same peers or ports",
		 draft->isolating_count, draft->bit_count, direction(draft->is_egress),
		 HG_POLICY_BITS, direction(draft->is_egress));
}

/* ---- full tables ---- */
struct filling {
	const char *map;
	uint32_t used, size;
};

/* The fullest of the tables that sets need. */
static struct filling fullest(const struct policy *policy)
{
	const struct filling all[] = {
		{ "hg_policy_rows", policy->rows.used, policy->rows.size },
		{ "hg_policy_cells", policy->cells.used * POLICY_CELL_UNIT,
		  policy->cells.size * POLICY_CELL_UNIT },
		{ "hg_policy_sets", policy->set_numbers.used, policy->set_numbers.size },
		{ "hg_policy_counters", policy->counters.used, policy->counters.size },
	};
	struct filling most = all[0];

	for (size_t i = 1; i < sizeof(all) / sizeof(*all); i++) {
		if ((uint64_t)all[i].used * most.size > (uint64_t)most.used * all[i].size)
			most = all[i];
	}
	return most;
}

void policy_shortage_of_tables(struct policy *policy, const struct policy_addr *addr,
			       const struct policy_set *set)
{
	const struct object *pod = addr->pod->object;
	const struct about about = object_about(pod, CAUSE_NO_ROOM);
	struct filling full = fullest(policy);

	policy->is_short = true;
	complain(
	    policy->complaints, COMPLAINT_ERROR, &pod->place, &about,
	    "its %u %s rules do not fit: its %s is isolated, nothing is allowed; map "
	    "%s has %u of %u entries in use, select by fewer different labels",
	    set->bit_count, direction(set->is_egress), direction(set->is_egress),
	    full.map, full.used, full.size);
}

void policy_shortage_of_classes(struct policy *policy, const struct policy_addr *addr)
{
	const struct object *pod = addr->pod->object;
	const struct about about = object_about(pod, CAUSE_NO_ROOM);

	policy->is_short = true;
	complain(
	    policy->complaints, COMPLAINT_ERROR, &pod->place, &about,
	    "no rule that selects it by labels holds: pods are of %u different kinds "
	    "to the rules in force, %u are possible; select by fewer different labels",
	    policy->classes[POLICY_PEERS].numbers.used, HG_POLICY_CLASSES);
}

void policy_shortage_of_regions(struct policy *policy, const struct policy_set *set)
{
	const char *what = policy->short_side == POLICY_PORTS ? "ports" : "ipBlocks";

	policy->is_short = true;
	for (uint32_t i = 0; i < set->isolating_count; i++) {
		const struct policy_title *name = set->isolating[i].title;
		const struct about about = object_about_named(
		    OBJECT_NETWORK_POLICY, name->namespace, name->name, CAUSE_NO_ROOM);

		complain(
		    policy->complaints, COMPLAINT_ERROR, NULL, &about,
		    "its %s do not fit: %s of the pods that it selects is isolated, "
		    "nothing is allowed; %u of %u blocks and %u of %u classes are in "
		    "use, merge blocks that lie side by side",
		    what, direction(set->is_egress), policy->blocks.used,
		    policy->blocks.size, policy->classes[policy->short_side].numbers.used,
		    HG_POLICY_CLASSES);
	}
}

void policy_shortage_of_addrs(struct policy *policy, const struct policy_addr *addr)
{
	const struct object *pod = addr->pod->object;
	const struct about about = object_about(pod, CAUSE_NO_ROOM);
	char text[ADDR_TEXT];

	policy->is_short = true;
	complain(policy->complaints, COMPLAINT_ERROR, &pod->place, &about,
		 "its address %s is not known to NetworkPolicies: map hg_policy_pods has "
		 "%u of %u entries in use, raise --policy-pods",
		 addr_print(&addr->addr, text), policy_pods_used(policy),
		 policy_pods_limit(&policy->tables));
}

void policy_shortage_of_all(struct policy *policy)
{
	struct filling full = fullest(policy);

	policy->is_short = true;
	complain(policy->complaints, COMPLAINT_ERROR, NULL,
		 &(const struct about){ .cause = CAUSE_NOT_APPLIED },
		 "NetworkPolicies: the change does not fit, what was in force stays: map "
		 "%s has %u of %u entries in use, select by fewer different labels",
		 full.map, full.used, full.size);
}
