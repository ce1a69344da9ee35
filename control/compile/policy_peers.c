/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_peers.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "policy_classes.h"
#include "policy_terms.h"
#include "policy_who.h"

#define WORD_BITS 64U

/* ---- blocks ---- */
static int compare_cidrs(const struct cidr *a, const struct cidr *b)
{
	int order = addr_compare(&a->addr, &b->addr);

	return order ? order : a->bits - b->bits;
}

static int order_cidrs(const void *a, const void *b)
{
	return compare_cidrs(a, b);
}

static int order_blocks(const void *a, const void *b)
{
	return compare_cidrs(&((const struct policy_block *)a)->cidr,
			     &((const struct policy_block *)b)->cidr);
}

/* Sorted, without those that lie in another. Returns how many stay. */
static uint32_t merge_excepts(struct cidr *excepts, uint32_t count)
{
	uint32_t kept = 0;

	if (count)
		qsort(excepts, count, sizeof(*excepts), order_cidrs);
	for (uint32_t i = 0; i < count; i++) {
		if (kept && cidr_contains(&excepts[kept - 1], &excepts[i].addr))
			continue;
		excepts[kept++] = excepts[i];
	}
	return kept;
}

static void add_block(struct policy_peers *peers, const struct ip_block *from)
{
	struct policy_block *block = &peers->blocks[peers->block_count++];
	struct cidr *excepts = peers->excepts + peers->except_count;

	for (size_t i = 0; i < from->except.count; i++)
		excepts[i] = from->except.items[i];
	*block = (struct policy_block){
		.cidr = from->block,
		.except_base = peers->except_count,
		.except_count = merge_excepts(excepts, (uint32_t)from->except.count),
	};
	peers->except_count += block->except_count;
}

static int add_blocks(struct policy_peers *peers, const struct policy_spec_rule *rule)
{
	size_t blocks = 0, excepts = 0;

	for (size_t i = 0; i < rule->peer_count; i++) {
		const struct policy_peer *peer = &rule->peers[i];

		if (peer->has_pods || peer->has_namespaces)
			continue;
		blocks++;
		excepts += peer->block.except.count;
	}
	peers->blocks = calloc(blocks + 1, sizeof(*peers->blocks));
	peers->excepts = calloc(excepts + 1, sizeof(*peers->excepts));
	if (!peers->blocks || !peers->excepts)
		return -ENOMEM;
	for (size_t i = 0; i < rule->peer_count; i++) {
		const struct policy_peer *peer = &rule->peers[i];

		if (!peer->has_pods && !peer->has_namespaces)
			add_block(peers, &peer->block);
	}
	qsort(peers->blocks, blocks, sizeof(*peers->blocks), order_blocks);
	return 0;
}

/* ---- whos ---- */
static int add_who(struct policy *policy, struct policy_peers *peers,
		   const struct policy_who *wanted)
{
	struct policy_who *who = policy_who_take(policy, wanted);

	if (!who)
		return -ENOMEM;
	for (uint32_t i = 0; i < peers->who_count; i++) {
		if (peers->whos[i] == who) {
			policy_who_drop(policy, who);
			return 0;
		}
	}
	peers->whos[peers->who_count++] = who;
	return 0;
}

static int add_peer(struct policy *policy, struct policy_peers *peers,
		    struct policy_who who, const struct policy_peer *peer)
{
	if (peer->has_namespaces) {
		who.scope = NULL;
		who.namespaces = peer->namespaces;
	}
	if (peer->has_pods)
		who.pods = peer->pods;
	return add_who(policy, peers, &who);
}

static int add_block_with_port(struct policy *policy, struct policy_peers *peers,
			       struct policy_who who, const struct ip_block *block)
{
	struct cidr *excepts = calloc(block->except.count + 1, sizeof(*excepts));
	int r;

	if (!excepts)
		return -ENOMEM;
	for (size_t i = 0; i < block->except.count; i++)
		excepts[i] = block->except.items[i];
	who.scope = NULL;
	who.in_block = true;
	who.block = block->block;
	who.excepts = excepts;
	who.except_count = merge_excepts(excepts, (uint32_t)block->except.count);
	r = add_who(policy, peers, &who);
	free(excepts);
	return r;
}

static int add_whos(struct policy *policy, struct policy_peers *peers,
		    const struct policy_who *base, const struct policy_spec_rule *rule)
{
	struct policy_who anybody = *base;
	int r = 0;

	peers->whos = calloc(rule->peer_count + 1, sizeof(struct policy_who *));
	if (!peers->whos)
		return -ENOMEM;
	anybody.scope = NULL;
	if (!rule->peer_count)
		return add_who(policy, peers, &anybody);
	for (size_t i = 0; i < rule->peer_count && r == 0; i++) {
		const struct policy_peer *peer = &rule->peers[i];

		if (peer->has_pods || peer->has_namespaces)
			r = add_peer(policy, peers, *base, peer);
		else if (base->port_name)
			r = add_block_with_port(policy, peers, *base, &peer->block);
	}
	return r;
}

