/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hg_ranges: sources that may use a Service, and (set 0) what is inside the cluster. New
 * ranges are added before anything asks for them and old ones deleted after.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include "../lib/cleanup.h"
#include "frontends.h"
#include "map_write.h"

static struct hg_range_key range_key(uint32_t set, const struct cidr *cidr)
{
	return (struct hg_range_key){ .prefixlen = 32U + cidr->bits,
				      .set = (HG_FORCE __u32)be32(set),
				      .addr = cidr->addr };
}

static bool is_equal(const struct cidr *a, const struct cidr *b)
{
	return a->bits == b->bits && !addr_compare(&a->addr, &b->addr);
}

static bool list_has(const struct cidr_list *list, const struct cidr *cidr)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_equal(&list->items[i], cidr))
			return true;
	return false;
}

int source_ranges_copy(const struct cidr_list *from, struct cidr **ret_copy)
{
	struct cidr *copy = NULL;

	if (from->count) {
		copy = calloc(from->count, sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		memcpy(copy, from->items, from->count * sizeof(*copy));
	}
	*ret_copy = copy;
	return 0;
}

int source_ranges_add(struct datapath *datapath, uint32_t set, const struct cidr *cidrs,
		      size_t count)
{
	uint32_t one = 1;

	for (size_t i = 0; i < count; i++) {
		struct hg_range_key key = range_key(set, &cidrs[i]);
		int r = map_publish(datapath, MAP_RANGES, &key, &one);
		if (r < 0)
			return r;
	}
	return 0;
}

int source_ranges_delete(struct datapath *datapath, uint32_t set,
			 const struct cidr_list *from, const struct cidr_list *but)
{
	int failed = 0;

	for (size_t i = 0; i < from->count; i++) {
		if (list_has(but, &from->items[i]))
			continue;
		struct hg_range_key key = range_key(set, &from->items[i]);
		int r = bpf_map_delete_elem(datapath->fds[MAP_RANGES], &key);
		if (r < 0 && r != -ENOENT)
			failed = r;
	}
	return failed;
}

static bool is_wanted(const struct datapath *datapath, const struct hg_range_key *key)
{
	struct cidr cidr = { .addr = key->addr,
			     .bits = (unsigned char)(key->prefixlen - 32) };
	uint32_t set = host32((HG_FORCE __be32)key->set);
	const struct applied_port *port;

	if (!set) {
		struct cidr_list given = { datapath->cluster_cidrs,
					   datapath->cluster_cidr_count };
		struct cidr_list inside = { datapath->inside, datapath->inside_count };

		return list_has(&given, &cidr) || list_has(&inside, &cidr);
	}
	if (set >= datapath->ids.size || !datapath->id_holders[set].port)
		return false;
	port = datapath->id_holders[set].port;
	struct cidr_list list = { port->ranges, port->range_count };
	return list_has(&list, &cidr);
}

/* Keys are collected first: a deletion while walking a trie starts the walk anew. */
static int collect(struct datapath *datapath, struct hg_range_key **ret_keys,
		   size_t *ret_count)
{
	size_t limit = datapath->entries[MAP_RANGES], count = 0;
	_cleanup_free_ struct hg_range_key *keys = calloc(limit, sizeof(*keys));
	struct hg_range_key *last = NULL;

	if (!keys)
		return -ENOMEM;
	while (count < limit &&
	       bpf_map_get_next_key(datapath->fds[MAP_RANGES], last, &keys[count]) == 0)
		last = &keys[count++];
	*ret_keys = TAKE_PTR(keys);
	*ret_count = count;
	return 0;
}

int source_ranges_settle(struct datapath *datapath)
{
	_cleanup_free_ struct hg_range_key *keys = NULL;
	size_t count = 0;
	int r = collect(datapath, &keys, &count);

	for (size_t i = 0; r == 0 && i < count; i++)
		if (!is_wanted(datapath, &keys[i]))
			r = bpf_map_delete_elem(datapath->fds[MAP_RANGES], &keys[i]);
	return r;
}

int datapath_set_inside(struct datapath *datapath, const struct cidr_list *cidrs)
{
	struct cidr_list old = { datapath->inside, datapath->inside_count };
	struct cidr_list given = { datapath->cluster_cidrs,
				   datapath->cluster_cidr_count };
	struct cidr *copy = NULL;
	int r = source_ranges_copy(cidrs, &copy);

	if (r < 0)
		return r;
	r = source_ranges_add(datapath, 0, copy, cidrs->count);
	if (r < 0) {
		free(copy);
		return r;
	}
	datapath->inside = copy;
	datapath->inside_count = cidrs->count;
	r = source_ranges_delete(datapath, 0, &old, cidrs);
	free(old.items);
	/* A node's address may also be one of the ranges given. */
	int kept = source_ranges_add(datapath, 0, given.items, given.count);
	return r < 0 ? r : kept;
}
