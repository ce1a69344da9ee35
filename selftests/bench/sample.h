/* SPDX-License-Identifier: BSD-2-Clause */
/* Measured values and the one line of JSON that tells them to the bench. */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include <stddef.h>

#define SAMPLES_MOST 1024

struct samples {
	double values[SAMPLES_MOST];
	size_t count;
};

/* What was measured; a number that does not apply is 0 and left out of the line. */
struct subject {
	const char *part, *scenario, *variant;
	unsigned services, flows, cores;
};

/* Beyond SAMPLES_MOST values are left out. */
void sample_add(struct samples *samples, double value);
/* Sorts. Nothing is printed without values. */
void sample_print(const struct subject *subject, const char *unit,
		  struct samples *samples);
/* Lower is better for all but rates: the q-th quantile, 0 ≤ q ≤ 1, of sorted values. */
double sample_quantile(const struct samples *samples, double q);

#endif
