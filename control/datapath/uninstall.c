/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leave nothing: programs off every interface of this network namespace, then pins, then
 * the folder. Needs no datapath and no ABI version: what is ours is known by its maps.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include "attach.h"
#include "pin.h"

static int detach_xdp(uint32_t ifindex, const struct owner *owner)
{
	struct xdp_present present;
	int r = direct_query(ifindex, &present);

	if (r < 0)
		return r == -ENODEV ? 0 : r;
	if (owner_has_program(owner, present.native))
		r = direct_detach(ifindex, present.native, XDP_MODE_NATIVE);
	if (r == 0 && owner_has_program(owner, present.generic))
		r = direct_detach(ifindex, present.generic, XDP_MODE_GENERIC);
	if (r == 0 && (present.native || present.generic))
		r = dispatcher_detach(ifindex, owner);
	return r == -ENODEV ? 0 : r;
}

/* XDP first: it hands packets on to tc. */
int detach_interface(uint32_t ifindex, const struct owner *owner)
{
	int r = detach_xdp(ifindex, owner);
	int ingress = tc_detach(ifindex, false, owner);
	int egress = tc_detach(ifindex, true, owner);
	int tidied = tc_tidy(ifindex);

	if (r == 0)
		r = ingress < 0 ? ingress : egress;
	return r < 0 ? r : tidied;
}

static bool carries_ours(uint32_t ifindex, const struct owner *owner)
{
	return tc_has(ifindex, false, owner) || tc_has(ifindex, true, owner);
}

static int detach_all(const struct owner *owner, struct complaints *complaints)
{
	struct if_nameindex *names = if_nameindex();
	int failed = 0;

	if (!names)
		return -errno;
	for (const struct if_nameindex *one = names; one->if_index; one++) {
		int r = detach_xdp(one->if_index, owner);

		if (r == 0 && carries_ours(one->if_index, owner))
			r = detach_interface(one->if_index, owner);
		if (r == 0)
			continue;
		failed = r;
		complain(complaints, COMPLAINT_ERROR, NULL, NULL,
			 "programs were not removed from interface %s: %s; run it again "
			 "as root, or remove them with `ip link set dev %s xdp off`",
			 one->if_name, strerror(-r), one->if_name);
	}
	if_freenameindex(names);
	return failed;
}

int datapath_uninstall(const char *pin_root, struct complaints *complaints)
{
	struct pins pins = { 0 };
	struct owner owner;

	capture_begin();
	int r = pins_list(pin_root, &pins);
	if (r == 0) {
		owner_of_pins(pin_root, &owner);
		/* Another folder's programs have the same names: only the usual folder
		 * may be missing while its programs are still attached. */
		owner.by_name = owner.by_name && !strcmp(pin_root, DATAPATH_PIN_ROOT);
		r = detach_all(&owner, complaints);
		if (r < 0)
			return r;
		r = pins_remove(pin_root);
	}
	if (r < 0)
		complain(complaints, COMPLAINT_ERROR, NULL, NULL,
			 "the pins in %s were not removed: %s; run it again as root%s%s",
			 pin_root, strerror(-r),
			 pins.stranger[0] ? " after removing " : "", pins.stranger);
	return r;
}
