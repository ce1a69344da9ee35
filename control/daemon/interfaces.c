/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces come and go; the hooks follow. Those named by --interface carry the NIC's
 * programs, those that match --pod-interfaces the pods'. An interface that returns under
 * the same name has another number: it is another interface.
 */
#include <errno.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "controller_state.h"

/* gcc's analyzer loses sight of what a hash table owns; ASan looks for leaks in the tests. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

static bool is_named(const struct controller *controller, const char *name)
{
	const struct text_list *names = &controller->options->interfaces;

	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->items[i], name) == 0)
			return true;
	}
	return false;
}

static void remove_interface(struct controller *controller, struct interface *interface)
{
	HASH_DEL(controller->interfaces, interface);
	complaints_clear(&interface->complaints);
	log_once_clear(&interface->logged);
	free(interface);
}

static void forget(struct controller *controller, struct interface *interface)
{
	int r = 0;

	if (controller->datapath && interface->attached)
		r = datapath_detach(controller->datapath, interface->link.ifindex);
	if (r < 0)
		log_warning("interface %s: not detached: %s", interface->link.name,
			    strerror(-r));
	log_once_update(&interface->logged, &(struct complaints){ 0 }); /* none stands */
	if (interface->is_nic)
		log_warning("interface %s is gone: it is attached again when it returns",
			    interface->link.name);
	remove_interface(controller, interface);
	controller->due.interfaces = true;
	controller_schedule(controller);
}

static void tell_link(struct controller *controller, const struct interface *interface)
{
	const struct network_link *from = &interface->link;
	struct hg_link link = { .flags = interface->is_nic ? HG_LINK_NIC : HG_LINK_POD,
				.mtu = from->mtu };

	memcpy(link.mac, from->mac, sizeof(link.mac));
	int r = datapath_set_link(controller->datapath, from->ifindex, &link);

	if (r < 0)
		log_error("interface %s: its address and MTU are not programmed: %s",
			  from->name, strerror(-r));
}

/* Why an interface takes the frames of all. */
static const char *macs_obstacle(int r)
{
	if (r == -EEXIST)
		return "its interface index and that of another NIC of ours differ by a "
		       "multiple of 256 (see 'ip link'; a reboot numbers them anew)";
	return r < 0 ? strerror(-r)
		     : "more than six interfaces with MACs of their own stand on it";
}

/* A NIC takes the frames that are sent to it or to an interface above it. */
static void tell_macs(struct controller *controller, struct interface *interface)
{
	uint8_t macs[HG_MACS_EACH][6] = { 0 };
	size_t count = network_link_macs(controller->network, interface->link.ifindex,
					 macs, HG_MACS_EACH);

	if (interface->told && count == interface->mac_count &&
	    memcmp(macs, interface->macs, sizeof(macs)) == 0)
		return;
	int r =
	    datapath_set_macs(controller->datapath, interface->link.ifindex, macs, count);
	if (r < 0 || count > HG_MACS_EACH)
		log_warning("interface %s: frames that are sent to other machines are "
			    "balanced too, because %s: keep it out of promiscuous mode",
			    interface->link.name, macs_obstacle(r));
	interface->told = true;
	interface->mac_count = count;
	memcpy(interface->macs, macs, sizeof(macs));
}

/* Some interface came, changed or went: those that stand on a NIC may be others. */
static void review_macs(struct controller *controller)
{
	struct interface *interface, *after;

	if (!controller->datapath)
		return;
	HASH_ITER (hh, controller->interfaces, interface, after) {
		if (interface->is_nic && interface->attached)
			tell_macs(controller, interface);
	}
}

static struct interface *add_interface(struct controller *controller,
				       const struct network_link *link)
{
	struct interface *interface = calloc(1, sizeof(*interface));

	if (interface) {
		interface->link = *link;
		HASH_ADD(hh, controller->interfaces, link.ifindex, sizeof(uint32_t),
			 interface);
	}
	if (interface && interface->hh.tbl)
		return interface;
	log_error("interface %s: not attached: out of memory", link->name);
	free(interface);
	return NULL;
}

