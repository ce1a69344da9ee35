/* SPDX-License-Identifier: BSD-2-Clause */
/* Next hops, links and their MACs, as netlink/ tells them, written. */
#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>
#include "addresses.h"
#include "map_write.h"

bool hops_has_resolved(const struct datapath *datapath, uint32_t hop)
{
	return hop && hop < HG_HOPS && datapath->hops[hop].flags & HG_HOP_RESOLVED;
}

static struct hg_hop_key key_of(const struct hg_hop *hop)
{
	return (struct hg_hop_key){ .addr = hop->addr, .ifindex = hop->ifindex };
}

static int forget_key(struct datapath *datapath, uint32_t index)
{
	struct hg_hop_key key = key_of(&datapath->hops[index]);
	uint32_t found;
	int fd = datapath->fds[MAP_HOP_INDEX];

	/* Another index may hold the address by now. */
	if (bpf_map_lookup_elem(fd, &key, &found) < 0 || found != index)
		return 0;
	return bpf_map_delete_elem(fd, &key);
}

/* What only this side knows: whether the hop's interface carries one of our hooks. */
static int write_hop(struct datapath *datapath, uint32_t index, const struct hg_hop *hop)
{
	struct hg_hop written = *hop;
	const struct attachment *attachment;

	DL_FOREACH (datapath->attachments, attachment)
		if (attachment->view.ifindex == hop->ifindex)
			written.flags |= attachment->is_pod ? HG_HOP_POD : HG_HOP_NIC;
	return map_put(datapath, MAP_HOPS, index, &written);
}

int datapath_set_hop(struct datapath *datapath, uint32_t index, const struct hg_hop *hop)
{
	if (!index || index >= HG_HOPS)
		return -ERANGE;
	struct hg_hop *old = &datapath->hops[index];
	if (!memcmp(old, hop, sizeof(*hop)))
		return 0;
	struct hg_hop_key key = key_of(hop);
	bool moved = addr_compare(&old->addr, &hop->addr) || old->ifindex != hop->ifindex;
	int r = moved && old->ifindex ? forget_key(datapath, index) : 0;
	if (r < 0)
		return r;
	r = write_hop(datapath, index, hop);
	if (r < 0)
		return r;
	datapath->hop_count += (uint32_t)(!!hop->ifindex - !!old->ifindex);
	datapath->hop_end = index >= datapath->hop_end ? index + 1 : datapath->hop_end;
	*old = *hop;
	if (!moved || !hop->ifindex)
		return 0;
	return map_publish(datapath, MAP_HOP_INDEX, &key, &index);
}

int hops_rewrite(struct datapath *datapath, uint32_t ifindex)
{
	int failed = 0;

	for (uint32_t index = 1; index < datapath->hop_end; index++) {
		if (datapath->hops[index].ifindex != ifindex)
			continue;
		int r = write_hop(datapath, index, &datapath->hops[index]);
		failed = r < 0 ? r : failed;
	}
	return failed;
}

int hops_forget(struct datapath *datapath)
{
	int fd = datapath->fds[MAP_HOP_INDEX];
	struct hg_hop_key key;

	while (bpf_map_get_next_key(fd, NULL, &key) == 0) {
		int r = bpf_map_delete_elem(fd, &key);
		if (r < 0)
			return r;
	}
	return 0;
}

int datapath_set_link(struct datapath *datapath, uint32_t ifindex,
		      const struct hg_link *link)
{
	return map_publish(datapath, MAP_LINKS, &ifindex, link);
}

/* As xdp/mac.h reads it. */
static __u64 mac_number(const uint8_t mac[6])
{
	uint32_t head;
	uint16_t tail;

	memcpy(&head, mac, sizeof(head));
	memcpy(&tail, mac + sizeof(head), sizeof(tail));
	return head | (__u64)tail << 32;
}

int datapath_set_macs(struct datapath *datapath, uint32_t ifindex,
		      const uint8_t (*macs)[6], size_t count)
{
	uint32_t index = ifindex & (HG_MACS - 1);
	struct hg_macs entry = { 0 };
	const struct attachment *attachment;

	DL_FOREACH (datapath->attachments, attachment)
		if (!attachment->is_pod && attachment->view.ifindex != ifindex &&
		    (attachment->view.ifindex & (HG_MACS - 1)) == index)
			return -EEXIST;
	if (!count || count > HG_MACS_EACH)
		return map_put(datapath, MAP_MACS, index, &entry);
	entry.ifindex = ifindex;
	for (size_t i = 0; i < HG_MACS_EACH; i++)
		entry.macs[i] = mac_number(macs[i < count ? i : 0]);
	return map_put(datapath, MAP_MACS, index, &entry);
}
