/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bounded reading of netlink attributes. libmnl walks and aligns; this checks that the
 * walk ends where the message ends, and that values have the size their type asks for.
 */
#include "attribute.h"
#include <errno.h>
#include <string.h>

int attributes_read_span(const void *data, size_t length, const struct nlattr **ret,
			 size_t count)
{
	const struct nlattr *attribute = data;
	int left = (int)length;

	memset(ret, 0, count * sizeof(*ret));
	while (mnl_attr_ok(attribute, left)) {
		int taken = (int)MNL_ALIGN(attribute->nla_len);

		if (mnl_attr_get_type(attribute) < count)
			ret[mnl_attr_get_type(attribute)] = attribute;
		left = taken < left ? left - taken : 0;
		attribute = (const struct nlattr *)((const char *)attribute + taken);
	}
	return left ? -EBADMSG : 0;
}

int attributes_read(const struct nlmsghdr *message, size_t header,
		    const struct nlattr **ret, size_t count)
{
	size_t start = MNL_ALIGN(header);

	memset(ret, 0, count * sizeof(*ret));
	if (mnl_nlmsg_get_payload_len(message) < header)
		return -EBADMSG;
	if (mnl_nlmsg_get_payload_len(message) <= start)
		return 0;
	return attributes_read_span((const char *)mnl_nlmsg_get_payload(message) + start,
				    mnl_nlmsg_get_payload_len(message) - start, ret,
				    count);
}

int attributes_read_nested(const struct nlattr *nest, const struct nlattr **ret,
			   size_t count)
{
	return attributes_read_span(mnl_attr_get_payload(nest),
				    mnl_attr_get_payload_len(nest), ret, count);
}

bool attribute_u32(const struct nlattr *attribute, uint32_t *ret)
{
	if (!attribute || mnl_attr_get_payload_len(attribute) != sizeof(*ret))
		return false;
	memcpy(ret, mnl_attr_get_payload(attribute), sizeof(*ret));
	return true;
}

bool attribute_mac(const struct nlattr *attribute, uint8_t ret[6])
{
	if (!attribute || mnl_attr_get_payload_len(attribute) != 6)
		return false;
	memcpy(ret, mnl_attr_get_payload(attribute), 6);
	return true;
}

bool addr_from_bytes(const void *bytes, size_t length, struct hg_addr *ret)
{
	unsigned int v4;

	if (length == sizeof(ret->bytes)) {
		memcpy(ret->bytes, bytes, sizeof(ret->bytes));
		return true;
	}
	if (length != sizeof(v4))
		return false;
	memcpy(&v4, bytes, sizeof(v4));
	addr_from_v4(v4, ret);
	return true;
}

bool attribute_addr(const struct nlattr *attribute, struct hg_addr *ret)
{
	return attribute && addr_from_bytes(mnl_attr_get_payload(attribute),
					    mnl_attr_get_payload_len(attribute), ret);
}

bool attribute_text(const struct nlattr *attribute, char *ret, size_t size)
{
	size_t length;

	if (!attribute)
		return false;
	length =
	    strnlen(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute));
	if (length >= size)
		return false;
	memcpy(ret, mnl_attr_get_payload(attribute), length);
	ret[length] = '\0';
	return true;
}
