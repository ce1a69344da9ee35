/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Route epochs: a flow's line remembers in which its way was found, by a byte. The sweeper passes
 * all lines of old ones along, so that none comes round: fewer than 256 may begin while it goes
 * from a line to the same line again. What is more waits for the end of its pass.
 */
#ifndef DATAPATH_ROUTES_H
#define DATAPATH_ROUTES_H

struct datapath;

/* Epochs that may begin in one pass. */
#define ROUTE_CHANGES 120U

/* A pass of the sweeper is over: so many may begin again. */
void routes_pass(struct datapath *datapath);

#endif
