/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slot ranges. A table whose slots all have previous = current is shared by its
 * table_hash; one that remembers previous owners belongs to one frontend until it
 * settles. Positions are those of the member range of whoever uses the table; a table is
 * as wide as the largest that it named when it was written.
 */
#ifndef DATAPATH_TABLES_H
#define DATAPATH_TABLES_H

#include "state.h"

#define POSITION_NONE UINT32_MAX

struct table_change {
	const struct wanted_port *wanted;
	struct slot_table *old; /* NULL: the frontend has none in force */
	const uint32_t *remap;	/* old position → new one, or POSITION_NONE */
	uint32_t old_members;
	bool same_members;
};

/*
 * The table of a frontend, its use counted; written, but named by nobody yet when it is
 * new. *ret_table is NULL when no slot is wanted. 0, or -ENOSPC, -EAGAIN, -ENOMEM, -errno.
 */
int table_get(struct datapath *datapath, const struct table_change *change,
	      struct slot_table **ret_table);
void table_put(struct datapath *datapath, struct slot_table *table);
/* The table of a record found in force, use counted. 0 or -errno: it cannot be ours. */
int table_adopt(struct datapath *datapath, const struct hg_service *record,
		struct slot_table **ret_table);
/* All are adopted: they are no longer found by where they lie. */
void tables_adopted(struct datapath *datapath);
/* Forget previous owners of tables that have been as they are for long enough. */
int tables_settle(struct datapath *datapath, uint64_t now_ns);

#endif
