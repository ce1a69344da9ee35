/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces. A NIC gets its tc program first and XDP second, since XDP hands packets on
 * to tc. XDP goes through libxdp where its dispatcher works, else directly; a program of
 * somebody else is never replaced; one of ours (an earlier daemon's) is, without a gap.
 */
#include "attach.h"
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <bpf/bpf.h>
#include "../lib/cleanup.h"
#include "addresses.h"
#include "program.h"

struct xdp_request {
	struct datapath *datapath;
	uint32_t ifindex;
	const char *name;
	const struct owner *owner;
	struct complaints *complaints;
	struct datapath_attachment *view; /* mode and remark are filled in */
	bool dispatched;
};

static struct attachment *find_attachment(const struct datapath *datapath,
					  uint32_t ifindex)
{
	struct attachment *attachment;

	DL_FOREACH (datapath->attachments, attachment)
		if (attachment->view.ifindex == ifindex)
			return attachment;
	return NULL;
}

static void remark(struct datapath_attachment *view, const char *text)
{
	size_t length = strlen(view->remark);

	snprintf(view->remark + length, sizeof(view->remark) - length, "%s%s",
		 length ? "; " : "", text);
}

static bool is_veth(const char *name)
{
	struct ethtool_drvinfo driver = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request = { .ifr_data = (char *)&driver };
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return fd >= 0 && ioctl(fd, SIOCETHTOOL, &request) == 0 &&
	       !strcmp(driver.driver, "veth");
}

static int refuse_foreign(const struct xdp_request *request, uint32_t program_id)
{
	char text[64];

	complain(request->complaints, COMPLAINT_ERROR, NULL, NULL,
		 "interface %s carries another XDP program (%s) that is not shared by "
		 "libxdp: remove it with `ip link set dev %s xdp off`, or choose another "
		 "interface",
		 request->name, program_describe(program_id, text), request->name);
	return -EBUSY;
}

static int refuse_shared(const struct xdp_request *request, const char *why)
{
	complain(request->complaints, COMPLAINT_ERROR, NULL, NULL,
		 "interface %s is shared by libxdp's dispatcher, which does not take "
		 "Headgate's program: %s; remove the others with `xdp-loader unload %s "
		 "--all`, or choose another interface",
		 request->name, why, request->name);
	return -EBUSY;
}

static int complain_xdp(const struct xdp_request *request, int error)
{
	const char *said = capture_kernel_message();
	bool native = request->datapath->options.xdp_mode == XDP_MODE_NATIVE;
	const char *remedy = "see the kernel log";

	if (error == -EOPNOTSUPP && native)
		remedy = "its driver has no native XDP, give --xdp-mode generic or "
			 "another interface";
	else if (error == -EBUSY || error == -EEXIST)
		remedy = "another program took it meanwhile, `ip link show` names it";
	else if (error == -ENODEV)
		remedy = "it vanished, and is tried again when it returns";
	else if (error == -EPERM)
		remedy = "run as root or with CAP_NET_ADMIN";
	else if (native)
		remedy = "lower its MTU, switch off LRO (ethtool -K), or give --xdp-mode "
			 "generic";
	complain(request->complaints, COMPLAINT_ERROR, NULL, NULL,
		 "XDP was not attached to interface %s: %s%s%s; %s", request->name,
		 strerror(-error), *said ? ": " : "", said, remedy);
	return error;
}

static uint32_t program_id_of(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) < 0 ? 0 : info.id;
}

/* `present`: a program of ours, or nothing. */
static int attach_directly(struct xdp_request *request, const struct xdp_present *present)
{
	struct datapath *datapath = request->datapath;
	bool generic = datapath->options.xdp_mode == XDP_MODE_GENERIC;
	uint32_t same_mode = generic ? present->generic : present->native;
	uint32_t other_mode = generic ? present->native : present->generic;
	int r = 0;

	snprintf(request->view->mode, sizeof(request->view->mode), "%s",
		 generic ? "generic" : "native");
	if (same_mode && same_mode == program_id_of(program_fd(datapath, PROGRAM_NIC)))
		return 0;
	/* The kernel takes no program in one mode beside one in the other. */
	if (other_mode)
		r = direct_detach(request->ifindex, other_mode,
				  generic ? XDP_MODE_NATIVE : XDP_MODE_GENERIC);
	capture_begin();
	if (r == 0)
		r = direct_attach(datapath, request->ifindex, same_mode);
	return r < 0 ? complain_xdp(request, r) : 0;
}

static int attach_dispatched(struct xdp_request *request, char ret_why[DISPATCHER_WHY])
{
	struct datapath *datapath = request->datapath;
	bool generic = datapath->options.xdp_mode == XDP_MODE_GENERIC;
	int r = dispatcher_attach(datapath, request->ifindex, request->owner,
				  request->complaints, ret_why);

	if (r < 0)
		return r;
	request->dispatched = true;
	snprintf(request->view->mode, sizeof(request->view->mode), "%s",
		 generic ? "generic by libxdp's dispatcher"
			 : "native by libxdp's dispatcher");
	return 0;
}