/* ---- interning ---- */
static bool is_same(const void *item, const void *key)
{
	const struct policy_peers *a = item, *b = key;

	if (a->who_count != b->who_count || a->block_count != b->block_count ||
	    a->except_count != b->except_count)
		return false;
	for (uint32_t i = 0; i < a->who_count; i++) {
		if (a->whos[i] != b->whos[i])
			return false;
	}
	for (uint32_t i = 0; i < a->block_count; i++) {
		const struct policy_block *x = &a->blocks[i], *y = &b->blocks[i];

		if (compare_cidrs(&x->cidr, &y->cidr) != 0 ||
		    x->except_count != y->except_count ||
		    x->except_base != y->except_base)
			return false;
	}
	for (uint32_t i = 0; i < a->except_count; i++) {
		if (compare_cidrs(&a->excepts[i], &b->excepts[i]) != 0)
			return false;
	}
	return true;
}

static uint32_t peers_hash(const struct policy_peers *peers)
{
	uint32_t hash = peers->who_count;

	for (uint32_t i = 0; i < peers->who_count; i++)
		hash = hash * 31 + peers->whos[i]->id;
	for (uint32_t i = 0; i < peers->block_count; i++)
		hash = policy_hash_bytes(hash + peers->blocks[i].cidr.bits,
					 &peers->blocks[i].cidr.addr,
					 sizeof(struct hg_addr));
	return hash;
}

static int order_whos(const void *a, const void *b)
{
	const struct policy_who *const *x = a, *const *y = b;

	return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

void policy_peers_free(struct policy *policy, struct policy_peers *peers)
{
	for (uint32_t i = 0; i < peers->who_count; i++)
		policy_who_drop(policy, peers->whos[i]);
	free(peers->whos);
	free(peers->blocks);
	free(peers->excepts);
	free(peers);
}

/* The one that is interned in place of this; *peers is freed if there is another. */
static int intern(struct policy *policy, struct policy_peers *peers,
		  struct policy_term **ret_term)
{
	struct policy_peers *known;

	qsort(peers->whos, peers->who_count, sizeof(struct policy_who *), order_whos);
	peers->term.hash = peers_hash(peers);
	known = policy_hash_find(&policy->terms[POLICY_PEERS], peers->term.hash, is_same,
				 peers);
	if (!known) {
		if (policy_hash_reserve(&policy->terms[POLICY_PEERS], 1) < 0)
			return -ENOMEM;
		policy_hash_add(&policy->terms[POLICY_PEERS], peers->term.hash, peers);
		known = peers;
	} else {
		policy_peers_free(policy, peers);
	}
	policy_term_hold(&known->term);
	*ret_term = &known->term;
	return 0;
}

int policy_peers_take(struct policy *policy, struct policy_namespace *namespace,
		      const struct policy_spec_rule *rule,
		      const struct policy_port_wish *wish, struct policy_term **ret_term)
{
	struct policy_who base = { .scope = namespace };
	struct policy_peers *peers;
	int r;

	if (!rule->peer_count && !wish->name) {
		*ret_term = NULL;
		return 0;
	}
	base.port_name = (char *)wish->name; /* read only: see policy_who_take() */
	base.protocol = wish->protocol;
	base.number = wish->number;
	peers = calloc(1, sizeof(*peers));
	if (!peers)
		return -ENOMEM;
	r = add_whos(policy, peers, &base, rule);
	if (r == 0 && !wish->name)
		r = add_blocks(peers, rule);
	if (r == 0)
		r = intern(policy, peers, ret_term);
	if (r < 0)
		policy_peers_free(policy, peers);
	return r;
}

/* ---- activity ---- */
int policy_peers_activate(struct policy *policy, struct policy_peers *peers)
{
	for (uint32_t i = 0; i < peers->who_count; i++) {
		if (policy_who_join(policy, peers->whos[i], peers) < 0)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < peers->who_count; i++)
		policy_who_touch(policy, peers->whos[i]);
	if (peers->block_count)
		policy->terms_changed[POLICY_PEERS] = true;
	return 0;
}

void policy_peers_retire(struct policy *policy, struct policy_peers *peers)
{
	for (uint32_t i = 0; i < peers->who_count; i++)
		policy_who_leave(policy, peers->whos[i], peers);
	if (peers->block_count)
		policy->terms_changed[POLICY_PEERS] = true;
}

/* ---- classes of addresses ---- */
static int reserve_ids(struct policy *policy)
{
	uint32_t ids = policy->active_capacity[POLICY_PEERS] + 1;

	if (policy_room(&policy->id_bits, &policy->id_words, ids / WORD_BITS + 1,
			sizeof(*policy->id_bits)) < 0)
		return -ENOMEM;
	return policy_room(&policy->ids, &policy->id_capacity, ids, sizeof(*policy->ids));
}

/* The bits as a sorted list; they are zero afterwards. */
static void list_ids(struct policy *policy)
{
	policy->id_count = 0;
	for (uint32_t i = 0; i < policy->id_words; i++) {
		uint64_t word = policy->id_bits[i];

		for (; word; word &= word - 1)
			policy->ids[policy->id_count++] =
			    i * WORD_BITS + (uint32_t)__builtin_ctzll(word);
		policy->id_bits[i] = 0;
	}
}

int policy_peers_class(struct policy *policy, const struct policy_addr *addr,
		       uint32_t *ret_class)
{
	struct policy_classes *classes = &policy->classes[POLICY_PEERS];
	const struct policy_class *region = classes->items[addr->region];

	if (reserve_ids(policy) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < region->count; i++) {
		uint32_t id = region->ids[i];

		policy->id_bits[id / WORD_BITS] |= 1ULL << (id % WORD_BITS);
	}
	policy_who_gather(policy, addr);
	list_ids(policy);
	return policy_classes_take(classes, policy->ids, policy->id_count, ret_class);
}
