/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Neighbour messages, both ways. A request carries NTF_USE always, also when it asks for
 * a managed entry: a kernel before 5.16 skips the unknown attribute, and without NTF_USE
 * it would take the rest as an order to set the entry's state to "none".
 */
#include "neighbour.h"
#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>
#include "attribute.h"

#define REQUEST_SIZE 128

static bool is_multicast(const struct hg_addr *addr)
{
	if (addr_is_v4(addr))
		return (addr->bytes[12] & 0xf0) == 0xe0;
	return addr->bytes[0] == 0xff;
}

int neighbour_read(const struct nlmsghdr *message, struct neighbour *ret_neighbour)
{
	const struct nlattr *at[NDA_FLAGS_EXT + 1];
	const struct ndmsg *header = mnl_nlmsg_get_payload(message);
	struct neighbour neighbour = { 0 };
	uint32_t extended = 0;
	int r;

	r = attributes_read(message, sizeof(*header), at, NDA_FLAGS_EXT + 1);
	if (r < 0)
		return r;
	if (header->ndm_family != AF_INET && header->ndm_family != AF_INET6)
		return 0;
	if (header->ndm_ifindex <= 0 || header->ndm_flags & NTF_PROXY)
		return 0;
	if (!attribute_addr(at[NDA_DST], &neighbour.key.addr))
		return -EBADMSG;
	if (is_multicast(&neighbour.key.addr))
		return 0;
	neighbour.key.ifindex = (uint32_t)header->ndm_ifindex;
	if (message->nlmsg_type == RTM_NEWNEIGH)
		neighbour.state = header->ndm_state;
	attribute_mac(at[NDA_LLADDR], neighbour.mac);
	attribute_u32(at[NDA_FLAGS_EXT], &extended);
	neighbour.managed = extended & NTF_EXT_MANAGED;
	*ret_neighbour = neighbour;
	return 1;
}

static struct nlmsghdr *put_request(char *buffer, uint16_t type,
				    const struct hg_hop_key *key)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ndmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	bool is_v4 = addr_is_v4(&key->addr);

	request->nlmsg_type = type;
	header->ndm_family = is_v4 ? AF_INET : AF_INET6;
	header->ndm_ifindex = (int)key->ifindex;
	if (is_v4)
		mnl_attr_put(request, NDA_DST, 4, &key->addr.words[3]);
	else
		mnl_attr_put(request, NDA_DST, 16, key->addr.bytes);
	return request;
}

int neighbour_ask(struct netlink *netlink, const struct hg_hop_key *key, bool managed)
{
	char buffer[REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *request = put_request(buffer, RTM_NEWNEIGH, key);
	struct ndmsg *header = mnl_nlmsg_get_payload(request);

	request->nlmsg_flags = NLM_F_CREATE;
	header->ndm_flags = NTF_USE;
	if (managed)
		mnl_attr_put_u32(request, NDA_FLAGS_EXT, NTF_EXT_MANAGED);
	return netlink_request(netlink, request, NULL);
}

struct answer {
	struct neighbour neighbour;
	bool found;
};

static int take_answer(void *context, const struct nlmsghdr *message)
{
	struct answer *answer = context;
	int r;

	if (message->nlmsg_type != RTM_NEWNEIGH)
		return 0;
	r = neighbour_read(message, &answer->neighbour);
	if (r > 0)
		answer->found = true;
	return r;
}

int neighbour_get(struct netlink *netlink, const struct hg_hop_key *key,
		  struct neighbour *ret_neighbour)
{
	char buffer[REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *request = put_request(buffer, RTM_GETNEIGH, key);
	struct answer answer = { 0 };
	struct netlink_visitor visitor = { .message = take_answer, .context = &answer };
	int r;

	r = netlink_request(netlink, request, &visitor);
	if (r < 0)
		return r;
	if (!answer.found)
		return -ENOENT;
	*ret_neighbour = answer.neighbour;
	return 0;
}
