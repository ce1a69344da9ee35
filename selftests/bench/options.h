/* SPDX-License-Identifier: BSD-2-Clause */
/* What the program runs are asked to measure. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#define LIST_MAX 8

struct options {
	uint32_t flows[LIST_MAX], services[LIST_MAX]; /* rising */
	size_t flow_counts, service_counts;
	unsigned repeats;
};

/* Read the command line, pin the CPU it names (else the last) and tell measure.h which
 * scenarios are wanted. Ends the program when it cannot be read. */
void options_read(int argc, char **argv, struct options *ret_options);

#endif
