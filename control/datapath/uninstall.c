/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leave nothing: programs off every interface of this network namespace, then pins, then
 * the folder. Needs no datapath and no ABI version: what is ours is known by its maps. The
 * folder's lock keeps out a daemon that uses it.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <time.h>
#include "../lib/cleanup.h"
#include "attach.h"
#include "pin.h"
#include "pin_dir.h"

#define GONE_STEP_NS 10000000L
#define GONE_STEPS   300U

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

/* The kernel lets go of what was detached and unpinned a grace period later. */
static uint32_t wait_for_programs(const struct owner *owner)
{
	const struct timespec step = { .tv_nsec = GONE_STEP_NS };
	uint32_t left = owner_find_program(owner);

	for (unsigned i = 0; left && i < GONE_STEPS; i++) {
		nanosleep(&step, NULL);
		left = owner_find_program(owner);
	}
	return left;
}

/* The maps stay: by them the programs are known where they still are. */
static int remove_pins(const char *pin_root, const struct owner *owner,
		       struct complaints *complaints)
{
	char text[64];
	int r = pins_remove_programs(pin_root);

	if (r < 0)
		return r;
	uint32_t left = wait_for_programs(owner);
	if (!left)
		return pins_remove(pin_root);
	complain(complaints, COMPLAINT_ERROR, NULL, NULL,
		 "%s is not removed: its programs (%s) are still attached in another "
		 "network namespace; run `nsenter --net=/run/netns/NAME headgated "
		 "--uninstall --pin-root %s` for that one, which also removes the pins",
		 pin_root, program_describe(left, text), pin_root);
	return -EBUSY;
}

static int uninstall(const char *pin_root, struct complaints *complaints)
{
	struct pins pins = { 0 };
	struct owner owner;
	int r = pins_list(pin_root, &pins);

	if (r == 0) {
		owner_of_pins(pin_root, &owner);
		r = detach_all(&owner, complaints);
	}
	if (r == 0)
		r = remove_pins(pin_root, &owner, complaints);
	if (r == 0 || complaints_have_errors(complaints))
		return r;
	if (pins.stranger[0])
		complain(complaints, COMPLAINT_ERROR, NULL, NULL,
			 "%s/%s is not Headgate's, so the folder stays: remove it, then "
			 "run this again",
			 pin_root, pins.stranger);
	else
		complain(complaints, COMPLAINT_ERROR, NULL, NULL,
			 "the pins in %s were not removed: %s; run this again as root",
			 pin_root, strerror(-r));
	return r;
}

int datapath_uninstall(const char *pin_root, struct complaints *complaints)
{
	_cleanup_close_ int folder = pin_dir_lock(
	    pin_root, "stop that one first, then run this again", complaints);

	if (folder < 0 && folder != -ENOENT)
		return folder;
	capture_begin();
	return uninstall(pin_root, complaints);
}
