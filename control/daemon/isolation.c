/* SPDX-License-Identifier: BSD-2-Clause */
/* Whom the policies in force isolate, as the maps say. */
#include "controller_state.h"

static bool is_enforced(const struct policy_tables *tables, uint32_t set)
{
	return set && set < tables->set_count &&
	       tables->sets[set].flags & HG_POLICY_ENFORCED;
}

bool policies_isolate(const struct controller *controller, uint32_t place)
{
	const struct policy_tables *tables = &controller->policies.tables;
	uint32_t state = datapath_policy_state(controller->datapath);

	if (!tables->pods || !place || !(state & HG_POLICY_ON))
		return false;
	const struct hg_policy_view *view = &tables->pods[place].views[state & 1];

	return is_enforced(tables, view->ingress) || is_enforced(tables, view->egress);
}

size_t policies_count_held(const struct controller *controller)
{
	const struct policy_tables *tables = &controller->policies.tables;
	size_t count = 0;

	if (!controller->policies.held || !tables->pods)
		return 0;
	for (uint32_t place = 1; place < tables->pod_count; place++)
		count += tables->pods[place].taken && policies_isolate(controller, place);
	return count;
}
