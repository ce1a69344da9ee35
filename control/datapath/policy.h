/* SPDX-License-Identifier: BSD-2-Clause */
/* The maps of policy in memory; the rest of datapath/ only closes them. */
#ifndef DATAPATH_POLICY_H
#define DATAPATH_POLICY_H

#include "state.h"

void policy_maps_close(struct datapath *datapath);

#endif
