/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XDP shared with other programs through libxdp's dispatcher. Needs extension programs in
 * the kernel (probed), and a libxdp whose dispatcher may carry a program that moves the
 * packet's start (tried: on refusal the caller attaches directly). Each interface gets an
 * instance of the object of its own, because an extension is loaded for one dispatcher.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "attach.h"
/* Both headers have an enumerator of this name; here it is needed from both. */
#define XDP_MODE_NATIVE LIBXDP_MODE_NATIVE
#include <xdp/libxdp.h>
#undef XDP_MODE_NATIVE

bool dispatcher_is_possible(char *ret_why, size_t size)
{
	if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_EXT, NULL) == 1)
		return true;
	snprintf(ret_why, size,
		 "attached directly: this kernel has no extension programs for libxdp's "
		 "dispatcher");
	return false;
}

static void quiet(void)
{
	libxdp_set_print(NULL);
}

/* Asked before libxdp is, which keeps descriptors of a program that is no dispatcher. */
static bool is_dispatcher(uint32_t ifindex)
{
	struct xdp_present present;
	char name[64];

	if (direct_query(ifindex, &present) < 0)
		return false;
	program_describe(present.native ?: present.generic, name);
	return strncmp(name, "xdp_dispatcher,", 15) == 0;
}

bool dispatcher_is_there(uint32_t ifindex)
{
	if (!is_dispatcher(ifindex))
		return false;
	quiet();
	struct xdp_multiprog *multi = xdp_multiprog__get_from_ifindex((int)ifindex);
	bool there =
	    !libxdp_get_error(multi) && multi && !xdp_multiprog__is_legacy(multi);

	if (!libxdp_get_error(multi))
		xdp_multiprog__close(multi);
	return there;
}

/* Programs of ours other than `but` (an id). */
static int remove_ours(uint32_t ifindex, const struct owner *owner, uint32_t but)
{
	if (!is_dispatcher(ifindex))
		return 0;
	struct xdp_multiprog *multi = xdp_multiprog__get_from_ifindex((int)ifindex);
	struct xdp_program *program = NULL;
	int failed = 0;

	if (libxdp_get_error(multi) || !multi)
		return 0;
	enum xdp_attach_mode mode = xdp_multiprog__attach_mode(multi);
	while (!xdp_multiprog__is_legacy(multi) &&
	       (program = xdp_multiprog__next_prog(program, multi))) {
		uint32_t id = xdp_program__id(program);

		if (id == but || !owner_has_program(owner, id))
			continue;
		int r = xdp_program__detach(program, (int)ifindex, mode, 0);
		failed = r < 0 ? r : failed;
	}
	xdp_multiprog__close(multi);
	return failed;
}

int dispatcher_attach(struct datapath *datapath, uint32_t ifindex,
		      const struct owner *owner, struct complaints *complaints)
{
	enum xdp_attach_mode mode = datapath->options.xdp_mode == XDP_MODE_GENERIC
					? XDP_MODE_SKB
					: LIBXDP_MODE_NATIVE;
	struct bpf_object *object;
	int r = load_open_nic(datapath, complaints, &object);

	if (r < 0)
		return r;
	quiet();
	struct xdp_program *program = xdp_program__from_bpf_obj(object, "xdp");
	r = (int)libxdp_get_error(program);
	if (r < 0) {
		bpf_object__close(object);
		return r;
	}
	/* The new one joins before the old one leaves: no packet passes between. */
	r = xdp_program__attach(program, (int)ifindex, mode, 0);
	if (r == 0 && !dispatcher_is_there(ifindex))
		r = -EOPNOTSUPP;
	if (r == 0)
		r = remove_ours(ifindex, owner, xdp_program__id(program));
	xdp_program__close(program);
	bpf_object__close(object);
	return r;
}

int dispatcher_detach(uint32_t ifindex, const struct owner *owner)
{
	quiet();
	return remove_ours(ifindex, owner, 0);
}
