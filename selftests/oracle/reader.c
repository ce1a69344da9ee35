// SPDX-License-Identifier: BSD-2-Clause
#include "reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <headgate/hash.h>

/* ---- lists ---- */
static bool is_same(const struct reader_entry *held, unsigned bank,
		    const struct cidr *prefix)
{
	return held->bank == bank && held->prefix.bits == prefix->bits &&
	       addr_compare(&held->prefix.addr, &prefix->addr) == 0;
}

/* 0 or -ENOMEM. */
static int put(struct reader_list *list, const struct reader_entry *fresh)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!is_same(&list->items[i], fresh->bank, &fresh->prefix))
			continue;
		list->items[i] = *fresh;
		return 0;
	}
	struct reader_entry *items =
	    reallocarray(list->items, list->count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->count++] = *fresh;
	return 0;
}

static void drop(struct reader_list *list, unsigned bank, const struct cidr *prefix)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_same(&list->items[i], bank, prefix))
			list->items[i--] = list->items[--list->count];
}

/* The longest that contains the address, or NULL. */
static const struct reader_entry *find(const struct reader_list *list, unsigned bank,
				       const struct hg_addr *addr)
{
	const struct reader_entry *found = NULL;

	for (size_t i = 0; i < list->count; i++) {
		const struct reader_entry *held = &list->items[i];
		if (held->bank == bank && cidr_contains(&held->prefix, addr) &&
		    (!found || held->prefix.bits > found->prefix.bits))
			found = held;
	}
	return found;
}

/* ---- the reader ---- */
static uint32_t v4_class(const struct policy_tables *tables, unsigned bank,
			 const struct hg_addr *addr)
{
	const uint8_t *bytes = addr->bytes + 12;
	uint16_t place =
	    tables->v4[bank * HG_POLICY_V4_PLACES + (bytes[0] << 8 | bytes[1])];

	for (unsigned i = 2; i < 4 && place & HG_POLICY_BLOCK; i++)
		place =
		    tables->v4_blocks[(place & ~HG_POLICY_BLOCK) * HG_POLICY_BLOCK_SIZE +
				      bytes[i]];
	return place;
}

static const struct hg_policy_view *find_view(const struct reader *reader, uint32_t state,
					      const struct hg_addr *addr)
{
	const struct hg_policy_pod *lines = reader->tables.pods;
	uint32_t homes = reader->tables.pod_count - HG_POLICY_POD_WINDOW;
	uint32_t line =
	    (uint32_t)hg_hash_addr_by(addr, reader->tables.pod_seed) % homes + 1;

	for (unsigned tried = 0; tried < HG_POLICY_POD_WINDOW; tried++, line++) {
		if (lines[line].taken && !memcmp(&lines[line].addr, addr, sizeof(*addr)))
			return &lines[line].views[state & 1];
		if (!lines[line].passed)
			return NULL;
	}
	return NULL;
}

static uint32_t find_class(const struct reader *reader, uint32_t state,
			   const struct hg_addr *addr)
{
	const struct hg_policy_view *view = find_view(reader, state, addr);
	unsigned bank = !!(state & HG_POLICY_BANK);

	if (view)
		return view->class;
	if (addr_is_v4(addr))
		return v4_class(&reader->tables, bank, addr);
	const struct reader_entry *held = find(&reader->prefixes, bank, addr);
	return held ? held->value : 0;
}

static uint32_t port_class(const struct policy_tables *tables, uint32_t state,
			   const struct policy_question *question)
{
	unsigned bank = !!(state & HG_POLICY_BANK);
	uint32_t protocol = hg_policy_protocol(question->protocol);

	if (protocol == HG_POLICY_PROTOCOLS)
		return HG_POLICY_PORT_NONE;
	return tables->ports[hg_policy_port_place(bank, protocol, question->port)];
}

static const struct hg_policy_row *find_row(const struct policy_tables *tables,
					    uint32_t base, uint32_t count, uint32_t class)
{
	return &tables->rows[tables->cells[base + (class < count ? class : 0)]];
}

/* Does a rule that counts allow, or does no enforced policy isolate? */
static bool set_permits(const struct policy_tables *tables,
			const struct hg_policy_set *set, uint32_t class, uint32_t port)
{
	const struct hg_policy_row *peers =
	    find_row(tables, set->peer_base, set->peer_count, class);
	const struct hg_policy_row *ports =
	    find_row(tables, set->port_base, set->port_count, port);
	const struct hg_policy_row *enforced = &tables->rows[set->enforced];
	bool audited = set->flags & HG_POLICY_AUDITED;

	if (!(set->flags & HG_POLICY_ENFORCED))
		return true;
	for (unsigned i = 0; i < HG_POLICY_WORDS; i++) {
		uint64_t both = peers->bits[i] & ports->bits[i];
		if (both & (audited ? enforced->bits[i] : UINT64_MAX))
			return true;
	}
	return false;
}

bool reader_permits(const struct reader *reader, uint32_t state,
		    const struct policy_question *question)
{
	const struct policy_tables *tables = &reader->tables;
	uint32_t port = port_class(tables, state, question);
	const struct hg_policy_view *from = find_view(reader, state, &question->from);
	const struct hg_policy_view *to = find_view(reader, state, &question->to);

	if (!(state & HG_POLICY_ON) || addr_compare(&question->from, &question->to) == 0)
		return true;
	if (from && from->egress &&
	    !set_permits(tables, &tables->sets[from->egress],
			 find_class(reader, state, &question->to), port))
		return false;
	return !to || !to->ingress ||
	       set_permits(tables, &tables->sets[to->ingress],
			   find_class(reader, state, &question->from), port);
}

/* ---- what the compiler puts into the trie ---- */
int reader_put_prefix(struct reader *reader, unsigned bank, const struct cidr *prefix,
		      uint32_t class)
{
	return put(&reader->prefixes, &(struct reader_entry){ *prefix, bank, class });
}

void reader_drop_prefix(struct reader *reader, unsigned bank, const struct cidr *prefix)
{
	drop(&reader->prefixes, bank, prefix);
}

void reader_clear(struct reader *reader)
{
	free(reader->prefixes.items);
}
