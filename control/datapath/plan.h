/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The difference between a Service as wanted and as applied. Preparing validates
 * everything and writes all new records to places that nobody names yet; committing
 * switches frontends one by one and then lets go of the old; cancelling gives the new
 * places back.
 */
#ifndef DATAPATH_PLAN_H
#define DATAPATH_PLAN_H

#include "frontends.h"
#include "tables.h"

struct change {
	struct frontend *frontend;
	struct applied_port *port;
	const struct wanted_port *wanted;
	const struct wanted_frontend *spec;
	struct vip *vip;
	uint32_t *members; /* backends: the wanted ones in order, then departed ones */
	uint32_t member_count;
	uint32_t *remap; /* old position → new one */
	uint32_t *fresh; /* backends entered for this change */
	uint32_t fresh_count;
	bool same_members;	  /* the member range stays */
	bool fresh_members;	  /* record.member_base was taken for this change */
	struct slot_table *table; /* its use is counted */
	struct hg_service record;
	uint32_t service; /* new record; 0: the one in force stays */
};

struct port_change {
	struct applied_port *port;
	const struct wanted_port *wanted;
	struct cidr *ranges; /* owned copy of wanted->source_ranges */
	bool created;
};

struct plan {
	struct datapath *datapath;
	struct complaints *complaints;
	struct about about;		     /* the Service */
	const struct wanted_service *wanted; /* NULL: remove */
	struct applied_service *service;
	struct port_change *ports;
	size_t port_count;
	struct change *changes;
	size_t change_count;
	uint32_t new_entries; /* of hg_frontends */
};

int plan_prepare(struct plan *plan); /* 0, or -errno with a complaint */
/* Fill in the members of a change, entering backends that are new. 0 or -errno. */
int plan_members(struct plan *plan, struct change *change);
/* 0, or -errno with a complaint: what could not be switched keeps its old state. */
int plan_commit(struct plan *plan);
void plan_cancel(struct plan *plan);
void plan_clear(struct plan *plan); /* memory of the plan itself */

#endif
