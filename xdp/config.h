/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Configuration: constants that the control process sets before load, so that the
 * verifier prunes what is not asked for.
 */
#ifndef XDP_CONFIG_H
#define XDP_CONFIG_H

#include <headgate/abi.h>
#include <bpf/bpf_helpers.h>
#include "order.h"

const volatile struct hg_config hg_config SEC(".rodata.config") = {
	.jiffy_ns = 4000000,
	.flow_mask = 524288 - 1,
	.embryo_mask = 65536 - 1,
	.backends = 131072,
	.stats_own = 2,
	.port_first = 1024,
	.port_last = 29999,
	.answers_per_tick = 64,
	.weak_order = ORDER_WEAK,
};

#endif
