/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RTM_NEWROUTE and RTM_DELROUTE in our terms. A single next hop stands in RTA_OIF and
 * RTA_GATEWAY (or RTA_VIA, whose address may be of the other family), several in
 * RTA_MULTIPATH, each with attributes of its own.
 */
#include "route.h"
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include "attribute.h"

static bool is_followed(const struct rtmsg *header)
{
	if (header->rtm_family != AF_INET && header->rtm_family != AF_INET6)
		return false;
	if (header->rtm_flags & RTM_F_CLONED)
		return false;
	if (header->rtm_src_len || header->rtm_tos)
		return false;
	return header->rtm_type >= RTN_UNICAST && header->rtm_type <= RTN_THROW;
}

static bool read_gateway(const struct nlattr *const *at, struct hg_addr *ret)
{
	const struct rtvia *via;
	size_t length;

	if (attribute_addr(at[RTA_GATEWAY], ret))
		return true;
	if (!at[RTA_VIA] || mnl_attr_get_payload_len(at[RTA_VIA]) < sizeof(*via))
		return false;
	via = mnl_attr_get_payload(at[RTA_VIA]);
	length = mnl_attr_get_payload_len(at[RTA_VIA]) - sizeof(*via);
	return addr_from_bytes(via->rtvia_addr, length, ret);
}

static int read_multipath(const struct nlattr *paths, struct route *route)
{
	const char *data = mnl_attr_get_payload(paths);
	size_t left = mnl_attr_get_payload_len(paths);
	const struct nlattr *at[RTA_VIA + 1];
	struct rtnexthop hop;
	int r;

	while (left >= sizeof(hop) && route->count < ROUTE_NEXTHOPS_MAX) {
		struct nexthop *nexthop = &route->nexthops[route->count];
		size_t taken;

		memcpy(&hop, data, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > left)
			return -EBADMSG;
		r = attributes_read_span(data + sizeof(hop), hop.rtnh_len - sizeof(hop),
					 at, RTA_VIA + 1);
		if (r < 0)
			return r;
		nexthop->ifindex = (uint32_t)hop.rtnh_ifindex;
		read_gateway(at, &nexthop->gateway);
		route->count++;
		taken = MNL_ALIGN(hop.rtnh_len);
		data += taken;
		left = taken < left ? left - taken : 0;
	}
	return 0;
}

static int read_key(const struct rtmsg *header, const struct nlattr *const *at,
		    struct route_key *key)
{
	uint32_t table = header->rtm_table;
	unsigned offset = header->rtm_family == AF_INET ? 96 : 0;

	attribute_u32(at[RTA_TABLE], &table);
	if (table != RT_TABLE_MAIN && table != RT_TABLE_LOCAL)
		return 0;
	key->local = table == RT_TABLE_LOCAL;
	key->bits = (uint16_t)(header->rtm_dst_len + offset);
	if (key->bits > 128)
		return -EBADMSG;
	if (!attribute_addr(at[RTA_DST], &key->prefix)) {
		if (header->rtm_dst_len)
			return -EBADMSG;
		if (offset)
			addr_from_v4(0, &key->prefix);
	}
	if (addr_is_v4(&key->prefix) != (offset != 0))
		return 0;
	if (offset)
		return (key->prefix.bytes[12] & 0xf0) != 0xe0;
	return key->prefix.bytes[0] != 0xff &&
	       !(key->prefix.bytes[0] == 0xfe && (key->prefix.bytes[1] & 0xc0) == 0x80);
}

static int read_paths(const struct nlattr *const *at, struct route *route)
{
	const struct nlattr *metrics[RTAX_MTU + 1];

	attribute_u32(at[RTA_PRIORITY], &route->metric);
	attribute_addr(at[RTA_PREFSRC], &route->source);
	if (at[RTA_METRICS]) {
		if (attributes_read_nested(at[RTA_METRICS], metrics, RTAX_MTU + 1) < 0)
			return -EBADMSG;
		attribute_u32(metrics[RTAX_MTU], &route->mtu);
	}
	if (at[RTA_MULTIPATH])
		return read_multipath(at[RTA_MULTIPATH], route);
	if (!attribute_u32(at[RTA_OIF], &route->nexthops[0].ifindex))
		return 0;
	read_gateway(at, &route->nexthops[0].gateway);
	route->count = 1;
	return 0;
}

int route_read(const struct nlmsghdr *message, struct route_key *ret_key,
	       struct route **ret_route)
{
	const struct nlattr
	    *at[RTA_TABLE + 1 > RTA_VIA + 1 ? RTA_TABLE + 1 : RTA_VIA + 1];
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	struct route_key key = { 0 };
	struct route *route;
	size_t paths = 1;
	int r;

	r = attributes_read(message, sizeof(*header), at, sizeof(at) / sizeof(at[0]));
	if (r < 0)
		return r;
	if (!is_followed(header))
		return 0;
	r = read_key(header, at, &key);
	if (r <= 0)
		return r;
	if (at[RTA_MULTIPATH])
		paths = ROUTE_NEXTHOPS_MAX;
	route = calloc(1, sizeof(*route) + paths * sizeof(route->nexthops[0]));
	if (!route)
		return -ENOMEM;
	route->type = header->rtm_type;
	r = read_paths(at, route);
	if (r < 0) {
		free(route);
		return r;
	}
	*ret_key = key;
	*ret_route = route;
	return 1;
}
