/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uthash as this folder uses it: no memory is an error, not an exit. After HASH_ADD the
 * entry is in the table if and only if its hh.tbl is set.
 */
#ifndef NETLINK_HASH_H
#define NETLINK_HASH_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#endif
