/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The maps of policy. The compiler (compile/policy.h) writes arrays in mapped memory and
 * asks for the rest: prefixes, the switch, and the certainty that no packet is
 * under way that has read an older state.
 */
#include "policy.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <bpf/bpf.h>
#include "../compile/policy.h"
#include "grace.h"
#include "map_write.h"

#define PLACES_PER_ELEMENT 4U

/* Which map, and where its memory is named. */
struct part {
	enum map map;
	size_t value_size;
	void **memory;
};

#define PARTS 8

struct policy_memory_maps {
	struct policy_tables tables;
	size_t bytes[PARTS];
};

static void list_parts(struct policy_memory_maps *policy, struct part ret[PARTS])
{
	struct policy_tables *tables = &policy->tables;
	const struct part parts[PARTS] = {
		{ MAP_POLICY_ROWS, sizeof(struct hg_policy_row), (void **)&tables->rows },
		{ MAP_POLICY_CELLS, sizeof(uint64_t), (void **)&tables->cells },
		{ MAP_POLICY_SETS, sizeof(struct hg_policy_set), (void **)&tables->sets },
		{ MAP_POLICY_PODS, sizeof(struct hg_policy_pod), (void **)&tables->pods },
		{ MAP_POLICY_V4, sizeof(uint64_t), (void **)&tables->v4 },
		{ MAP_POLICY_V4_BLOCKS, sizeof(uint64_t), (void **)&tables->v4_blocks },
		{ MAP_POLICY_PORTS, sizeof(uint64_t), (void **)&tables->ports },
		{ MAP_POLICY_COUNTERS, sizeof(struct hg_policy_counter),
		  (void **)&tables->counters },
	};

	memcpy(ret, parts, sizeof(parts));
}

/* ---- what the compiler asks for ---- */
static struct hg_range_key prefix_key(unsigned bank, const struct cidr *prefix)
{
	return (struct hg_range_key){ .prefixlen = 32 + prefix->bits,
				      .set = (HG_FORCE __u32)be32(bank),
				      .addr = prefix->addr };
}

static int put_prefix(void *context, unsigned bank, const struct cidr *prefix,
		      uint32_t class)
{
	const struct datapath *datapath = context;
	struct hg_range_key key = prefix_key(bank, prefix);

	return map_publish(datapath, MAP_POLICY_V6, &key, &class);
}

static int drop_prefix(void *context, unsigned bank, const struct cidr *prefix)
{
	const struct datapath *datapath = context;
	struct hg_range_key key = prefix_key(bank, prefix);
	int r = bpf_map_delete_elem(datapath->fds[MAP_POLICY_V6], &key);

	return r == -ENOENT ? 0 : r;
}

static uint32_t find_prefix(void *context, unsigned bank, const struct hg_addr *addr)
{
	const struct datapath *datapath = context;
	const struct cidr whole = { .addr = *addr, .bits = 128 };
	struct hg_range_key key = prefix_key(bank, &whole);
	uint32_t class;
	int r = bpf_map_lookup_elem(datapath->fds[MAP_POLICY_V6], &key, &class);

	return r < 0 ? 0 : class;
}

static int each_prefix(void *context, unsigned bank,
		       int (*visit)(void *visitor, const struct cidr *prefix),
		       void *visitor)
{
	const struct datapath *datapath = context;
	int fd = datapath->fds[MAP_POLICY_V6], r;
	struct hg_range_key key, *before = NULL;

	while (bpf_map_get_next_key(fd, before, &key) == 0) {
		struct cidr prefix = { .addr = key.addr, .bits = key.prefixlen - 32 };

		before = &key;
		if (key.set != (HG_FORCE __u32)be32(bank))
			continue;
		r = visit(visitor, &prefix);
		if (r)
			return r;
	}
	return 0;
}

/* All that was written before is seen by whoever sees this. */
static void switch_to(void *context, uint32_t state)
{
	struct datapath *datapath = context;

	__atomic_store_n(&datapath->state->policy, state, __ATOMIC_RELEASE);
}

void datapath_wait_for_readers(void)
{
	grace_wait();
}

static void wait_for_readers(void *context)
{
	(void)context;
	grace_wait();
}

/* ---- life ---- */
static int map_parts(const struct datapath *datapath, struct policy_memory_maps *policy)
{
	struct part parts[PARTS];

	list_parts(policy, parts);
	for (size_t i = 0; i < PARTS; i++) {
		size_t bytes = datapath->entries[parts[i].map] * parts[i].value_size;
		void *memory;

		bytes = (bytes + WINDOW_PAGE - 1) & ~(WINDOW_PAGE - 1);
		memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			      datapath->fds[parts[i].map], 0);
		if (memory == MAP_FAILED)
			return -errno;
		*parts[i].memory = memory;
		policy->bytes[i] = bytes;
	}
	return 0;
}

static void unmap_parts(struct policy_memory_maps *policy)
{
	struct part parts[PARTS];

	list_parts(policy, parts);
	for (size_t i = 0; i < PARTS; i++) {
		if (*parts[i].memory)
			munmap(*parts[i].memory, policy->bytes[i]);
	}
}

void policy_maps_close(struct datapath *datapath)
{
	if (datapath->policy)
		unmap_parts(datapath->policy);
	free(datapath->policy);
	datapath->policy = NULL;
}

static void describe(struct datapath *datapath, struct policy_tables *tables)
{
	const uint32_t *entries = datapath->entries;

	tables->row_count = entries[MAP_POLICY_ROWS];
	tables->cell_count = entries[MAP_POLICY_CELLS] * PLACES_PER_ELEMENT;
	tables->set_count = entries[MAP_POLICY_SETS];
	tables->pod_count = entries[MAP_POLICY_PODS];
	tables->pod_seed = datapath->config.seed;
	tables->block_count =
	    entries[MAP_POLICY_V4_BLOCKS] / (HG_POLICY_BLOCK_SIZE / PLACES_PER_ELEMENT);
	tables->counter_count = entries[MAP_POLICY_COUNTERS];
	tables->context = datapath;
	tables->put_prefix = put_prefix;
	tables->drop_prefix = drop_prefix;
	tables->find_prefix = find_prefix;
	tables->each_prefix = each_prefix;
	tables->switch_to = switch_to;
	tables->wait_for_readers = wait_for_readers;
}

static int open_maps(struct datapath *datapath)
{
	int r;

	datapath->policy = calloc(1, sizeof(*datapath->policy));
	if (!datapath->policy)
		return -ENOMEM;
	r = map_parts(datapath, datapath->policy);
	if (r < 0)
		policy_maps_close(datapath);
	else
		describe(datapath, &datapath->policy->tables);
	return r;
}

int datapath_policy_tables(struct datapath *datapath, struct complaints *complaints,
			   struct policy_tables *ret_tables)
{
	int r = datapath->policy ? 0 : open_maps(datapath);

	if (r < 0) {
		complain(
		    complaints, COMPLAINT_ERROR, NULL, NULL,
		    "the maps of NetworkPolicy cannot be mapped into memory: %s; what "
		    "is in force stays: free memory, it is tried again",
		    strerror(-r));
		return r;
	}
	*ret_tables = datapath->policy->tables;
	ret_tables->state = datapath->state->policy;
	return 0;
}

uint32_t datapath_policy_state(const struct datapath *datapath)
{
	return datapath->state->policy;
}
