/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes have changed: backends and flows look their ways up again. */
#include "routes.h"
#include "backends.h"
#include "map_write.h"
#include "plan.h"
#include "state.h"

static void begin_epoch(struct datapath *datapath)
{
	datapath->route_waits = datapath->route_changes >= ROUTE_CHANGES;
	if (datapath->route_waits)
		return;
	datapath->route_changes++;
	__atomic_fetch_add(&datapath->state->route_epoch, 1, __ATOMIC_RELEASE);
}

void routes_pass(struct datapath *datapath)
{
	datapath->route_changes = 0;
	if (datapath->route_waits)
		begin_epoch(datapath);
}

int datapath_reroute(struct datapath *datapath, struct complaints *complaints)
{
	int failed = 0;

	for (uint32_t index = 1; index < datapath->entries[MAP_BACKENDS]; index++) {
		const struct backend *backend = &datapath->backends[index];

		if (!(backend->flags & HG_BACKEND_LIVE))
			continue;
		int r = backend_resolve(datapath, index, complaints);
		failed = r < 0 ? r : failed;
	}
	int vips = vips_refresh(datapath);
	failed = vips < 0 ? vips : failed;
	/* After the backends: a flow that looks again finds the new ways. */
	begin_epoch(datapath);
	if (failed < 0)
		complain_map(datapath, complaints, NULL, MAP_BACKENDS, failed);
	return failed;
}
