/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_who.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "policy_addrs.h"
#include "policy_anchor.h"
#include "policy_namespace.h"
#include "policy_scope.h"
#include "policy_selector.h"

/* gcc's analyzer loses sight of what structures own; ASan looks for leaks in the tests. */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same(const void *item, const void *key)
{
	const struct policy_who *a = item, *b = key;

	return a->scope == b->scope && a->in_block == b->in_block &&
	       a->protocol == b->protocol && a->number == b->number &&
	       a->except_count == b->except_count &&
	       same_text(a->port_name, b->port_name) &&
	       policy_selector_equal(&a->namespaces, &b->namespaces) &&
	       policy_selector_equal(&a->pods, &b->pods) &&
	       (!a->in_block || (a->block.bits == b->block.bits &&
				 addr_compare(&a->block.addr, &b->block.addr) == 0 &&
				 (!a->except_count ||
				  memcmp(a->excepts, b->excepts,
					 a->except_count * sizeof(*a->excepts)) == 0)));
}

static uint32_t who_hash(const struct policy_who *who)
{
	uint32_t hash = who->scope ? who->scope->hash : 1;

	hash = policy_selector_hash(hash, &who->namespaces);
	hash = policy_selector_hash(hash + 1, &who->pods);
	if (who->port_name)
		hash = policy_hash_text(hash + who->number, who->port_name);
	if (who->in_block)
		hash = policy_hash_bytes(hash, &who->block.addr, sizeof(who->block.addr));
	return hash;
}

/* ---- life ---- */
static void free_who(struct policy_who *who)
{
	label_selector_clear(&who->namespaces);
	label_selector_clear(&who->pods);
	free(who->port_name);
	free(who->excepts);
	free(who->users);
	free(who);
}

static int copy_into(struct policy_who *who, const struct policy_who *from)
{
	*who = (struct policy_who){
		.refs = 1,
		.scope = from->scope,
		.protocol = from->protocol,
		.number = from->number,
		.block = from->block,
		.in_block = from->in_block,
		.except_count = from->except_count,
	};
	if (policy_selector_copy(&from->namespaces, &who->namespaces) < 0 ||
	    policy_selector_copy(&from->pods, &who->pods) < 0)
		return -ENOMEM;
	if (from->port_name && !(who->port_name = strdup(from->port_name)))
		return -ENOMEM;
	if (!from->except_count)
		return 0;
	who->excepts = calloc(from->except_count, sizeof(*who->excepts));
	if (!who->excepts)
		return -ENOMEM;
	memcpy(who->excepts, from->excepts, from->except_count * sizeof(*who->excepts));
	return 0;
}

/* A bit for one more who in every namespace. */
static int reserve_bits(struct policy *policy)
{
	uint32_t words = policy->who_words, cursor = 0;
	struct policy_namespace *namespace;

	if (policy->who_ids.used + 1 <= words * POLICY_SCOPE_BITS)
		return 0;
	words = words ? words * 2 : 4;
	while ((namespace = policy_hash_next(&policy->namespaces, &cursor))) {
		uint64_t *bits = reallocarray(namespace->whos, words, sizeof(*bits));

		if (!bits)
			return -ENOMEM;
		memset(bits + policy->who_words, 0,
		       (words - policy->who_words) * sizeof(*bits));
		namespace->whos = bits;
	}
	policy->who_words = words;
	return 0;
}

struct policy_who *policy_who_take(struct policy *policy, const struct policy_who *wanted)
{
	uint32_t hash = who_hash(wanted);
	struct policy_who *who = policy_hash_find(&policy->whos, hash, is_same, wanted);

	if (who) {
		who->refs++;
		return who;
	}
	if (policy_hash_reserve(&policy->whos, 1) < 0 || reserve_bits(policy) < 0)
		return NULL;
	who = calloc(1, sizeof(*who));
	if (!who)
		return NULL;
	if (copy_into(who, wanted) < 0 ||
	    policy_space_take(&policy->who_ids, 1, &who->id) < 0) {
		free_who(who);
		return NULL;
	}
	who->hash = hash;
	if (who->scope)
		who->scope->refs++;
	policy_hash_add(&policy->whos, hash, who);
	return who;
}

void policy_who_drop(struct policy *policy, struct policy_who *who)
{
	if (--who->refs)
		return;
	policy_hash_remove(&policy->whos, who->hash, who);
	policy_space_give(&policy->who_ids, who->id, 1);
	if (who->scope)
		policy_namespace_drop(policy, who->scope);
	free_who(who);
}

