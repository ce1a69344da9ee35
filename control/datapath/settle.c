/* SPDX-License-Identifier: BSD-2-Clause */
/* What nobody wants any more goes: after a restart, and when departed backends drained. */
#include <errno.h>
#include <string.h>
#include "addresses.h"
#include "adopt.h"
#include "backends.h"
#include "frontends.h"
#include "map_write.h"
#include "stats.h"

/* Departed backends looked at per tick. */
#define DRAIN_BATCH 256U

static int remove_unclaimed(struct datapath *datapath)
{
	struct frontend *frontend, *next;
	int failed = 0;

	HASH_ITER (hh, datapath->frontends, frontend, next) {
		bool claimed = frontend->claimed;

		frontend->claimed = false;
		if (!frontend->service || frontend->port || claimed)
			continue;
		int r = frontend_remove(datapath, frontend, -1);
		failed = r < 0 ? r : failed;
	}
	return failed;
}

static int remove_unused_vips(struct datapath *datapath)
{
	struct vip *vip, *next;
	int failed = 0;

	HASH_ITER (hh, datapath->vips, vip, next) {
		if (vip->users)
			continue;
		int r = vip_count(datapath, vip, 0, 0, 0);
		failed = r < 0 ? r : failed;
	}
	return failed;
}

int datapath_settle(struct datapath *datapath, struct complaints *complaints)
{
	bool adopted = !datapath->settled;
	int r = remove_unclaimed(datapath);

	datapath->settled = true;
	if (r < 0)
		complain_map(datapath, complaints, NULL, MAP_FRONTENDS, r);
	int vips = remove_unused_vips(datapath);
	if (vips < 0)
		complain_map(datapath, complaints, NULL, MAP_FRONTENDS, vips);
	int ranges = source_ranges_settle(datapath);
	if (ranges < 0)
		complain_map(datapath, complaints, NULL, MAP_RANGES, ranges);
	int settled = addr_filter_settle(datapath);
	if (settled < 0)
		complain_map(datapath, complaints, NULL, MAP_OURS, settled);
	/* Adopted backends name no hop yet: the previous daemon counted hops its own way. */
	int routes = adopted ? datapath_reroute(datapath, complaints) : 0;
	r = r < 0 ? r : vips;
	r = r < 0 ? r : ranges;
	r = r < 0 ? r : settled;
	return r < 0 ? r : routes;
}

static bool is_drained(struct datapath *datapath, uint32_t index, uint64_t now_ns,
		       int *ret_error)
{
	const struct backend *backend = &datapath->backends[index];
	const struct departure *departure = &datapath->departures[index];
	uint64_t age_ns = now_ns - departure->since_ns;
	struct datapath_counters counters;

	if (departure->drain_s >= 0 &&
	    age_ns >= (uint64_t)departure->drain_s * 1000000000ULL)
		return true;
	/* With nat a slot's previous owner is asked about flows that are not known here. */
	uint64_t linger = backend->flags & HG_BACKEND_NAT ? SETTLE_NS : LINGER_NS;
	if (age_ns < linger)
		return false;
	*ret_error = stats_read(datapath, index, &counters);
	return *ret_error == 0 && !counters.active;
}

int drain_step(struct datapath *datapath, uint64_t now_ns)
{
	uint32_t count = datapath->departed_count;
	int failed = 0;

	for (uint32_t i = 0; i < DRAIN_BATCH && i < count; i++) {
		struct departure *departure = datapath->departed;
		uint32_t index = (uint32_t)(departure - datapath->departures);
		int r = 0;

		if (is_drained(datapath, index, now_ns, &r)) {
			r = frontend_release_backend(datapath, index);
		} else {
			DL_DELETE(datapath->departed, departure);
			DL_APPEND(datapath->departed, departure);
		}
		failed = r < 0 ? r : failed;
	}
	return failed;
}
