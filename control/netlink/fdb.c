/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forwarding entries of bridges, as the neighbour family AF_BRIDGE tells of them. An
 * entry is the bridge's when it names its master; NTF_SELF ones are a device's own
 * filter, NUD_PERMANENT ones are the addresses of the bridge and its ports themselves. A
 * bridge that filters by VLAN has one entry per VLAN.
 */
#include "fdb.h"
#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>
#include "attribute.h"

void fdb_clear(struct fdb *fdb)
{
	struct fdb_entry *entry, *next;

	HASH_ITER (hh, fdb->by_key, entry, next) {
		HASH_DEL(fdb->by_key, entry);
		free(entry);
	}
}

int fdb_read(const struct nlmsghdr *message, struct fdb_entry *ret_entry)
{
	const struct nlattr *at[NDA_MASTER + 1];
	const struct ndmsg *header = mnl_nlmsg_get_payload(message);
	struct fdb_entry entry = { 0 };
	int r;

	r = attributes_read(message, sizeof(*header), at, NDA_MASTER + 1);
	if (r < 0)
		return r;
	if (header->ndm_state & NUD_PERMANENT || header->ndm_flags & NTF_SELF)
		return 0;
	if (header->ndm_ifindex <= 0 ||
	    !attribute_u32(at[NDA_MASTER], &entry.key.bridge) ||
	    !attribute_mac(at[NDA_LLADDR], entry.key.mac))
		return 0;
	if (at[NDA_VLAN] && mnl_attr_get_payload_len(at[NDA_VLAN]) == sizeof(uint16_t))
		entry.key.vlan = mnl_attr_get_u16(at[NDA_VLAN]) % FDB_VLANS;
	entry.port = (uint32_t)header->ndm_ifindex;
	*ret_entry = entry;
	return 1;
}

int fdb_set(struct fdb *fdb, const struct fdb_entry *entry)
{
	struct fdb_entry *known;
	bool changed;

	HASH_FIND(hh, fdb->by_key, &entry->key, sizeof(entry->key), known);
	if (known) {
		changed = known->port != entry->port;
		known->port = entry->port;
		return changed;
	}
	if (HASH_COUNT(fdb->by_key) >= FDB_MAX)
		return -ENOSPC;
	known = malloc(sizeof(*known));
	if (!known)
		return -ENOMEM;
	*known = *entry;
	HASH_ADD(hh, fdb->by_key, key, sizeof(known->key), known);
	if (!known->hh.tbl) {
		free(known);
		return -ENOMEM;
	}
	fdb->vlans[entry->key.vlan / 64] |= 1ULL << (entry->key.vlan % 64);
	return 1;
}

int fdb_remove(struct fdb *fdb, const struct fdb_entry *entry)
{
	struct fdb_entry *known;

	HASH_FIND(hh, fdb->by_key, &entry->key, sizeof(entry->key), known);
	if (!known || known->port != entry->port)
		return 0;
	HASH_DEL(fdb->by_key, known);
	free(known);
	return 1;
}

static const struct fdb_entry *find_entry(const struct fdb *fdb,
					  const struct fdb_key *key)
{
	struct fdb_entry *entry;

	HASH_FIND(hh, fdb->by_key, key, sizeof(*key), entry);
	return entry;
}

uint32_t fdb_find(const struct fdb *fdb, uint32_t bridge, const uint8_t mac[6])
{
	struct fdb_key key = { .bridge = bridge };
	const struct fdb_entry *entry;

	for (unsigned i = 0; i < sizeof(key.mac); i++)
		key.mac[i] = mac[i];
	for (unsigned vlan = 0; vlan < FDB_VLANS; vlan++) {
		if (!(fdb->vlans[vlan / 64] & 1ULL << (vlan % 64)))
			continue;
		key.vlan = (uint16_t)vlan;
		entry = find_entry(fdb, &key);
		if (entry)
			return entry->port;
	}
	return 0;
}