void policy_who_close(struct policy *policy)
{
	policy_hash_clear(&policy->whos);
	policy_space_close(&policy->who_ids);
	policy_anchors_close(policy);
}

/* ---- who is meant ---- */
static bool has_port(const struct policy_who *who, const struct pod *pod)
{
	for (size_t i = 0; i < pod->port_count; i++) {
		const struct container_port *port = &pod->ports[i];

		if (port->protocol == who->protocol && port->port == who->number &&
		    strcmp(port->name, who->port_name) == 0)
			return true;
	}
	return false;
}

static bool lies_in_block(const struct policy_who *who, const struct hg_addr *addr)
{
	if (addr_is_v4(addr) != addr_is_v4(&who->block.addr) ||
	    !cidr_contains(&who->block, addr))
		return false;
	for (uint32_t i = 0; i < who->except_count; i++) {
		if (cidr_contains(&who->excepts[i], addr))
			return false;
	}
	return true;
}

bool policy_who_matches(const struct policy_who *who, const struct policy_addr *addr)
{
	const struct object *object = addr->pod->object;

	return policy_selector_matches(&who->pods, object) &&
	       (!who->port_name || has_port(who, &object->pod)) &&
	       (!who->in_block || lies_in_block(who, &addr->addr));
}

/* ---- namespaces that match, as bits ---- */
static bool has_bit(const struct policy_namespace *namespace, uint32_t id)
{
	return namespace->whos[id / POLICY_SCOPE_BITS] >> (id % POLICY_SCOPE_BITS) & 1;
}

int policy_who_join(struct policy *policy, struct policy_who *who,
		    struct policy_peers *user)
{
	if (policy_room(&who->users, &who->user_capacity, who->user_count + 1,
			sizeof(struct policy_peers *)) < 0)
		return -ENOMEM;
	if (!who->user_count) {
		if (policy_anchors_add(policy, who) < 0)
			return -ENOMEM;
		policy_scope_mark(policy, who, true);
	}
	who->users[who->user_count++] = user;
	return 0;
}

void policy_who_leave(struct policy *policy, struct policy_who *who,
		      const struct policy_peers *user)
{
	uint32_t i = 0;

	while (i < who->user_count && who->users[i] != user)
		i++;
	if (i == who->user_count)
		return; /* joining was broken off */
	who->users[i] = who->users[--who->user_count];
	if (who->user_count)
		return;
	policy_anchors_remove(policy, who);
	policy_scope_mark(policy, who, false);
}

/* ---- from a pod to terms ---- */
static void gather_users(struct policy *policy, const struct policy_who *who)
{
	for (uint32_t i = 0; i < who->user_count; i++) {
		uint32_t id = who->users[i]->term.id;

		policy->id_bits[id / POLICY_SCOPE_BITS] |= 1ULL
							   << (id % POLICY_SCOPE_BITS);
	}
}

static void gather_from(struct policy *policy, const struct policy_addr *addr,
			struct policy_who *const *whos, uint32_t count)
{
	const struct policy_namespace *namespace = addr->pod->namespace;

	for (uint32_t i = 0; i < count; i++) {
		if (has_bit(namespace, whos[i]->id) && policy_who_matches(whos[i], addr))
			gather_users(policy, whos[i]);
	}
}

void policy_who_gather(struct policy *policy, const struct policy_addr *addr)
{
	const struct object *object = addr->pod->object;

	for (size_t i = 0; i < object->label_count; i++) {
		const struct policy_anchor *anchor =
		    policy_anchors_find(policy, &object->labels[i]);

		if (anchor)
			gather_from(policy, addr, anchor->whos, anchor->count);
	}
	gather_from(policy, addr, policy->loose, policy->loose_count);
}

static void touch_in(struct policy *policy, const struct policy_who *who,
		     const struct policy_namespace *namespace)
{
	for (const struct policy_pod *pod = namespace->pods; pod; pod = pod->next) {
		if (policy_selector_matches(&who->pods, pod->object))
			policy_addrs_touch_pod(policy, pod);
	}
}

void policy_who_touch(struct policy *policy, const struct policy_who *who)
{
	const struct policy_namespace *namespace;
	uint32_t cursor = 0;

	if (who->scope) {
		touch_in(policy, who, who->scope);
		return;
	}
	while ((namespace = policy_hash_next(&policy->namespaces, &cursor))) {
		if (has_bit(namespace, who->id))
			touch_in(policy, who, namespace);
	}
}
