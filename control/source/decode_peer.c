// SPDX-License-Identifier: BSD-2-Clause
/*
 * Peers of a NetworkPolicy's rule: selectors of pods and namespaces, or a block of
 * addresses less parts of it. Host bits are masked, as everywhere in Kubernetes. A bare
 * address is no block, and an IPv4 block in IPv6 notation is refused: which family it is
 * meant to match could not be told.
 */
#include "decode.h"

#include <string.h>

#define EXCEPTS_LONGEST 65536

static bool is_v4(const struct cidr *block)
{
	return block->bits >= 96 && addr_is_v4(&block->addr);
}

static bool read_block(struct decode *decode, const struct field *field,
		       struct cidr *ret_block)
{
	const char *text = field_as_text(decode, field);
	char shown[FIELD_SHOW], right[ADDR_TEXT];
	struct cidr block;

	if (!text)
		return false;
	if (strchr(text, ' ') || cidr_parse(text, &block) < 0) {
		field_complain(decode, field,
			       "\"%s\" is not an address block: write one like "
			       "192.0.2.0/24",
			       field_show(text, shown));
		return false;
	}
	bool mapped = strchr(text, ':') && is_v4(&block);
	if (mapped || !strchr(text, '/')) {
		field_complain(decode, field, "\"%s\" is %s: write %s",
			       field_show(text, shown),
			       mapped ? "an IPv4 block in IPv6 notation"
				      : "an address without the length of its prefix",
			       cidr_print(&block, right));
		return false;
	}
	*ret_block = block;
	return true;
}

static void read_except(struct decode *decode, const struct field *item,
			struct ip_block *block)
{
	char inner_text[ADDR_TEXT], outer_text[ADDR_TEXT];
	const struct cidr *outer = &block->block;
	struct cidr inner;

	if (!read_block(decode, item, &inner))
		return;
	if (is_v4(&inner) != is_v4(outer) || inner.bits <= outer->bits ||
	    !cidr_contains(outer, &inner.addr))
		field_complain(decode, item,
			       "%s is not a smaller block within %s: use a part of it, "
			       "or remove this one",
			       cidr_print(&inner, inner_text),
			       cidr_print(outer, outer_text));
	else
		block->except.items[block->except.count++] = inner;
}

static void read_ip_block(struct decode *decode, const struct field *field,
			  struct ip_block *block)
{
	static const char *const fields[] = { "cidr", "except", NULL };
	struct field cidr = field_get(field, "cidr");
	struct field list = field_list(decode, field, "except", EXCEPTS_LONGEST);
	size_t count = field_count(&list);

	field_warn_unknown(decode, field, fields);
	if (!cidr.value)
		field_complain(decode, &cidr, "is missing: write one like 192.0.2.0/24");
	if (!cidr.value || !read_block(decode, &cidr, &block->block))
		return;
	block->except.items = decode_array(decode, count, sizeof(*block->except.items));
	for (size_t i = 0; block->except.items && i < count; i++) {
		struct field item = field_item(&list, i);
		read_except(decode, &item, block);
	}
}

void decode_peer(struct decode *decode, const struct field *item,
		 struct policy_peer *peer)
{
	static const char *const fields[] = { "podSelector", "namespaceSelector",
					      "ipBlock", NULL };
	unsigned errors = decode->errors;

	if (!field_is_map_or_null(decode, item))
		return;
	struct field pods = field_map(decode, item, "podSelector");
	struct field namespaces = field_map(decode, item, "namespaceSelector");
	struct field block = field_map(decode, item, "ipBlock");
	field_warn_unknown(decode, item, fields);
	peer->has_pods = pods.value;
	peer->has_namespaces = namespaces.value;
	decode_selector(decode, &pods, &peer->pods);
	decode_selector(decode, &namespaces, &peer->namespaces);
	if (block.value && (pods.value || namespaces.value))
		field_complain(decode, &block,
			       "has no place beside a selector: make it an item of its "
			       "own");
	else if (block.value)
		read_ip_block(decode, &block, &peer->block);
	else if (!pods.value && !namespaces.value && decode->errors == errors)
		field_complain(
		    decode, item,
		    "is empty: give podSelector, namespaceSelector or ipBlock");
}
