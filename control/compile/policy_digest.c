/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_digest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "policy_addrs.h"
#include "policy_namespace.h"
#include "policy_rules.h"
#include "policy_scope.h"
#include "policy_who.h"

/*
 * Objects that records point to may be gone until all changes are read: only the object at
 * hand is looked at.
 */

/* ---- namespaces ---- */
static int read_namespace(struct policy *policy, const char *name,
			  const struct object *object)
{
	struct policy_namespace *namespace = object ? policy_namespace_get(policy, name)
						    : policy_namespace_find(policy, name);

	if (!namespace)
		return object ? -ENOMEM : 0;
	namespace->object = object;
	for (const struct policy_pod *pod = namespace->pods; pod; pod = pod->next)
		policy_addrs_touch_pod(policy, pod);
	policy->named_stale = true;
	namespace->numbers_changed = true;
	if (policy_scope_look_at(policy, namespace) < 0)
		return -ENOMEM;
	policy_namespace_prune(policy, namespace);
	return 0;
}

/* ---- pods ---- */
static bool has_addrs(const struct object *object)
{
	return object && !object->pod.host_network && !object->pod.terminated;
}

static bool is_local(const struct policy *policy, const struct object *object)
{
	const char *node = object ? object->pod.node_name : NULL;

	if (policy->options.is_local)
		return object &&
		       policy->options.is_local(policy->options.context, object);
	return !policy->node_name || (node && strcmp(node, policy->node_name) == 0);
}

static int list_addrs(struct policy *policy, const struct object *object,
		      struct policy_addr ***ret_addrs, uint32_t *ret_count)
{
	uint32_t count = has_addrs(object) ? (uint32_t)object->pod.ips.count : 0;
	struct policy_addr **addrs;

	*ret_addrs = NULL;
	*ret_count = count;
	if (!count)
		return 0;
	addrs = calloc(count, sizeof(struct policy_addr *));
	if (!addrs)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		addrs[i] = policy_addrs_get(policy, &object->pod.ips.items[i]);
		if (!addrs[i]) {
			free(addrs);
			return -ENOMEM;
		}
		/* So that none is lost should memory run out. */
		policy_addrs_touch(policy, addrs[i]);
		addrs[i]->owner_dirty = true;
	}
	*ret_addrs = addrs;
	return 0;
}

static void leave_addrs(struct policy *policy, struct policy_pod *pod)
{
	for (uint32_t i = 0; i < pod->addr_count; i++) {
		struct policy_addr *addr = pod->addrs[i];

		policy_addrs_touch(policy, addr);
		addr->owner_dirty = true;
		addr->claims--;
		if (addr->pod == pod)
			addr->pod = NULL;
	}
	free(pod->addrs);
	pod->addrs = NULL;
	pod->addr_count = 0;
}

static int read_pod(struct policy *policy, const char *namespace, const char *name,
		    const struct object *object)
{
	struct policy_pod *pod = policy_pod_find(policy, namespace, name);
	struct policy_addr **addrs;
	uint32_t count;

	if (!pod && !object)
		return 0;
	if (!pod)
		pod = policy_pod_add(policy, object);
	if (!pod)
		return -ENOMEM;
	pod->object = object;
	pod->is_local = is_local(policy, object);
	if (list_addrs(policy, object, &addrs, &count) < 0)
		return -ENOMEM;
	leave_addrs(policy, pod);
	pod->addrs = addrs;
	pod->addr_count = count;
	for (uint32_t i = 0; i < count; i++)
		addrs[i]->claims++;
	pod->namespace->numbers_stale = true;
	policy->named_stale = true;
	if (!object)
		policy_pod_remove(policy, pod);
	return 0;
}

/* ---- policies ---- */
/* Those of the namespace's addresses that have rule sets here. */
static void touch_subjects(struct policy *policy,
			   const struct policy_namespace *namespace)
{
	for (const struct policy_pod *pod = namespace->pods; pod; pod = pod->next) {
		for (uint32_t i = 0; i < pod->addr_count; i++) {
			struct policy_addr *addr = pod->addrs[i];

			if (addr->pod == pod && (addr->wants || pod->is_local))
				policy_addrs_touch(policy, addr);
		}
	}
}

