/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Samples of a scenario, and its rows on standard output: one JSON object per line, as
 * report.py reads them. A sample is the mean time of one run in a batch.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "stage.h"

#define BATCH 16384U /* runs per sample */

struct samples {
	double *items;
	size_t count, room;
};

void samples_add(struct samples *samples, double value);
void samples_clear(struct samples *samples);

struct scenario {
	const char *name;
	uint32_t services, flows;
};

/* What is left of a variant's samples when those of the harness alone are taken away. */
void measure_print(const struct scenario *scenario, const char *variant,
		   struct samples *samples, struct samples *harness);

/*
 * The stage's list, run by the yardsticks and by the program under test at a hook, one
 * after the other, repeats times; then a row for each.
 */
struct subject {
	enum hook hook;
	uint32_t count;	  /* of the list */
	uint32_t verdict; /* expected of the last packet of a batch */
	unsigned repeats;
	bool yardsticks; /* false: they do not apply to these packets */
};
void measure_list(struct stage *stage, const struct scenario *scenario,
		  const struct subject *subject);

/* Does the user want this scenario? Patterns as in the shell; without any: all. */
bool measure_wants(const char *scenario);
void measure_want(char **patterns, int count);

#endif
