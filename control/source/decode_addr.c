// SPDX-License-Identifier: BSD-2-Clause
/*
 * Addresses within objects. Leading zeros are decimal, as Kubernetes reads them
 * (addr_parse); which addresses are fit follows the API server's validation (unspecified,
 * loopback, link-local) and adds multicast and broadcast, which cannot be balanced.
 */
#include "decode.h"

#include <string.h>

static bool in_block(const struct hg_addr *addr, const char *block)
{
	struct cidr cidr;
	return cidr_parse(block, &cidr) == 0 && cidr_contains(&cidr, addr);
}

/* What kind of special address this is, NULL for a plain one. */
static const char *special(const struct hg_addr *addr, enum addr_use use)
{
	static const struct {
		const char *block, *name;
	} blocks[] = {
		{ "0.0.0.0/8", "of this network" },    { "::/128", "unspecified" },
		{ "127.0.0.0/8", "loopback" },	       { "::1/128", "loopback" },
		{ "169.254.0.0/16", "link-local" },    { "fe80::/10", "link-local" },
		{ "224.0.0.0/4", "multicast" },	       { "ff00::/8", "multicast" },
		{ "255.255.255.255/32", "broadcast" },
	};

	if (use == ADDR_HOST)
		return addr_is_zero(addr) || in_block(addr, "0.0.0.0/32") ? "unspecified"
									  : NULL;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (in_block(addr, blocks[i].block))
			return blocks[i].name;
	return NULL;
}

bool decode_addr(struct decode *decode, const struct field *field, enum addr_use use,
		 struct hg_addr *ret_addr)
{
	char shown[FIELD_SHOW];
	struct hg_addr addr;
	const char *text = field_as_text(decode, field);

	if (!text)
		return false;
	if (addr_parse(text, &addr) < 0) {
		field_complain(decode, field,
			       "\"%s\" is not an address: write one like 192.0.2.1 or "
			       "2001:db8::1",
			       field_show(text, shown));
		return false;
	}
	const char *name = special(&addr, use);
	if (name) {
		field_complain(decode, field,
			       "%s is %s and cannot be used %s: choose another address",
			       field_show(text, shown), name,
			       use == ADDR_VIRTUAL    ? "by a Service"
			       : use == ADDR_ENDPOINT ? "by an endpoint"
						      : "here");
		return false;
	}
	*ret_addr = addr;
	return true;
}

void addr_list_add(struct decode *decode, struct addr_list *list,
		   const struct hg_addr *addr)
{
	for (size_t i = 0; i < list->count; i++)
		if (addr_compare(&list->items[i], addr) == 0)
			return;
	struct hg_addr *items =
	    reallocarray(list->items, list->count + 1, sizeof(*list->items));
	if (!items) {
		decode->out_of_memory = true;
		return;
	}
	list->items = items;
	items[list->count++] = *addr;
}

void decode_cidrs(struct decode *decode, const struct field *list,
		  struct cidr_list *ret_cidrs)
{
	size_t count = field_count(list);
	char shown[FIELD_SHOW];

	ret_cidrs->items = decode_array(decode, count, sizeof(*ret_cidrs->items));
	for (size_t i = 0; ret_cidrs->items && i < count; i++) {
		struct field item = field_item(list, i);
		const char *text = field_as_text(decode, &item);
		if (!text)
			continue;
		if (cidr_parse(text, &ret_cidrs->items[ret_cidrs->count]) == 0)
			ret_cidrs->count++;
		else
			field_complain(decode, &item,
				       "\"%s\" is not an address block: write one like "
				       "192.0.2.0/24",
				       field_show(text, shown));
	}
}
