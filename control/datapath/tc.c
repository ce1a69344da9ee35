/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc programs: clsact filters at a fixed priority and handle, replaced in place, so they
 * outlive this process. A filter of somebody else at that place is left alone.
 */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <bpf/bpf.h>
#include "attach.h"
#include "program.h"

#define TC_HANDLE   0x4847U /* "HG" */
#define TC_PRIORITY 10U	    /* early: before filters without a priority (49152) */

/* libbpf refuses a hook whose padding is not zero: an initialiser leaves that open. */
static struct bpf_tc_hook hook_of(uint32_t ifindex, bool egress)
{
	struct bpf_tc_hook hook;

	memset(&hook, 0, sizeof(hook));
	hook.sz = sizeof(hook);
	hook.ifindex = (int)ifindex;
	hook.attach_point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS;
	return hook;
}

static uint32_t present_program(const struct bpf_tc_hook *hook)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .priority = TC_PRIORITY);

	capture_begin();
	return bpf_tc_query(hook, &options) < 0 ? 0 : options.prog_id;
}

struct link_name {
	char text[IF_NAMESIZE];
};

/* One that has vanished has only its number. */
static struct link_name name_of(uint32_t ifindex)
{
	struct link_name name;

	if (!if_indextoname(ifindex, name.text))
		snprintf(name.text, sizeof(name.text), "%u", ifindex);
	return name;
}

static int complain_tc(uint32_t ifindex, enum program program, int error,
		       struct complaints *complaints)
{
	const char *said = capture_kernel_message();

	if (error == -ENODEV)
		complain(complaints, COMPLAINT_ERROR, NULL, NULL,
			 "interface %s vanished while tc program %s was attached: it is "
			 "tried again when it returns",
			 name_of(ifindex).text, program_name(program));
	else
		complain(complaints, COMPLAINT_ERROR, NULL, NULL,
			 "tc program %s was not attached to interface %s: %s%s%s; the "
			 "kernel needs CONFIG_NET_CLS_BPF and CONFIG_NET_SCH_INGRESS",
			 program_name(program), name_of(ifindex).text, strerror(-error),
			 *said ? ": " : "", said);
	return error;
}

static int refuse_foreign(uint32_t ifindex, bool egress, uint32_t program_id,
			  struct complaints *complaints)
{
	const char *side = egress ? "egress" : "ingress";
	struct link_name name = name_of(ifindex);
	char text[64];

	complain(
	    complaints, COMPLAINT_ERROR, NULL, NULL,
	    "interface %s has another tc filter (%s) at %s priority %u, handle 0x%x, "
	    "which Headgate uses: move that one, or remove it with "
	    "`tc filter del dev %s %s pref %u`",
	    name.text, program_describe(program_id, text), side, TC_PRIORITY, TC_HANDLE,
	    name.text, side, TC_PRIORITY);
	return -EBUSY;
}

int tc_attach(const struct datapath *datapath, uint32_t ifindex, bool egress,
	      enum program program, struct complaints *complaints)
{
	struct bpf_tc_hook hook = hook_of(ifindex, egress);
	struct bpf_tc_hook both = hook;
	uint32_t present = present_program(&hook);
	struct owner owner;

	owner_of_pins(datapath->pin_root, &owner);
	if (present && !owner_has_program(&owner, present))
		return refuse_foreign(ifindex, egress, present, complaints);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .priority = TC_PRIORITY,
		    .prog_fd = program_fd(datapath, program), .flags = BPF_TC_F_REPLACE);
	both.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	capture_begin();
	int r = bpf_tc_hook_create(&both);
	if (r == 0 || r == -EEXIST) {
		capture_begin();
		r = bpf_tc_attach(&hook, &options);
	}
	return r < 0 ? complain_tc(ifindex, program, r, complaints) : 0;
}

bool tc_has(uint32_t ifindex, bool egress, const struct owner *owner)
{
	struct bpf_tc_hook hook = hook_of(ifindex, egress);
	uint32_t present = present_program(&hook);

	return present && owner_has_program(owner, present);
}

int tc_detach(uint32_t ifindex, bool egress, const struct owner *owner)
{
	struct bpf_tc_hook hook = hook_of(ifindex, egress);
	uint32_t present = present_program(&hook);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = TC_HANDLE, .priority = TC_PRIORITY);

	if (!present || !owner_has_program(owner, present))
		return 0;
	capture_begin();
	int r = bpf_tc_detach(&hook, &options);
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

static int count_filter(const struct nlmsghdr *header, void *context)
{
	unsigned *count = context;

	if (header->nlmsg_type == RTM_NEWTFILTER)
		++*count;
	return MNL_CB_OK;
}

/* How many filters hang on one side of clsact, or -errno. */
static int count_filters(uint32_t ifindex, uint32_t parent)
{
	char buffer[8192];
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	unsigned count = 0;

	if (!socket)
		return -errno;
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	header->nlmsg_type = RTM_GETTFILTER;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	struct tcmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
	message->tcm_family = AF_UNSPEC;
	message->tcm_ifindex = (int)ifindex;
	message->tcm_parent = parent;
	int r = (int)mnl_socket_sendto(socket, header, header->nlmsg_len);
	for (int state = MNL_CB_OK; r >= 0 && state > MNL_CB_STOP;) {
		r = (int)mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (r <= 0)
			break;
		state = mnl_cb_run(buffer, (size_t)r, 0, 0, count_filter, &count);
		r = state < 0 ? -1 : r;
	}
	r = r < 0 ? -errno : (int)count;
	mnl_socket_close(socket);
	return r;
}

int tc_tidy(uint32_t ifindex)
{
	struct bpf_tc_hook hook = hook_of(ifindex, false);
	uint32_t ingress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
	uint32_t egress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);

	/* An error here also says that there is no clsact, or no interface. */
	if (count_filters(ifindex, ingress) || count_filters(ifindex, egress))
		return 0;
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	capture_begin();
	int r = bpf_tc_hook_destroy(&hook);
	return r == -ENOENT || r == -EINVAL || r == -ENODEV ? 0 : r;
}
