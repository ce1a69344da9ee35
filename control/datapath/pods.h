/* SPDX-License-Identifier: BSD-2-Clause */
/* Pods behind interfaces; the rest of datapath/ only closes them. */
#ifndef DATAPATH_PODS_H
#define DATAPATH_PODS_H

#include "state.h"

void pod_lines_close(struct datapath *datapath);

#endif
