/* SPDX-License-Identifier: BSD-2-Clause */
/* What a previous daemon left in the maps, read back. */
#ifndef DATAPATH_ADOPT_H
#define DATAPATH_ADOPT_H

#include "state.h"

/* Before anything else is written. What contradicts itself is taken out of force with a
 * warning. 0 or -errno. */
int adopt(struct datapath *datapath, struct complaints *complaints);
/* Free departed backends whose flows are gone or whose drain is over. 0 or -errno. */
int drain_step(struct datapath *datapath, uint64_t now_ns);

#endif
