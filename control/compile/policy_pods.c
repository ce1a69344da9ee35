/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_pods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <headgate/hash.h>

/* A quarter full: 32 lines from home on are then as good as never all taken. */
#define LINES_PER_ADDRESS 4U

static uint32_t home_of(const struct policy_tables *tables, const struct hg_addr *addr)
{
	return hg_policy_home(addr, tables->pod_count - HG_POLICY_POD_WINDOW - 1,
			      tables->pod_seed);
}

uint32_t policy_pods_limit(const struct policy_tables *tables)
{
	return (tables->pod_count - HG_POLICY_POD_WINDOW) / LINES_PER_ADDRESS;
}

uint32_t policy_pods_used(const struct policy *policy)
{
	return policy->pod_count;
}

uint32_t policy_find_pod(const struct policy_tables *tables, const struct hg_addr *addr)
{
	uint32_t home = home_of(tables, addr);

	for (uint32_t i = home; i < home + HG_POLICY_POD_WINDOW; i++) {
		const struct hg_policy_pod *pod = &tables->pods[i];

		if (__atomic_load_n(&pod->taken, __ATOMIC_ACQUIRE) &&
		    addr_compare(&pod->addr, addr) == 0)
			return i;
		if (!pod->passed)
			break;
	}
	return 0;
}

int policy_pods_open(struct policy *policy)
{
	uint32_t lines = policy->tables.pod_count;

	policy->pod_passes = calloc(lines, sizeof(*policy->pod_passes));
	if (!policy->pod_passes || policy_space_open(&policy->pod_places, lines) < 0)
		return -ENOMEM;
	policy_space_claim(&policy->pod_places, 0, 1);
	return 0;
}

void policy_pods_close(struct policy *policy)
{
	policy_space_close(&policy->pod_places);
	free(policy->pod_passes);
}

int policy_pods_take(struct policy *policy, const struct hg_addr *addr,
		     uint32_t *ret_place)
{
	uint32_t home = home_of(&policy->tables, addr);

	if (policy_pods_used(policy) >= policy_pods_limit(&policy->tables))
		return -ENOSPC;
	for (uint32_t i = home; i < home + HG_POLICY_POD_WINDOW; i++) {
		if (!policy_space_claim(&policy->pod_places, i, 1))
			continue;
		policy->pod_count++;
		*ret_place = i;
		return 0;
	}
	return -ENOSPC;
}

/* Stores that a reader may see one by one, in this order. */
static void store(uint32_t *word, uint32_t value)
{
	if (*word != value)
		__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static void mark_search(struct policy *policy, uint32_t home, uint32_t place, int change)
{
	for (uint32_t i = home; i < place; i++) {
		policy->pod_passes[i] = (uint8_t)(policy->pod_passes[i] + change);
		store(&policy->tables.pods[i].passed, policy->pod_passes[i] > 0);
	}
}

void policy_pods_publish(struct policy *policy, const struct hg_addr *addr,
			 uint32_t place)
{
	struct hg_policy_pod *pod = &policy->tables.pods[place];

	pod->addr = *addr;
	mark_search(policy, home_of(&policy->tables, addr), place, 1);
	store(&pod->taken, 1);
}

void policy_pods_withdraw(struct policy *policy, uint32_t place)
{
	struct hg_policy_pod *pod = &policy->tables.pods[place];

	store(&pod->taken, 0);
	mark_search(policy, home_of(&policy->tables, &pod->addr), place, -1);
	policy->pod_count--;
}

/* Could a search find it? */
static bool is_sound(const struct policy_tables *tables, uint32_t place)
{
	uint32_t home = home_of(tables, &tables->pods[place].addr);

	return tables->pods[place].taken && place >= home &&
	       place < home + HG_POLICY_POD_WINDOW;
}

int policy_pods_adopt(struct policy *policy,
		      int (*visit)(struct policy *policy, const struct hg_addr *addr,
				   uint32_t place))
{
	const struct policy_tables *tables = &policy->tables;
	int r = 0;

	for (uint32_t i = 1; i < tables->pod_count && r >= 0; i++) {
		struct hg_policy_pod *pod = &tables->pods[i];
		bool kept = is_sound(tables, i);

		if (kept) {
			r = visit(policy, &pod->addr, i);
			kept = r > 0;
		}
		if (kept) {
			policy_space_claim(&policy->pod_places, i, 1);
			policy->pod_count++;
			mark_search(policy, home_of(tables, &pod->addr), i, 1);
		} else if (r >= 0) {
			store(&pod->taken, 0);
		}
	}
	for (uint32_t i = 1; i < tables->pod_count && r >= 0; i++)
		store(&tables->pods[i].passed, policy->pod_passes[i] > 0);
	return r < 0 ? r : 0;
}
