/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_addrs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "policy_classes.h"

static bool is_addr(const void *item, const void *key)
{
	return addr_compare(&((const struct policy_addr *)item)->addr, key) == 0;
}

static uint32_t addr_hash(const struct hg_addr *addr)
{
	return policy_hash_bytes(0, addr, sizeof(*addr));
}

struct policy_addr *policy_addrs_find(const struct policy *policy,
				      const struct hg_addr *addr)
{
	return policy_hash_find(&policy->addrs, addr_hash(addr), is_addr, addr);
}

/* Everything of class 0, which holds nothing but must be counted. */
static void hold_empty(struct policy *policy, struct policy_addr *addr)
{
	struct policy_classes *classes = &policy->classes[POLICY_PEERS];

	addr->now.class = addr->next.class = addr->region = 0;
	for (int i = 0; i < 3; i++)
		policy_classes_hold(classes, 0);
}

struct policy_addr *policy_addrs_get(struct policy *policy, const struct hg_addr *where)
{
	struct policy_addr *addr = policy_addrs_find(policy, where);

	if (addr)
		return addr;
	if (policy_hash_reserve(&policy->addrs, 1) < 0)
		return NULL;
	addr = calloc(1, sizeof(*addr));
	if (!addr)
		return NULL;
	addr->addr = *where;
	hold_empty(policy, addr);
	policy_hash_add(&policy->addrs, addr_hash(where), addr);
	return addr;
}

void policy_addrs_touch(struct policy *policy, struct policy_addr *addr)
{
	if (addr->dirty)
		return;
	addr->dirty = true;
	addr->planned = false;
	addr->dirty_next = policy->dirty;
	policy->dirty = addr;
}

void policy_addrs_touch_pod(struct policy *policy, const struct policy_pod *pod)
{
	for (uint32_t i = 0; i < pod->addr_count; i++) {
		if (pod->addrs[i]->pod == pod)
			policy_addrs_touch(policy, pod->addrs[i]);
	}
}

static void free_addr(struct policy *policy, struct policy_addr *addr)
{
	struct policy_classes *classes = &policy->classes[POLICY_PEERS];

	policy_classes_drop(classes, addr->now.class);
	policy_classes_drop(classes, addr->next.class);
	policy_classes_drop(classes, addr->region);
	free(addr);
}

void policy_addrs_prune(struct policy *policy, struct policy_addr *addr)
{
	if (addr->claims || addr->wants || addr->known || addr->dirty || addr->lagging)
		return;
	assert(!addr->pod);
	policy_hash_remove(&policy->addrs, addr_hash(&addr->addr), addr);
	free_addr(policy, addr);
}

void policy_addrs_close(struct policy *policy)
{
	struct policy_addr *addr;
	uint32_t cursor = 0;

	while ((addr = policy_hash_next(&policy->addrs, &cursor)))
		free_addr(policy, addr);
	policy_hash_clear(&policy->addrs);
}