/* Where the name is, or would be. */
static uint32_t position(const struct policy_namespace *namespace, const char *name)
{
	uint32_t low = 0, high = namespace->policy_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (strcmp(namespace->policies[middle]->title->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct policy_record *add_record(struct policy *policy,
					const struct object *object, uint32_t at,
					struct policy_namespace *namespace)
{
	struct policy_record *record = calloc(1, sizeof(*record));

	if (!record)
		return NULL;
	record->title = policy_title_take(policy, object);
	if (!record->title ||
	    policy_room(&namespace->policies, &namespace->policy_capacity,
			namespace->policy_count + 1,
			sizeof(struct policy_record *)) < 0) {
		if (record->title)
			policy_title_drop(policy, record->title);
		free(record);
		return NULL;
	}
	record->namespace = namespace;
	memmove(namespace->policies + at + 1, namespace->policies + at,
		(namespace->policy_count - at) * sizeof(struct policy_record *));
	namespace->policies[at] = record;
	namespace->policy_count++;
	return record;
}

static void free_record(struct policy *policy, struct policy_record *record)
{
	policy_rules_forget(policy, record);
	policy_title_drop(policy, record->title);
	free(record);
}

static void remove_record(struct policy *policy, struct policy_namespace *namespace,
			  uint32_t at)
{
	/* First: its selectors may be all else that holds the namespace. */
	free_record(policy, namespace->policies[at]);
	namespace->policy_count--;
	memmove(namespace->policies + at, namespace->policies + at + 1,
		(namespace->policy_count - at) * sizeof(struct policy_record *));
	policy_namespace_prune(policy, namespace);
}

static int read_policy(struct policy *policy, const char *namespace_name,
		       const char *name, const struct object *object)
{
	struct policy_namespace *namespace =
	    object ? policy_namespace_get(policy, namespace_name)
		   : policy_namespace_find(policy, namespace_name);
	struct policy_record *record = NULL;
	uint32_t at;

	if (!namespace)
		return object ? -ENOMEM : 0;
	at = position(namespace, name);
	if (at < namespace->policy_count &&
	    strcmp(namespace->policies[at]->title->name, name) == 0)
		record = namespace->policies[at];
	if (!record && !object)
		return 0;
	touch_subjects(policy, namespace);
	if (!object) {
		remove_record(policy, namespace, at);
		return 0;
	}
	if (!record)
		record = add_record(policy, object, at, namespace);
	if (!record)
		return -ENOMEM;
	policy_rules_forget(policy, record);
	record->object = object;
	return 0;
}

/* ---- all ---- */
static int read_object(struct policy *policy, const struct policy_change *change,
		       const struct object *object)
{
	switch (change->kind) {
	case OBJECT_NAMESPACE:
		return read_namespace(policy, change->name, object);
	case OBJECT_POD:
		return read_pod(policy, change->namespace, change->name, object);
	default:
		return read_policy(policy, change->namespace, change->name, object);
	}
}

static int visit(void *context, const struct object *object)
{
	struct policy_change change = { object->kind, object->namespace, object->name };

	return read_object(context, &change, object);
}

static int read_all(struct policy *policy, const struct cluster *cluster)
{
	static const enum object_kind kinds[] = { OBJECT_NAMESPACE, OBJECT_POD,
						  OBJECT_NETWORK_POLICY };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		int r = cluster_each(cluster, kinds[i], visit, policy);

		if (r < 0)
			return r;
	}
	policy->has_read = true;
	return 0;
}

static int read_changes(struct policy *policy, const struct cluster *cluster)
{
	while (policy->change_count) {
		struct policy_change *change = &policy->changes[policy->change_count - 1];
		int r = read_object(
		    policy, change,
		    cluster_find(cluster, change->kind, change->namespace, change->name));

		if (r < 0)
			return r;
		free(change->namespace);
		free(change->name);
		policy->change_count--;
	}
	return 0;
}

/* Egress rules with named ports have a bit for each number that pods give the name. */
static int read_named_ports(struct policy *policy)
{
	struct policy_namespace *namespace;
	uint32_t cursor = 0;
	bool changed = false;
	int r;

	if (!policy->named_stale || !policy->named_count)
		return 0;
	while ((namespace = policy_hash_next(&policy->namespaces, &cursor))) {
		r = policy_namespace_read_numbers(namespace);
		if (r < 0)
			return r;
		changed |= r || namespace->numbers_changed;
		namespace->numbers_changed = false;
	}
	policy->named_stale = false;
	cursor = 0;
	while (changed && (namespace = policy_hash_next(&policy->namespaces, &cursor))) {
		for (uint32_t i = 0; i < namespace->policy_count; i++) {
			if (!namespace->policies[i]->has_named)
				continue;
			policy_rules_forget(policy, namespace->policies[i]);
			touch_subjects(policy, namespace);
		}
	}
	return 0;
}

static void find_owners(struct policy *policy, const struct cluster *cluster)
{
	for (struct policy_addr *addr = policy->dirty; addr; addr = addr->dirty_next) {
		const struct object *object;

		if (!addr->owner_dirty)
			continue;
		object = cluster_find_pod_by_addr(cluster, &addr->addr);
		addr->pod = object
				? policy_pod_find(policy, object->namespace, object->name)
				: NULL;
		addr->owner_dirty = false;
	}
}

int policy_digest(struct policy *policy, const struct cluster *cluster)
{
	int r = 0;

	policy->has_begun = true;
	if (!policy->has_read)
		r = read_all(policy, cluster);
	if (r == 0)
		r = read_changes(policy, cluster);
	if (r < 0)
		return r;
	find_owners(policy, cluster);
	return read_named_ports(policy);
}

void policy_digest_close(struct policy *policy)
{
	struct policy_namespace *namespace;
	struct policy_pod *pod;
	uint32_t cursor = 0;

	for (uint32_t i = 0; i < policy->change_count; i++) {
		free(policy->changes[i].namespace);
		free(policy->changes[i].name);
	}
	free(policy->changes);
	while ((namespace = policy_hash_next(&policy->namespaces, &cursor))) {
		for (uint32_t i = 0; i < namespace->policy_count; i++)
			free_record(policy, namespace->policies[i]);
	}
	cursor = 0;
	while ((pod = policy_hash_next(&policy->pods, &cursor))) {
		free(pod->addrs);
		free(pod);
	}
	policy_hash_clear(&policy->pods);
}