static void follow(struct controller *controller, const struct network_link *link,
		   bool present)
{
	bool is_nic = is_named(controller, link->name);
	bool wanted = present && (is_nic || link->is_pod);
	struct interface *interface;

	controller->due.pods = true;
	HASH_FIND(hh, controller->interfaces, &link->ifindex, sizeof(link->ifindex),
		  interface);
	/* A renamed interface may have lost, changed or won its place. */
	if (interface && (!wanted || interface->is_nic != is_nic)) {
		forget(controller, interface);
		interface = NULL;
	}
	if (!wanted)
		return;
	if (!interface)
		interface = add_interface(controller, link);
	if (!interface)
		return;
	interface->is_nic = is_nic;
	interface->link = *link;
	if (controller->datapath && interface->attached)
		tell_link(controller, interface);
	controller->due.interfaces = true;
	controller_schedule(controller);
}

void interfaces_event(void *context, const struct network_link *link, bool present)
{
	struct controller *controller = context;

	follow(controller, link, present);
	review_macs(controller);
}

static void attach(struct controller *controller, struct interface *interface)
{
	struct complaints complaints = { 0 };
	const struct network_link *link = &interface->link;
	const struct about about = { .kind = ABOUT_INTERFACE,
				     .cause = CAUSE_NOT_APPLIED,
				     .name = link->name };
	int r;

	tell_link(controller, interface);
	if (interface->is_nic)
		r = datapath_attach_nic(controller->datapath, link->ifindex, link->name,
					&complaints);
	else
		r = datapath_attach_pod(controller->datapath, link->ifindex, link->name,
					&complaints);
	if (r < 0 && !complaints_have_errors(&complaints))
		complain(&complaints, COMPLAINT_ERROR, NULL, &about,
			 "not attached (%s): it is tried again", strerror(-r));
	interface->attached = r == 0;
	if (interface->is_nic && interface->attached)
		tell_macs(controller, interface);
	if (r < 0)
		controller_failed(controller, &interface->retry);
	else
		controller_succeeded(&interface->retry);
	log_once_update(&interface->logged, &complaints);
	complaints_clear(&interface->complaints);
	interface->complaints = complaints;
	if (r == 0)
		log_info("interface %s: attached as %s", link->name,
			 interface->is_nic ? "network interface" : "pod interface");
}

static bool exists(const struct controller *controller, const char *name)
{
	for (const struct interface *interface = controller->interfaces; interface;
	     interface = interface->hh.next) {
		if (strcmp(interface->link.name, name) == 0)
			return true;
	}
	return false;
}

static void review_missing(struct controller *controller)
{
	const struct text_list *names = &controller->options->interfaces;
	struct complaints missing = { 0 };

	for (size_t i = 0; i < names->count; i++) {
		if (!exists(controller, names->items[i]))
			complain(&missing, COMPLAINT_ERROR, NULL,
				 &(const struct about){ .cause = CAUSE_MISSING },
				 "interface %s does not exist: it is attached when it "
				 "appears, "
				 "'ip link' lists those that do",
				 names->items[i]);
	}
	log_once_update(&controller->missing_logged, &missing);
	complaints_clear(&controller->missing);
	controller->missing = missing;
}

void interfaces_attach(struct controller *controller)
{
	struct interface *interface, *after;

	HASH_ITER (hh, controller->interfaces, interface, after) {
		if (!interface->attached && !interface->retry.failures)
			attach(controller, interface);
	}
	review_missing(controller);
}

size_t interfaces_attached(const struct controller *controller)
{
	size_t count = 0;

	for (const struct interface *interface = controller->interfaces; interface;
	     interface = interface->hh.next)
		count += interface->attached;
	return count;
}

uint64_t interfaces_retry(struct controller *controller, uint64_t now_ms)
{
	uint64_t next_ms = UINT64_MAX;
	struct interface *interface, *after;

	HASH_ITER (hh, controller->interfaces, interface, after) {
		if (interface->retry.failures && interface->retry.due_ms <= now_ms)
			attach(controller, interface);
		if (interface->retry.failures && interface->retry.due_ms < next_ms)
			next_ms = interface->retry.due_ms;
	}
	return next_ms;
}

void interfaces_clear(struct controller *controller)
{
	struct interface *interface, *after;

	HASH_ITER (hh, controller->interfaces, interface, after) {
		remove_interface(controller, interface);
	}
	complaints_clear(&controller->missing);
	log_once_clear(&controller->missing_logged);
}
