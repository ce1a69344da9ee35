/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/cleanup.h"

#define ROWS	 32768U
#define CELLS	 (524288U * HG_POLICY_CELLS_PER_ELEMENT)
#define SETS	 8192U
#define PODS	 (65536U + HG_POLICY_POD_WINDOW)
#define BLOCKS	 16384U
#define COUNTERS 131072U

/* Longest match: 129 look-ups, one per length. */
struct prefix_key {
	struct hg_addr addr;
	uint32_t bits, bank;
};
struct prefix {
	struct prefix_key key;
	uint32_t class;
};

static bool is_prefix(const void *item, const void *key)
{
	return memcmp(&((const struct prefix *)item)->key, key,
		      sizeof(struct prefix_key)) == 0;
}

static uint32_t prefix_hash(const struct prefix_key *key)
{
	return policy_hash_bytes(1, key, sizeof(*key));
}

static struct prefix *lookup_prefix(const struct policy_memory *memory,
				    const struct prefix_key *key)
{
	return policy_hash_find(&memory->prefixes, prefix_hash(key), is_prefix, key);
}

/* ---- what the compiler calls ---- */
static int put_prefix(void *context, unsigned bank, const struct cidr *cidr,
		      uint32_t class)
{
	struct prefix_key key = { cidr->addr, cidr->bits, bank };
	struct policy_memory *memory = context;
	struct prefix *prefix = lookup_prefix(memory, &key);

	if (!prefix) {
		if (policy_hash_reserve(&memory->prefixes, 1) < 0)
			return -ENOMEM;
		prefix = calloc(1, sizeof(*prefix));
		if (!prefix)
			return -ENOMEM;
		prefix->key = key;
		policy_hash_add(&memory->prefixes, prefix_hash(&key), prefix);
	}
	prefix->class = class;
	return 0;
}

static int drop_prefix(void *context, unsigned bank, const struct cidr *cidr)
{
	struct prefix_key key = { cidr->addr, cidr->bits, bank };
	struct policy_memory *memory = context;
	struct prefix *prefix = lookup_prefix(memory, &key);

	if (!prefix)
		return -ENOENT;
	policy_hash_remove(&memory->prefixes, prefix_hash(&key), prefix);
	free(prefix);
	return 0;
}

static uint32_t find_prefix(void *context, unsigned bank, const struct hg_addr *addr)
{
	struct prefix_key key = { *addr, 128, bank };
	const struct prefix *prefix;

	for (;;) {
		addr_clear_host_bits(&key.addr, key.bits);
		prefix = lookup_prefix(context, &key);
		if (prefix || !key.bits)
			return prefix ? prefix->class : 0;
		key.bits--;
	}
}

static int each_prefix(void *context, unsigned bank,
		       int (*visit)(void *visitor, const struct cidr *prefix),
		       void *visitor)
{
	const struct policy_memory *memory = context;
	const struct prefix *prefix;
	uint32_t cursor = 0;
	int r;

	while ((prefix = policy_hash_next(&memory->prefixes, &cursor))) {
		struct cidr cidr = { prefix->key.addr, (unsigned char)prefix->key.bits };

		if (prefix->key.bank != bank)
			continue;
		r = visit(visitor, &cidr);
		if (r)
			return r;
	}
	return 0;
}

static void switch_to(void *context, uint32_t state)
{
	((struct policy_memory *)context)->state = state;
}

static void wait_for_readers(void *context)
{
	(void)context; /* there is one thread */
}

/* ---- life ---- */
static int open_tables(struct policy_tables *tables)
{
	size_t ports = 2UL * HG_POLICY_PROTOCOLS * HG_POLICY_PORTS;

	tables->rows = calloc(ROWS, sizeof(*tables->rows));
	tables->cells = calloc(CELLS, sizeof(*tables->cells));
	tables->sets = calloc(SETS, sizeof(*tables->sets));
	tables->pods = calloc(PODS, sizeof(*tables->pods));
	tables->ports = calloc(ports, sizeof(*tables->ports));
	tables->v4 = calloc(2UL * HG_POLICY_V4_PLACES, sizeof(*tables->v4));
	tables->v4_blocks =
	    calloc((size_t)BLOCKS * HG_POLICY_BLOCK_SIZE, sizeof(*tables->v4_blocks));
	tables->counters = calloc(COUNTERS, sizeof(*tables->counters));
	if (!tables->rows || !tables->cells || !tables->sets || !tables->pods ||
	    !tables->ports || !tables->v4 || !tables->v4_blocks || !tables->counters)
		return -ENOMEM;
	tables->row_count = ROWS;
	tables->cell_count = CELLS;
	tables->set_count = SETS;
	tables->pod_count = PODS;
	tables->block_count = BLOCKS;
	tables->counter_count = COUNTERS;
	return 0;
}

struct policy_memory *policy_memory_new(void)
{
	struct policy_memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return NULL;
	memory->tables = (struct policy_tables){
		.context = memory,
		.put_prefix = put_prefix,
		.drop_prefix = drop_prefix,
		.find_prefix = find_prefix,
		.each_prefix = each_prefix,
		.switch_to = switch_to,
		.wait_for_readers = wait_for_readers,
	};
	if (open_tables(&memory->tables) < 0) {
		policy_memory_free(memory);
		return NULL;
	}
	return memory;
}

static void free_items(struct policy_hash *table)
{
	uint32_t cursor = 0;
	void *item;

	while ((item = policy_hash_next(table, &cursor)))
		free(item);
	policy_hash_clear(table);
}

void policy_memory_free(struct policy_memory *memory)
{
	if (!memory)
		return;
	free_items(&memory->prefixes);
	free(memory->tables.rows);
	free(memory->tables.cells);
	free(memory->tables.sets);
	free(memory->tables.pods);
	free(memory->tables.ports);
	free(memory->tables.v4);
	free(memory->tables.v4_blocks);
	free(memory->tables.counters);
	free(memory);
}
