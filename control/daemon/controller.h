/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's life: open everything in an order in which no program sees half of the state,
 * follow changes on one loop until a signal ends it, close and leave the datapath in
 * force.
 */
#ifndef HEADGATED_CONTROLLER_H
#define HEADGATED_CONTROLLER_H

#include "../config/options.h"

/* Run until SIGTERM or SIGINT. Exit code. */
int controller_run(const struct options *options);

#endif
