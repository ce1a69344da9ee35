/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forwarding entries of bridges: behind which port lies a MAC? An entry ages in the
 * bridge when its pod is silent; the neighbours that we keep fresh make their pods speak,
 * so those that matter stay.
 */
#ifndef NETLINK_FDB_H
#define NETLINK_FDB_H

#include <libmnl/libmnl.h>
#include "hash.h"

/* A flood of forged source MACs may fill a bridge's table; ours ends here. */
#define FDB_MAX 65536U

struct fdb_key {
	uint32_t bridge;
	uint8_t mac[6];
	uint16_t vlan;
};

struct fdb_entry {
	struct fdb_key key;
	uint32_t port; /* ifindex */
	UT_hash_handle hh;
};

#define FDB_VLANS 4096U

struct fdb {
	struct fdb_entry *by_key;
	uint64_t vlans[FDB_VLANS / 64]; /* that occurred; 0: untagged */
};

void fdb_clear(struct fdb *fdb);
/* Read an RTM_NEWNEIGH or RTM_DELNEIGH of family AF_BRIDGE. 1: an entry; 0: not one of a
 * bridge, or the bridge's own; -EBADMSG. */
int fdb_read(const struct nlmsghdr *message, struct fdb_entry *ret_entry);
/* 1: changed, 0: not; -ENOMEM, -ENOSPC. */
int fdb_set(struct fdb *fdb, const struct fdb_entry *entry);
int fdb_remove(struct fdb *fdb, const struct fdb_entry *entry);
/* The port behind which the bridge saw the MAC in any VLAN, untagged first; 0: none. */
uint32_t fdb_find(const struct fdb *fdb, uint32_t bridge, const uint8_t mac[6]);

#endif
