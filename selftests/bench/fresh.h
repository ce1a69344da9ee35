/* SPDX-License-Identifier: BSD-2-Clause */
/* New flows: what their first packet costs, and the one that proves the client. */
#ifndef BENCH_FRESH_H
#define BENCH_FRESH_H

#include "run.h"

#define FRESH 65536U /* new flows per repeat */

/* Formats as run_name() takes them. */
struct fresh_names {
	const char *opening, *proof, *datagram;
};

/*
 * The tables are put back as they were after each repeat. In a world with policies also
 * without them, repeat by repeat: variant "no policy".
 */
void fresh_measure(struct run *run, const struct fresh_names *names);

#endif
