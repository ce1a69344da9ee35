/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces as rtnetlink tells of them. Two traps: a port that leaves its bridge is told
 * as RTM_DELLINK of family AF_BRIDGE, which is not the end of the interface; and an
 * interface that moves to another network namespace ends here like a deleted one.
 */
#include "link.h"
#include <errno.h>
#include <fnmatch.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include "attribute.h"

void links_clear(struct links *links)
{
	struct link *link, *next;

	HASH_ITER (hh, links->by_index, link, next) {
		HASH_DEL(links->by_index, link);
		free(link);
	}
}

struct link *links_find(const struct links *links, uint32_t ifindex)
{
	struct link *link;

	HASH_FIND(hh, links->by_index, &ifindex, sizeof(ifindex), link);
	return link;
}

int links_rank(const struct links *links, uint32_t ifindex)
{
	const struct link *link = links_find(links, ifindex);

	if (!link || !link->view.up)
		return 0;
	return link->carrier ? 2 : 1;
}

static void read_kind(const struct nlattr *info, char kind[16])
{
	const struct nlattr *at[IFLA_INFO_KIND + 1];

	kind[0] = '\0';
	if (info && attributes_read_nested(info, at, IFLA_INFO_KIND + 1) == 0)
		attribute_text(at[IFLA_INFO_KIND], kind, 16);
}

/* IFLA_LINK of a veth is its peer, and beside IFLA_LINK_NETNSID another machine's number. */
static uint32_t read_lower(const struct nlattr **at, const char *kind)
{
	uint32_t lower = 0;

	if ((strcmp(kind, "macvlan") != 0 && strcmp(kind, "vlan") != 0) ||
	    at[IFLA_LINK_NETNSID])
		return 0;
	attribute_u32(at[IFLA_LINK], &lower);
	return lower;
}

int link_read(const struct nlmsghdr *message, const char *pod_pattern,
	      struct link *ret_link)
{
	const struct nlattr *at[IFLA_LINK_NETNSID + 1];
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	struct link link = { 0 };
	char kind[16];
	int r;

	r = attributes_read(message, sizeof(*header), at, IFLA_LINK_NETNSID + 1);
	if (r < 0)
		return r;
	if (header->ifi_family != AF_UNSPEC || header->ifi_index <= 0)
		return 0;
	if (!attribute_text(at[IFLA_IFNAME], link.view.name, sizeof(link.view.name)))
		return -EBADMSG;
	link.view.ifindex = (uint32_t)header->ifi_index;
	link.view.up = header->ifi_flags & IFF_UP;
	link.view.is_pod = pod_pattern && fnmatch(pod_pattern, link.view.name, 0) == 0;
	attribute_u32(at[IFLA_MTU], &link.view.mtu);
	attribute_u32(at[IFLA_MASTER], &link.master);
	link.carrier = header->ifi_flags & IFF_LOWER_UP;
	link.loopback = header->ifi_flags & IFF_LOOPBACK;
	link.ethernet = attribute_mac(at[IFLA_ADDRESS], link.view.mac) &&
			header->ifi_type == ARPHRD_ETHER;
	read_kind(at[IFLA_LINKINFO], kind);
	link.bridge = strcmp(kind, "bridge") == 0;
	link.lower = read_lower(at, kind);
	*ret_link = link;
	return 1;
}

int links_set(struct links *links, const struct link *link, struct link **ret_link)
{
	struct link *entry = links_find(links, link->view.ifindex);
	UT_hash_handle handle;

	if (entry) {
		handle = entry->hh;
		*entry = *link;
		entry->hh = handle;
		*ret_link = entry;
		return 0;
	}
	entry = malloc(sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	*entry = *link;
	HASH_ADD(hh, links->by_index, view.ifindex, sizeof(uint32_t), entry);
	if (!entry->hh.tbl) {
		free(entry);
		return -ENOMEM;
	}
	*ret_link = entry;
	return 0;
}

void links_remove(struct links *links, struct link *link)
{
	HASH_DEL(links->by_index, link);
	free(link);
}
