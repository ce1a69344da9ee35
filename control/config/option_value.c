/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the text of an option's value to the field that holds it. Every value is bounded
 * here, whether it came from the command line or from the configuration file; a field is
 * written only when the whole value is good.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "../lib/cleanup.h"
#include "option.h"

/* gcc's analyzer loses sight of what a list that grows owns; ASan looks for leaks in the tests. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

const char *option_show(const char *text, char ret_shown[OPTION_SHOW])
{
	size_t i = 0;

	for (; i < OPTION_SHOW - 4 && text[i]; i++) {
		unsigned char byte = (unsigned char)text[i];

		ret_shown[i] = byte < ' ' || byte >= 0x7f ? '?' : (char)byte;
	}
	snprintf(ret_shown + i, OPTION_SHOW - i, "%s", text[i] ? "..." : "");
	return ret_shown;
}

int option_refuse(const struct option_row *row, const struct option_value *value,
		  const char *cause, const char *remedy)
{
	char shown[OPTION_SHOW];

	complain(value->complaints, COMPLAINT_ERROR, value->place, NULL,
		 "--%s '%s' %s: %s", row->name, option_show(value->text, shown), cause,
		 remedy);
	return -EINVAL;
}

static int replace_text(char **field, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

int option_set_text(void *field, const struct option_row *row,
		    const struct option_value *value)
{
	if (!*value->text)
		return option_refuse(row, value, "is empty",
				     "leave it out or give a value");
	return replace_text(field, value->text);
}

int option_set_path(void *field, const struct option_row *row,
		    const struct option_value *value)
{
	size_t longest = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (value->text[0] != '/')
		return option_refuse(row, value, "is not an absolute path",
				     "begin it with /");
	if (strlen(value->text) > longest)
		return option_refuse(row, value, "is longer than the kernel takes",
				     "use at most 107 bytes");
	return replace_text(field, value->text);
}

/* Visit the members of a comma-separated list. */
static int each_item(const struct option_row *row, const struct option_value *value,
		     int (*add)(void *field, const struct option_row *row,
				const struct option_value *item),
		     void *field)
{
	_cleanup_free_ char *copy = strdup(value->text);

	if (!copy)
		return -ENOMEM;
	for (char *rest = copy, *text; (text = strsep(&rest, ","));) {
		struct option_value item = *value;

		item.text = text;
		int r = add(field, row, &item);

		if (r < 0)
			return r;
	}
	return 0;
}

static int add_interface(void *field, const struct option_row *row,
			 const struct option_value *item)
{
	struct text_list *list = field;
	size_t length = strlen(item->text);

	if (!length || length > 15 || strpbrk(item->text, "/ \t"))
		return option_refuse(row, item, "is not an interface's name",
				     "use 1 to 15 characters, as 'ip link' shows them");
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], item->text) == 0)
			return 0;
	}
	char **items = reallocarray(list->items, list->count + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->count] = strdup(item->text);
	if (!items[list->count])
		return -ENOMEM;
	list->count++;
	return 0;
}

int option_set_interfaces(void *field, const struct option_row *row,
			  const struct option_value *value)
{
	return each_item(row, value, add_interface, field);
}

static int add_cidr(void *field, const struct option_row *row,
		    const struct option_value *item)
{
	struct cidr_list *list = field;
	struct cidr cidr;
	int r = cidr_parse(item->text, &cidr);

	if (r < 0)
		return option_refuse(row, item, "is not an address range",
				     "write it like 10.244.0.0/16 or fd00:10::/64");
	struct cidr *items = reallocarray(list->items, list->count + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->count++] = cidr;
	return 0;
}

int option_set_cidrs(void *field, const struct option_row *row,
		     const struct option_value *value)
{
	return each_item(row, value, add_cidr, field);
}

static int add_addr(void *field, const struct option_row *row,
		    const struct option_value *item)
{
	struct addr_list *list = field;
	struct hg_addr addr;
	int r = addr_parse(item->text, &addr);

	if (r < 0 || addr_is_zero(&addr))
		return option_refuse(row, item, "is not an address",
				     "write it like 192.0.2.1 or 2001:db8::1");
	if (list->count >= HG_SNAT_ADDRS - 1)
		return option_refuse(row, item, "is one address too many",
				     "give at most 255");
	struct hg_addr *items =
	    reallocarray(list->items, list->count + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->count++] = addr;
	return 0;
}

int option_set_addrs(void *field, const struct option_row *row,
		     const struct option_value *value)
{
	return each_item(row, value, add_addr, field);
}

/* Decimal or 0x…; end: the first character after the number. -EINVAL: no number. */
static int read_number(const char *text, uint64_t *ret_number, const char **ret_end)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	uint64_t number = strtoull(text, &end, hex ? 16 : 10);

	if (errno)
		return -EINVAL;
	*ret_number = number;
	*ret_end = end;
	return 0;
}

static int refuse_range(const struct option_row *row, const struct option_value *value)
{
	complain(value->complaints, COMPLAINT_ERROR, value->place, NULL,
		 "--%s '%s' is not a number from %" PRIu64 " to %" PRIu64
		 ": give one within these bounds",
		 row->name, value->text, row->low, row->high);
	return -EINVAL;
}

int option_set_u64(void *field, const struct option_row *row,
		   const struct option_value *value)
{
	const char *end;
	uint64_t number;
	int r = read_number(value->text, &number, &end);

	if (r < 0 || *end || number < row->low || number > row->high)
		return refuse_range(row, value);
	*(uint64_t *)field = number;
	return 0;
}

int option_set_u32(void *field, const struct option_row *row,
		   const struct option_value *value)
{
	uint64_t number;
	int r = option_set_u64(&number, row, value);

	if (r < 0)
		return r;
	*(uint32_t *)field = (uint32_t)number;
	return 0;
}

int option_set_seconds(void *field, const struct option_row *row,
		       const struct option_value *value)
{
	static const struct {
		const char *suffix;
		uint64_t seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
	const char *end;
	uint64_t number;
	int r = read_number(value->text, &number, &end);

	for (size_t i = 0; r == 0 && i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(end, units[i].suffix) != 0 || number > row->high)
			continue;
		number *= units[i].seconds;
		if (number < row->low || number > row->high)
			break;
		*(uint32_t *)field = (uint32_t)number;
		return 0;
	}
	complain(value->complaints, COMPLAINT_ERROR, value->place, NULL,
		 "--%s '%s' is not a time from %" PRIu64 " s to %" PRIu64
		 " s: write seconds, or a number with s, m, h or d",
		 row->name, value->text, row->low, row->high);
	return -EINVAL;
}

/* field: port_first, with port_last right after it. */
int option_set_ports(void *field, const struct option_row *row,
		     const struct option_value *value)
{
	uint32_t *ports = field;
	const char *end;
	uint64_t first, last;
	int r = read_number(value->text, &first, &end);

	if (r == 0 && *end == '-')
		r = read_number(end + 1, &last, &end);
	else
		r = -EINVAL;
	if (r == 0 && !*end && first > last)
		return option_refuse(row, value, "is a range back to front",
				     "write the lower port first");
	if (r < 0 || *end || first < row->low || last > row->high)
		return option_refuse(row, value, "is not a range of ports",
				     "write FIRST-LAST within 1 to 65535");
	ports[0] = (uint32_t)first;
	ports[1] = (uint32_t)last;
	return 0;
}
