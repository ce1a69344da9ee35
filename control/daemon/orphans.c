/* SPDX-License-Identifier: BSD-2-Clause */
/* EndpointSlices without their Service. */
#include "../compile/slices.h"
#include "controller_state.h"

#define ORPHANS_MS 2000U

void orphans_expect(struct controller *controller)
{
	controller->orphans_due_ms = uv_now(&controller->loop) + ORPHANS_MS;
}

/* While files arrive one by one, a slice before its Service is no mistake. */
void orphans_tell(struct controller *controller, uint64_t now_ms)
{
	struct complaints complaints = { 0 };

	if (!controller->orphans_due_ms || now_ms < controller->orphans_due_ms)
		return;
	controller->orphans_due_ms = 0;
	slices_complain_of_orphans(controller->cluster, &complaints);
	log_once_update(&controller->orphan_logged, &complaints);
	complaints_clear(&complaints);
}
