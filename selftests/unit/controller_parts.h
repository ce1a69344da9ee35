/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands around the controller in its tests, made up: it counts what it is asked to do
 * and may be told to fail. Defined here, in place of the library's.
 */
#ifndef UNIT_CONTROLLER_PARTS_H
#define UNIT_CONTROLLER_PARTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../control/daemon/controller_state.h"

/* ---- what was done to the made-up modules ---- */
static struct {
	unsigned applied, removed, checked, inside, scheduled, failed, judgements;
	unsigned attached_nics, attached_pods, detached, links, macs;
	uint32_t last_ifindex;
	size_t inside_count, above;
	int apply_error, attach_error, judge_error;
} seen;

int policies_judge(struct controller *controller, char *const *keys, size_t count)
{
	(void)controller;
	for (size_t i = 0; i < count; i++)
		assert_non_null(strchr(keys[i], '/'));
	seen.judgements += count > 0;
	return seen.judge_error;
}

int datapath_apply(struct datapath *datapath, const char *namespace, const char *name,
		   const struct wanted_service *wanted, struct complaints *complaints)
{
	(void)datapath;
	if (seen.apply_error) {
		const struct about about =
		    object_about_named(OBJECT_SERVICE, namespace, name, CAUSE_NO_ROOM);

		complain(complaints, COMPLAINT_ERROR, NULL, &about,
			 "no space in hg_slots");
		return seen.apply_error;
	}
	seen.applied++;
	seen.removed += !wanted;
	return 0;
}

int datapath_set_inside(struct datapath *datapath, const struct cidr_list *cidrs)
{
	(void)datapath;
	seen.inside++;
	seen.inside_count = cidrs->count;
	return 0;
}

int datapath_set_link(struct datapath *datapath, uint32_t ifindex,
		      const struct hg_link *link)
{
	(void)datapath;
	(void)ifindex;
	assert_true(link->flags == HG_LINK_NIC || link->flags == HG_LINK_POD);
	seen.links++;
	return 0;
}

int datapath_set_macs(struct datapath *datapath, uint32_t ifindex,
		      const uint8_t (*macs)[6], size_t count)
{
	(void)datapath;
	seen.macs += ifindex == 2 && count && macs[count - 1][0] == count;
	return 0;
}

size_t network_link_macs(const struct network *network, uint32_t ifindex,
			 uint8_t (*ret_macs)[6], size_t size)
{
	assert_true(!network && ifindex && seen.above < size);
	for (size_t i = 0; i <= seen.above; i++)
		ret_macs[i][0] = (uint8_t)(i + 1);
	return seen.above + 1;
}

int datapath_attach_nic(struct datapath *datapath, uint32_t ifindex, const char *name,
			struct complaints *complaints)
{
	(void)datapath;
	(void)complaints;
	assert_true(*name);
	seen.last_ifindex = ifindex;
	seen.attached_nics += !seen.attach_error;
	return seen.attach_error;
}

int datapath_attach_pod(struct datapath *datapath, uint32_t ifindex, const char *name,
			struct complaints *complaints)
{
	(void)datapath;
	(void)complaints;
	assert_true(*name);
	seen.last_ifindex = ifindex;
	seen.attached_pods += !seen.attach_error;
	return seen.attach_error;
}

int datapath_detach(struct datapath *datapath, uint32_t ifindex)
{
	(void)datapath;
	seen.last_ifindex = ifindex;
	seen.detached++;
	return 0;
}

int health_set_service(struct health *health, const char *namespace, const char *name,
		       const struct wanted_service *service)
{
	(void)health;
	(void)namespace;
	(void)name;
	(void)service;
	seen.checked++;
	return 0;
}

void controller_schedule(struct controller *controller)
{
	(void)controller;
	seen.scheduled++;
}

void controller_failed(struct controller *controller, struct retry *retry)
{
	(void)controller;
	seen.failed++;
	retry->failures++;
	retry->due_ms = 1000;
}

void controller_succeeded(struct retry *retry)
{
	*retry = (struct retry){ 0 };
}

#endif
