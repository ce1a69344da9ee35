/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The maps of policy. The compiler (compile/policy.h) writes arrays in mapped memory and
 * asks for the rest: addresses, prefixes, the switch, and the certainty that no packet is
 * under way that has read an older state.
 */
#include "policy.h"
#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "../compile/policy.h"

#define PLACES_PER_ELEMENT 4U
/* A program run takes microseconds; a virtual CPU may be held that much longer. */
#define RUN_MOST_NS 20000000L

/* Which map, and where its memory is named. */
struct part {
	enum map map;
	size_t value_size;
	void **memory;
};

#define PARTS 9

struct policy_memory_maps {
	struct hg_policy_link *links;
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
		{ MAP_POLICY_LINKS, sizeof(struct hg_policy_link),
		  (void **)&policy->links },
		{ MAP_POLICY_V4, sizeof(uint64_t), (void **)&tables->v4 },
		{ MAP_POLICY_V4_BLOCKS, sizeof(uint64_t), (void **)&tables->v4_blocks },
		{ MAP_POLICY_PORTS, sizeof(uint64_t), (void **)&tables->ports },
		{ MAP_POLICY_COUNTERS, sizeof(struct hg_policy_counter),
		  (void **)&tables->counters },
	};

	memcpy(ret, parts, sizeof(parts));
}

/* ---- what the compiler asks for ---- */
static int put_addr(void *context, const struct hg_addr *addr, uint32_t pod)
{
	const struct datapath *datapath = context;

	return bpf_map_update_elem(datapath->fds[MAP_POLICY_ADDRS], addr, &pod, BPF_ANY);
}

static int drop_addr(void *context, const struct hg_addr *addr)
{
	const struct datapath *datapath = context;
	int r = bpf_map_delete_elem(datapath->fds[MAP_POLICY_ADDRS], addr);

	return r == -ENOENT ? 0 : r;
}

static struct hg_range_key prefix_key(unsigned bank, const struct cidr *prefix)
{
	return (struct hg_range_key){ .prefixlen = 32 + prefix->bits,
				      .set = (__u32)be32(bank),
				      .addr = prefix->addr };
}

static int put_prefix(void *context, unsigned bank, const struct cidr *prefix,
		      uint32_t class)
{
	const struct datapath *datapath = context;
	struct hg_range_key key = prefix_key(bank, prefix);

	return bpf_map_update_elem(datapath->fds[MAP_POLICY_V6], &key, &class, BPF_ANY);
}

static int drop_prefix(void *context, unsigned bank, const struct cidr *prefix)
{
	const struct datapath *datapath = context;
	struct hg_range_key key = prefix_key(bank, prefix);
	int r = bpf_map_delete_elem(datapath->fds[MAP_POLICY_V6], &key);

	return r == -ENOENT ? 0 : r;
}

static int each_addr(void *context,
		     int (*visit)(void *visitor, const struct hg_addr *addr,
				  uint32_t pod),
		     void *visitor)
{
	const struct datapath *datapath = context;
	int fd = datapath->fds[MAP_POLICY_ADDRS], r;
	struct hg_addr addr, *before = NULL;
	uint32_t pod;

	while (bpf_map_get_next_key(fd, before, &addr) == 0) {
		if (bpf_map_lookup_elem(fd, &addr, &pod) < 0)
			return -errno;
		r = visit(visitor, &addr, pod);
		if (r)
			return r;
		before = &addr;
	}
	return 0;
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
		if (key.set != (__u32)be32(bank))
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

/*
 * MEMBARRIER_CMD_GLOBAL waits for every CPU as synchronize_rcu() does (kernel/sched/
 * membarrier.c); programs run under its read side. Kernels with nohz_full refuse.
 */
static void wait_for_readers(void *context)
{
	const struct timespec longer = { .tv_nsec = RUN_MOST_NS };

	(void)context;
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0)
		nanosleep(&longer, NULL);
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
	tables->block_count =
	    entries[MAP_POLICY_V4_BLOCKS] / (HG_POLICY_BLOCK_SIZE / PLACES_PER_ELEMENT);
	tables->counter_count = entries[MAP_POLICY_COUNTERS];
	tables->context = datapath;
	tables->put_addr = put_addr;
	tables->drop_addr = drop_addr;
	tables->put_prefix = put_prefix;
	tables->drop_prefix = drop_prefix;
	tables->each_addr = each_addr;
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

/* The line within the window of `ifindex` that carries `wanted` (0: a free one), or NULL. */
static struct hg_policy_link *find_link(const struct policy_memory_maps *policy,
					uint32_t ifindex, uint32_t wanted)
{
	for (uint32_t i = 0; i < HG_POLICY_LINK_WINDOW; i++) {
		struct hg_policy_link *link =
		    &policy->links[(ifindex + i) & (HG_POLICY_LINKS - 1)];

		if (link->ifindex == wanted)
			return link;
	}
	return NULL;
}

/* A line is never changed: the interface is in one of its two lines at every instant. */
int datapath_set_pod(struct datapath *datapath, uint32_t ifindex,
		     const struct datapath_pod *pod)
{
	bool is_known = pod->places[0] || pod->places[1];
	int r = datapath->policy || !is_known ? 0 : open_maps(datapath);
	struct hg_policy_link *old, *fresh;

	if (r < 0 || !datapath->policy)
		return r;
	old = find_link(datapath->policy, ifindex, ifindex);
	if (old && !memcmp(old->addrs, pod->addrs, sizeof(old->addrs)) &&
	    !memcmp(old->pods, pod->places, sizeof(old->pods)))
		return 0;
	fresh = find_link(datapath->policy, ifindex, 0);
	if (is_known && !fresh)
		return -ENOSPC;
	if (is_known) {
		memcpy(fresh->addrs, pod->addrs, sizeof(fresh->addrs));
		memcpy(fresh->pods, pod->places, sizeof(fresh->pods));
		__atomic_store_n(&fresh->ifindex, ifindex, __ATOMIC_RELEASE);
	}
	if (old)
		__atomic_store_n(&old->ifindex, 0, __ATOMIC_RELEASE);
	return 0;
}
