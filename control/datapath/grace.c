/* SPDX-License-Identifier: BSD-2-Clause */
#include "grace.h"
#include <errno.h>
#include <linux/membarrier.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "../lib/cleanup.h"
#include "../lib/log.h"

static enum grace_means means;
static int outer = -1, inner = -1; /* of GRACE_MAP */

static int wait_by_membarrier(void)
{
	return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0 ? -errno : 0;
}

/* Nothing is allocated for it. */
static int wait_by_map(void)
{
	uint32_t zero = 0;

	return bpf_map_update_elem(outer, &zero, &inner, BPF_ANY);
}

static int open_map(void)
{
	_cleanup_close_ int leaf =
	    bpf_map_create(BPF_MAP_TYPE_ARRAY, "headgate_leaf", 4, 4, 1, NULL);
	LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = (uint32_t)leaf);

	if (leaf < 0)
		return leaf;
	_cleanup_close_ int root = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS,
						  "headgate_grace", 4, 4, 1, &options);
	if (root < 0)
		return root;
	outer = TAKE_FD(root);
	inner = TAKE_FD(leaf);
	return 0;
}

int grace_open(enum grace_means first)
{
	int r;

	if (first <= GRACE_MEMBARRIER && wait_by_membarrier() == 0) {
		means = GRACE_MEMBARRIER;
		return 0;
	}
	r = outer < 0 ? open_map() : 0;
	if (r == 0)
		r = wait_by_map();
	if (r == 0)
		means = GRACE_MAP;
	return r;
}

enum grace_means grace_means(void)
{
	return means;
}

/* What served once always does; going on without would let programs read what is reused. */
void grace_wait(void)
{
	int r = means == GRACE_MAP ? wait_by_map() : wait_by_membarrier();

	if (r == 0)
		return;
	log_error(
	    "the kernel no longer says when its programs have let go of old entries: "
	    "%s; headgated ends, and what is in force stays: restart it",
	    strerror(-r));
	abort();
}
