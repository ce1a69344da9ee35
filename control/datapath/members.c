/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The members of a frontend: backends that stay keep their index, so that flows which
 * name it stay valid; those no longer wanted follow the wanted ones until their flows are
 * gone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/cleanup.h"
#include "backends.h"
#include "map_write.h"
#include "plan.h"

struct known {
	struct hg_addr addr;
	__be16 port;
	uint32_t position;
};

static int compare_known(const void *a, const void *b)
{
	const struct known *x = a, *y = b;
	int order = addr_compare(&x->addr, &y->addr);

	return order ? order : memcmp(&x->port, &y->port, sizeof(x->port));
}

/* Old members by address and port. Holes are left out. */
static size_t sort_known(const struct datapath *datapath, const struct frontend *frontend,
			 struct known *known)
{
	size_t count = 0;

	for (uint32_t i = 0; i < frontend->member_count; i++) {
		const struct endpoint *endpoint =
		    backend_endpoint(datapath, &datapath->backends[frontend->members[i]]);

		if (frontend->members[i])
			known[count++] =
			    (struct known){ endpoint->addr, endpoint->port, i };
	}
	if (count)
		qsort(known, count, sizeof(*known), compare_known);
	return count;
}

static uint8_t flags_of(const struct wanted_port *port,
			const struct wanted_backend *backend)
{
	uint8_t flags = port->forwarding == FORWARD_NAT ? HG_BACKEND_NAT : 0;

	if (backend->state == BACKEND_DOWN)
		flags |= HG_BACKEND_MOVE_UDP;
	return flags;
}

static int enter(struct plan *plan, struct change *change,
		 const struct wanted_backend *wanted, uint32_t *ret_index)
{
	struct backend_spec spec = {
		.frontend = change->frontend,
		.endpoint = { .addr = wanted->addr,
			      .port = be16(wanted->port),
			      .protocol = change->frontend->key.protocol },
		.flags = flags_of(change->wanted, wanted),
		.service = change->port->id,
	};
	int r = backend_enter(plan->datapath, &spec, plan->complaints, ret_index);

	if (r < 0) {
		complain_map(plan->datapath, plan->complaints, &plan->about, MAP_BACKENDS,
			     r);
		return r;
	}
	change->fresh[change->fresh_count++] = *ret_index;
	return 0;
}

static int place_wanted(struct plan *plan, struct change *change,
			const struct known *known, size_t known_count)
{
	const struct wanted_port *wanted = change->wanted;

	for (uint32_t i = 0; i < wanted->backend_count; i++) {
		const struct wanted_backend *backend = &wanted->backends[i];
		struct known key = { .addr = backend->addr, .port = be16(backend->port) };
		const struct known *found = NULL;

		if (known_count)
			found =
			    bsearch(&key, known, known_count, sizeof(key), compare_known);
		change->member_count = i + 1;
		if (found) {
			change->members[i] = change->frontend->members[found->position];
			change->remap[found->position] = i;
			continue;
		}
		int r = enter(plan, change, backend, &change->members[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The range in force may stay when it begins with the wanted backends: what follows has
 * departed, or departs now. */
static bool begins_equal(const struct change *change)
{
	const struct frontend *frontend = change->frontend;
	uint32_t count = change->member_count;

	return frontend->service && frontend->member_count >= count &&
	       (!count || !memcmp(change->members, frontend->members,
				  count * sizeof(*frontend->members)));
}

static void keep_range(struct change *change)
{
	const struct frontend *frontend = change->frontend;

	change->same_members = true;
	change->member_count = frontend->member_count;
	for (uint32_t i = 0; i < frontend->member_count; i++) {
		change->members[i] = frontend->members[i];
		change->remap[i] = frontend->members[i] ? i : POSITION_NONE;
	}
}

static void append_departed(struct change *change)
{
	const struct frontend *frontend = change->frontend;

	for (uint32_t i = 0; i < frontend->member_count; i++) {
		if (!frontend->members[i] || change->remap[i] != POSITION_NONE)
			continue;
		change->remap[i] = change->member_count;
		change->members[change->member_count++] = frontend->members[i];
	}
}

int plan_members(struct plan *plan, struct change *change)
{
	const struct frontend *frontend = change->frontend;
	size_t wanted = change->wanted->backend_count;
	size_t all = wanted + frontend->member_count;

	if (all > UINT16_MAX) {
		struct about about = plan->about;

		about.cause = CAUSE_NO_ROOM;
		complain(plan->complaints, COMPLAINT_ERROR, NULL, &about,
			 "port %s has %zu backends, those departing included: a table "
			 "names at most %u, split the Service",
			 change->wanted->key, all, UINT16_MAX);
		return -E2BIG;
	}
	_cleanup_free_ struct known *known = calloc(all + 1, sizeof(*known));
	change->members = calloc(all ?: 1, sizeof(*change->members));
	change->remap = calloc(all + 1, sizeof(*change->remap));
	change->fresh = calloc(wanted + 1, sizeof(*change->fresh));
	if (!known || !change->members || !change->remap || !change->fresh)
		return -ENOMEM;
	for (size_t i = 0; i <= all; i++)
		change->remap[i] = POSITION_NONE;
	size_t known_count = sort_known(plan->datapath, frontend, known);
	int r = place_wanted(plan, change, known, known_count);
	if (r < 0)
		return r;
	if (begins_equal(change))
		keep_range(change);
	else
		append_departed(change);
	return 0;
}
