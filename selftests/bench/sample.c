// SPDX-License-Identifier: BSD-2-Clause
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>

void sample_add(struct samples *samples, double value)
{
	if (samples->count < SAMPLES_MOST)
		samples->values[samples->count++] = value;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double sample_quantile(const struct samples *samples, double q)
{
	size_t place = (size_t)(q * (double)samples->count);

	return samples->values[place < samples->count ? place : samples->count - 1];
}

static void print_number(const char *key, unsigned number)
{
	if (number)
		printf(",\"%s\":%u", key, number);
}

void sample_print(const struct subject *subject, const char *unit,
		  struct samples *samples)
{
	if (!samples->count)
		return;
	qsort(samples->values, samples->count, sizeof(*samples->values), by_value);
	printf("{\"part\":\"%s\",\"scenario\":\"%s\",\"variant\":\"%s\"", subject->part,
	       subject->scenario, subject->variant);
	print_number("services", subject->services);
	print_number("flows", subject->flows);
	print_number("cores", subject->cores);
	printf(",\"unit\":\"%s\",\"min\":%.6g,\"median\":%.6g,\"p99\":%.6g,\"n\":%zu}\n",
	       unit, samples->values[0], sample_quantile(samples, 0.5),
	       sample_quantile(samples, 0.99), samples->count);
	fflush(stdout);
}
