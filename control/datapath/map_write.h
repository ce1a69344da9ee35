/* SPDX-License-Identifier: BSD-2-Clause */
/* Elements of maps written by system call, and what is said when the kernel refuses one. */
#ifndef DATAPATH_MAP_WRITE_H
#define DATAPATH_MAP_WRITE_H

#include "state.h"

/*
 * Update an element: who sees it sees all that this process has written before, in mapped
 * memory too. 0 or -errno.
 */
int map_publish(const struct datapath *datapath, enum map map, const void *key,
		const void *value);
/* The same of an array. */
int map_put(const struct datapath *datapath, enum map map, uint32_t index,
	    const void *value);
/* One sentence for a map without room (-ENOSPC, -EAGAIN), memory, or a system call. */
void complain_map(const struct datapath *datapath, struct complaints *complaints,
		  const struct about *about, enum map map, int error);

#endif
