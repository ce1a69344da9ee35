/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * backend: which endpoint a new flow gets. The client's affinity if the Service asks for
 * it, else the slot that the packet's hash names. Slots and members hold positions, so that
 * equal tables are shared.
 */
#ifndef XDP_BACKEND_H
#define XDP_BACKEND_H

#include <headgate/hash.h>
#include <headgate/slot.h>
#include "clock.h"
#include "maps.h"
#include "packet.h"

#define AFFINITY_MEMBERS 1024 /* searched when an endpoint has moved in its list */

/* Backend record by index and generation; NULL when the flow that remembers it has lost
 * it. */
static __always_inline struct hg_backend *backend_of(__u32 stamp)
{
	__u32 index = hg_backend_index(stamp);
	struct hg_backend *backend = bpf_map_lookup_elem(&hg_backends, &index);

	if (!backend || !(backend->flags & HG_BACKEND_LIVE))
		return 0;
	return backend->generation == stamp >> HG_BACKEND_BITS ? backend : 0;
}

static __always_inline struct hg_member *member_at(const struct hg_service *service,
						   __u32 place)
{
	__u32 index = service->member_base + place;

	if (place >= service->member_count)
		return 0;
	return bpf_map_lookup_elem(&hg_members, &index);
}

/* Global: verified once, and what it returns is a plain number to the verifier. */
__noinline __u64 slot_hash(const struct hg_flow_key *key)
{
	return key ? hg_hash_slot(key, hg_config.slot_seed) : 0;
}

/* Position that a slot names. previous: its owner before the last change of the table. */
static __always_inline int backend_by_slot(const struct packet *p,
					   const struct hg_service *service, int previous)
{
	__u32 slot = hg_slot_of(slot_hash(&p->key), service->slot_count);
	__u32 bits = hg_slot_bits(service->flags);
	__u32 index = service->slot_base + hg_slot_element(slot, bits);
	__u64 *element = bpf_map_lookup_elem(&hg_slots, &index);

	if (!element)
		return -HG_REASON_no_backend;
	return hg_slot_position(*element, slot, bits, previous);
}

/* Position of an endpoint among those that may take new flows: at the hint, or searched.
 */
__noinline int affinity_place(const struct hg_service *service, __u32 endpoint,
			      __u32 hint)
{
	struct hg_member *member;

	if (!service)
		return -1;
	member = hint < service->active_count ? member_at(service, hint) : 0;
	if (member && member->endpoint == endpoint)
		return (int)hint;
	for (__u32 i = 0; i < AFFINITY_MEMBERS; i++) {
		if (i >= service->active_count)
			break;
		member = member_at(service, i);
		if (member && member->endpoint == endpoint)
			return (int)i;
	}
	return -1;
}

/* sessionAffinity ClientIP: the endpoint that this client had, refreshed by each new
 * connection. */
static __noinline int backend_by_affinity(struct packet *p,
					  const struct hg_service *service)
{
	struct hg_affinity_key key = { .client = p->key.src, .service = service->id };
	struct hg_affinity *known = bpf_map_lookup_elem(&hg_affinity, &key);
	struct hg_affinity fresh = { .seen = p->now };
	struct hg_member *member;
	int place = -1;

	if (known && tick_age(p->now, known->seen) <= service->affinity_ticks)
		place = affinity_place(service, known->endpoint, known->place);
	if (place < 0)
		place = backend_by_slot(p, service, 0);
	if (place < 0)
		return place;
	member = member_at(service, (__u32)place);
	if (!member)
		return -HG_REASON_no_backend;
	fresh.endpoint = member->endpoint;
	fresh.place = (__u32)place;
	/* A full LRU evicts by itself; if it cannot, the next connection tries again. */
	bpf_map_update_elem(&hg_affinity, &key, &fresh, BPF_ANY);
	return place;
}

/* Index | generation of the backend for a new flow, or -reason as a negative number. */
static __always_inline __s64 backend_choose(struct packet *p,
					    const struct hg_service *service)
{
	struct hg_backend *backend;
	struct hg_member *member;
	__u32 index;
	int place;

	if (!service->slot_count)
		return service->flags & HG_SERVICE_NO_LOCAL ? -HG_REASON_no_local_backend
							    : -HG_REASON_no_backend;
	if (service->flags & HG_SERVICE_AFFINITY)
		place = backend_by_affinity(p, service);
	else
		place = backend_by_slot(p, service,
					!p->is_new && service->flags & HG_SERVICE_NAT);
	if (place < 0)
		return place;
	member = member_at(service, (__u32)place);
	if (!member)
		return -HG_REASON_table_changing;
	index = member->backend;
	backend = bpf_map_lookup_elem(&hg_backends, &index);
	if (!backend || !(backend->flags & HG_BACKEND_LIVE))
		return -HG_REASON_table_changing;
	return (__s64)(index | (__u32)backend->generation << HG_BACKEND_BITS);
}

#endif
