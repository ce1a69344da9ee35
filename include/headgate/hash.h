/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The one hash of the datapath: MurmurHash64A (Austin Appleby, public domain) over 64-bit
 * words, the same in BPF and in user space, so that user space predicts exactly what the
 * datapath picks. All balancers that share a seed place a flow in the same slot.
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

/* Where an address lies in hg_ours (low 16 bits), hg_locals (low 8 bits) and
 * hg_policy_pods. Unseeded. */
static inline __u32 hg_hash_addr(const struct hg_addr *addr)
{
	__u64 hash = hg_hash_word(16, addr->halves[0]);

	return (__u32)(hg_hash_end(hg_hash_word(hash, addr->halves[1])) >> 16);
}

/* The first line of an address in hg_policy_pods. */
static inline __u32 hg_policy_home(const struct hg_addr *addr, __u32 mask)
{
	return 1 + (hg_hash_addr(addr) & mask);
}

/*
 * A flow's hash: home lines in both tables (low bits), lock (low bits), slot of the
 * service's table (high 32 bits, see hg_slot_of). A SNAT reply key (snat != 0) leaves its
 * dst out: that is the client's address, which a reply packet does not carry.
 */
static inline __u64 hg_hash_flow(const struct hg_flow_key *key, __u64 seed)
{
	__u64 hash = seed ^ (40 * HG_MURMUR_M);
	__u64 tail =
	    (__u64)key->ports | ((__u64)key->protocol << 32) | ((__u64)key->snat << 40);

	hash = hg_hash_word(hash, key->src.halves[0]);
	hash = hg_hash_word(hash, key->src.halves[1]);
	if (!key->snat) {
		hash = hg_hash_word(hash, key->dst.halves[0]);
		hash = hg_hash_word(hash, key->dst.halves[1]);
	}
	return hg_hash_end(hg_hash_word(hash, tail));
}

/* Slot of a table of count slots: the high half scaled, no division. */
static inline __u32 hg_slot_of(__u64 hash, __u32 count)
{
	return (__u32)(((hash >> 32) * count) >> 32);
}

#endif
