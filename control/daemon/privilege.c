/* SPDX-License-Identifier: BSD-2-Clause */
#include <cap-ng.h>
#include <errno.h>
#include <stddef.h>
#include <sys/resource.h>

#include "../lib/log.h"
#include "privilege.h"

/*
 * CAP_SYS_ADMIN stays: opening a BPF object by its number (to find our programs in
 * libxdp's dispatcher when an interface returns) takes nothing less, on every kernel.
 * CAP_DAC_READ_SEARCH stays: the folder of manifests may be another user's.
 */
static const unsigned kept[] = { CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN,
				 CAP_DAC_READ_SEARCH };

bool privilege_check(void)
{
	bool may_bpf = capng_have_capability(CAPNG_EFFECTIVE, CAP_BPF) ||
		       capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN);

	if (may_bpf && capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN))
		return true;
	log_error("the privileges to attach programs are missing: run as root, or with "
		  "CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN");
	return false;
}

int privilege_raise_memlock(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	return setrlimit(RLIMIT_MEMLOCK, &all) < 0 ? -errno : 0;
}

int privilege_drop(void)
{
	if (capng_get_caps_process() < 0)
		return -EIO;
	/* Never ask for more than we were given, by systemd or a container. */
	int have[sizeof(kept) / sizeof(*kept)];

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		have[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		if (have[i] && capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
					    kept[i]) < 0)
			return -EINVAL;
	}
	return capng_apply(CAPNG_SELECT_CAPS) < 0 ? -EPERM : 0;
}