/* Others are there already. */
static int join_dispatcher(struct xdp_request *request)
{
	const struct attachment *known =
	    find_attachment(request->datapath, request->ifindex);
	char why[DISPATCHER_WHY];

	if (!known || !known->dispatched) {
		int r = attach_dispatched(request, why);
		return r < 0 ? refuse_shared(request, why) : 0;
	}
	request->dispatched = true;
	memcpy(request->view->mode, known->view.mode, sizeof(known->view.mode));
	return 0;
}

static int attach_xdp(struct xdp_request *request)
{
	struct xdp_present present;
	char why[DISPATCHER_WHY], text[DISPATCHER_WHY + 32];
	int r = direct_query(request->ifindex, &present);

	if (r < 0)
		return complain_xdp(request, r);
	uint32_t program = present.native ?: present.generic;
	bool is_ours = program && owner_has_program(request->owner, program);
	if (present.multi)
		return refuse_foreign(request, program);
	if (program && !is_ours)
		return dispatcher_is_there(request->ifindex)
			   ? join_dispatcher(request)
			   : refuse_foreign(request, program);
	if (!dispatcher_is_possible(text, sizeof(text))) {
		remark(request->view, text);
		return attach_directly(request, &present);
	}
	/* One of ours that is there directly is replaced directly: without a gap. */
	if (!program) {
		r = attach_dispatched(request, why);
		if (r == 0)
			return 0;
		snprintf(text, sizeof(text), "attached directly: %s", why);
		remark(request->view, text);
	}
	return attach_directly(request, &present);
}

static int remember(struct datapath *datapath, const struct datapath_attachment *view,
		    bool is_pod, bool dispatched)
{
	struct attachment *attachment = find_attachment(datapath, view->ifindex);

	if (!attachment) {
		attachment = calloc(1, sizeof(*attachment));
		if (!attachment)
			return -ENOMEM;
		DL_APPEND(datapath->attachments, attachment);
	}
	attachment->view = *view;
	attachment->is_pod = is_pod;
	attachment->dispatched = dispatched;
	return hops_rewrite(datapath, view->ifindex);
}

int datapath_attach_nic(struct datapath *datapath, uint32_t ifindex, const char *name,
			struct complaints *complaints)
{
	struct datapath_attachment view = { .ifindex = ifindex };
	struct owner owner;

	snprintf(view.name, sizeof(view.name), "%s", name);
	owner_of_pins(datapath->pin_root, &owner);
	struct xdp_request request = { .datapath = datapath,
				       .ifindex = ifindex,
				       .name = name,
				       .owner = &owner,
				       .complaints = complaints,
				       .view = &view };
	int r = tc_attach(datapath, ifindex, false, PROGRAM_NIC_TC, complaints);
	if (r < 0)
		return r;
	r = attach_xdp(&request);
	if (r < 0)
		return r;
	if (!datapath->config.frags)
		remark(&view, "frames must fit a page: this kernel has no multi-buffer "
			      "XDP (Linux 5.18)");
	if (is_veth(name))
		remark(&view, "driver veth: frames need full checksums, `ethtool -K PEER "
			      "tx off`");
	return remember(datapath, &view, false, request.dispatched);
}

int datapath_attach_pod(struct datapath *datapath, uint32_t ifindex, const char *name,
			struct complaints *complaints)
{
	struct datapath_attachment view = { .ifindex = ifindex, .mode = "tc" };
	/* What reaches an isolated pod is judged before what it answers. */
	int r = tc_attach(datapath, ifindex, true, PROGRAM_POD_IN, complaints);

	if (r == 0)
		r = tc_attach(datapath, ifindex, false, PROGRAM_POD_OUT, complaints);
	if (r < 0)
		return r;
	snprintf(view.name, sizeof(view.name), "%s", name);
	return remember(datapath, &view, true, false);
}

int datapath_detach(struct datapath *datapath, uint32_t ifindex)
{
	struct attachment *attachment = find_attachment(datapath, ifindex);
	struct owner owner;

	owner_of_pins(datapath->pin_root, &owner);
	int r = detach_interface(ifindex, &owner);
	int forgotten = bpf_map_delete_elem(datapath->fds[MAP_LINKS], &ifindex);
	if (attachment && !attachment->is_pod)
		datapath_set_macs(datapath, ifindex, NULL, 0);
	if (attachment) {
		DL_DELETE(datapath->attachments, attachment);
		free(attachment);
	}
	int rewritten = hops_rewrite(datapath, ifindex);
	if (r == 0 && forgotten < 0 && forgotten != -ENOENT)
		r = forgotten;
	return r < 0 ? r : rewritten;
}

size_t datapath_attachments(const struct datapath *datapath,
			    struct datapath_attachment *ret, size_t size)
{
	const struct attachment *attachment;
	size_t count = 0;

	DL_FOREACH (datapath->attachments, attachment) {
		if (count < size)
			ret[count] = attachment->view;
		count++;
	}
	return count < size ? count : size;
}
