/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's memory order, and whether programs were built for it (xdp/order.h). */
#ifndef DATAPATH_ORDER_H
#define DATAPATH_ORDER_H

#include <headgate/abi.h>

/*
 * Why programs with this configuration, as the compiler has left it, must not run on a
 * machine of this name (uname -m); NULL: they may.
 */
const char *order_refusal(const struct hg_config *built, const char *machine);

#endif
