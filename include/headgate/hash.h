/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The one hash of the datapath: MurmurHash64A (Austin Appleby, public domain) over 64-bit
 * words, the same in BPF and in user space, so that user space predicts exactly what the
 * datapath picks.
 *
 * Two seeds. Slots have a public one (--hash-seed): all balancers that share it place a flow
 * in the same slot. Where a flow or a pod's address lies in a table of this machine is no
 * other's business: that seed is random, or whoever chooses ports or addresses could make
 * them share one window of lines and fill it.
 */
#ifndef HEADGATE_HASH_H
#define HEADGATE_HASH_H

#include <headgate/abi.h>

#define HG_MURMUR_M 0xc6a4a7935bd1e995ULL

static inline __u64 hg_hash_word(__u64 hash, __u64 word)
{
	word *= HG_MURMUR_M;
	word ^= word >> 47;
	word *= HG_MURMUR_M;
	return (hash ^ word) * HG_MURMUR_M;
}

static inline __u64 hg_hash_end(__u64 hash)
{
	hash ^= hash >> 47;
	hash *= HG_MURMUR_M;
	return hash ^ (hash >> 47);
}

/*
 * secret: 0, or mixed into each word. The seed alone would not do: two words whose differences
 * cancel each other collide in MurmurHash64A under every seed (Aumasson, Bernstein 2012).
 */
static inline __u64 hg_hash_addr_by(const struct hg_addr *addr, __u64 secret)
{
	__u64 hash = hg_hash_word(16 ^ secret, addr->halves[0] ^ secret);

	return hg_hash_end(hg_hash_word(hash, addr->halves[1] ^ secret)) >> 16;
}

/*
 * Where an address lies in hg_ours (low 16 bits) and hg_locals (low 8 bits). Without a seed:
 * both hold what the control process puts there, none of it chosen by who sends packets. An
 * address that shares a bit of hg_ours costs a few ns, and passes as it would have.
 */
static inline __u32 hg_hash_addr(const struct hg_addr *addr)
{
	return (__u32)hg_hash_addr_by(addr, 0);
}

/* The first line of an address in hg_policy_pods. Seeded: a tenant may choose his pods'
 * addresses, and one that finds no line has no policy of its own. */
static inline __u32 hg_policy_home(const struct hg_addr *addr, __u32 mask, __u64 seed)
{
	return 1 + ((__u32)hg_hash_addr_by(addr, seed) & mask);
}

static inline __u64 hg_hash_key(const struct hg_flow_key *key, __u64 seed, __u64 secret,
				__u8 snat)
{
	__u64 hash = seed ^ (40 * HG_MURMUR_M);
	__u64 tail =
	    (__u64)key->ports | ((__u64)key->protocol << 32) | ((__u64)snat << 40);

	hash = hg_hash_word(hash, key->src.halves[0] ^ secret);
	hash = hg_hash_word(hash, key->src.halves[1] ^ secret);
	if (!snat) {
		hash = hg_hash_word(hash, key->dst.halves[0] ^ secret);
		hash = hg_hash_word(hash, key->dst.halves[1] ^ secret);
	}
	return hg_hash_end(hg_hash_word(hash, tail ^ secret));
}

/*
 * A flow's place: home lines in both tables and lock (low bits), by hg_config.seed. A SNAT
 * reply key (snat != 0) leaves its dst out: that is the client's address, which a reply
 * packet does not carry.
 */
static inline __u64 hg_hash_flow(const struct hg_flow_key *key, __u64 seed)
{
	return hg_hash_key(key, seed, seed, key->snat);
}

/*
 * What hg_slot_of() takes, by hg_config.slot_seed. Of the packet alone: snat, an index of this
 * machine, is no part of it, so that another that holds the address too agrees.
 */
static inline __u64 hg_hash_slot(const struct hg_flow_key *key, __u64 slot_seed)
{
	return hg_hash_key(key, slot_seed, 0, 0);
}

/* Slot of a table of count slots: the high half scaled, no division. */
static inline __u32 hg_slot_of(__u64 hash, __u32 count)
{
	return (__u32)(((hash >> 32) * count) >> 32);
}

#endif
