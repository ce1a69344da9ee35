/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XDP attached by netlink, without a link object: it outlives this process, and a new
 * daemon replaces the program by naming the old one, in one step.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <bpf/bpf.h>
#include "../lib/cleanup.h"
#include "attach.h"
#include "program.h"

int direct_query(uint32_t ifindex, struct xdp_present *ret_present)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int r = bpf_xdp_query((int)ifindex, 0, &query);

	if (r < 0)
		return r;
	*ret_present = (struct xdp_present){
		.native = query.drv_prog_id ?: query.hw_prog_id,
		.generic = query.skb_prog_id,
		.multi = query.hw_prog_id || (query.drv_prog_id && query.skb_prog_id),
	};
	return 0;
}

static uint32_t mode_flag(enum xdp_mode mode)
{
	return mode == XDP_MODE_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
}

int direct_attach(struct datapath *datapath, uint32_t ifindex, uint32_t old)
{
	uint32_t flags = mode_flag(datapath->options.xdp_mode);
	int fd = program_fd(datapath, PROGRAM_NIC);
	LIBBPF_OPTS(bpf_xdp_attach_opts, options);

	if (!old)
		return bpf_xdp_attach((int)ifindex, fd,
				      flags | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);
	_cleanup_close_ int old_fd = bpf_prog_get_fd_by_id(old);
	if (old_fd < 0)
		return old_fd;
	options.old_prog_fd = old_fd;
	return bpf_xdp_attach((int)ifindex, fd, flags | XDP_FLAGS_REPLACE, &options);
}

int direct_detach(uint32_t ifindex, uint32_t program_id, enum xdp_mode mode)
{
	LIBBPF_OPTS(bpf_xdp_attach_opts, options);
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(program_id);

	if (fd < 0)
		return fd;
	options.old_prog_fd = fd;
	return bpf_xdp_detach((int)ifindex, mode_flag(mode) | XDP_FLAGS_REPLACE,
			      &options);
}
