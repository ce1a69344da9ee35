/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces above an interface: the bridge or bond it is a port of, macvlans (VRRP's virtual
 * MACs are such) and VLANs, and what stands on these. While they are up, frames sent to their
 * MACs reach it and are for this machine.
 */
#include <string.h>
#include "state.h"

#define STOREYS 4 /* a macvlan on a VLAN on a bond of NICs */

/* Does a frame that reaches `below` come to `link`, if it is sent to its MAC? */
static bool is_above(const struct links *links, const struct link *link,
		     const struct link *below, int storeys)
{
	const struct link *next;

	if (!storeys)
		return false;
	if (link->lower && link->lower == below->view.ifindex)
		return true;
	if (below->master && below->master == link->view.ifindex)
		return true;
	next = below->master ? links_find(links, below->master) : NULL;
	if (next && is_above(links, link, next, storeys - 1))
		return true;
	next = link->lower ? links_find(links, link->lower) : NULL;
	return next && is_above(links, next, below, storeys - 1);
}

static bool is_among(const uint8_t mac[6], uint8_t (*macs)[6], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (memcmp(macs[i], mac, 6) == 0)
			return true;
	}
	return false;
}

size_t network_link_macs(const struct network *network, uint32_t ifindex,
			 uint8_t (*ret_macs)[6], size_t size)
{
	const struct links *links = &network->links;
	const struct link *own = links_find(links, ifindex);
	size_t count = 0;

	if (!own || !own->ethernet || !size)
		return 0;
	memcpy(ret_macs[count++], own->view.mac, 6);
	for (const struct link *link = links->by_index; link; link = link->hh.next) {
		if (!link->view.up || !link->ethernet ||
		    !is_above(links, link, own, STOREYS) ||
		    is_among(link->view.mac, ret_macs, count < size ? count : size))
			continue;
		if (count < size)
			memcpy(ret_macs[count], link->view.mac, 6);
		count++;
	}
	return count;
}
