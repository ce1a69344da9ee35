// SPDX-License-Identifier: BSD-2-Clause
#include "measure.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XDP_DROP_VERDICT 1U
#define XDP_TX_VERDICT	 3U
#define TC_SHOT_VERDICT	 2U
#define RUNS_LEAST	 65536U /* per repeat */

void samples_add(struct samples *samples, double value)
{
	if (samples->count == samples->room) {
		samples->room = samples->room ? 2 * samples->room : 64;
		samples->items =
		    reallocarray(samples->items, samples->room, sizeof(*samples->items));
		if (!samples->items)
			give_up("out of memory for samples");
	}
	samples->items[samples->count++] = value;
}

void samples_clear(struct samples *samples)
{
	free(samples->items);
	*samples = (struct samples){ 0 };
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts. share: 0 is the least, 1 the largest. */
static double quantile(struct samples *samples, double share)
{
	qsort(samples->items, samples->count, sizeof(double), compare);
	return samples->items[(size_t)(share * (double)(samples->count - 1) + 0.5)];
}

void measure_print(const struct scenario *scenario, const char *variant,
		   struct samples *samples, struct samples *harness)
{
	double typical = quantile(harness, 0.5);

	printf("{\"part\":\"programs\",\"scenario\":\"%s\",\"variant\":\"%s\","
	       "\"services\":%u,\"flows\":%u,\"unit\":\"ns\",\"min\":%.1f,"
	       "\"median\":%.1f,\"p99\":%.1f,\"n\":%zu}\n",
	       scenario->name, variant, scenario->services, scenario->flows,
	       quantile(samples, 0) - quantile(harness, 0),
	       quantile(samples, 0.5) - typical, quantile(samples, 0.99) - typical,
	       samples->count);
	fflush(stdout);
}

struct variant {
	const char *name; /* NULL: the harness alone */
	enum hook hook;
	enum slot slot;
	uint32_t verdict;
	struct samples samples;
};

static void run_variant(struct stage *stage, struct variant *variant, uint32_t count)
{
	int harness = stage->harness[variant->hook][variant->slot];
	uint32_t runs = count < RUNS_LEAST ? RUNS_LEAST : count;

	stage_rewind(stage);
	for (uint32_t done = 0; done < runs; done += BATCH)
		samples_add(&variant->samples,
			    stage_run(stage, harness, BATCH, count, variant->verdict));
}

void measure_list(struct stage *stage, const struct scenario *scenario,
		  const struct subject *subject)
{
	struct variant variants[] = {
		{ NULL, HOOK_XDP, SLOT_NOTHING, XDP_DROP_VERDICT, { 0 } },
		{ NULL, HOOK_TC, SLOT_NOTHING, TC_SHOT_VERDICT, { 0 } },
		{ "floor", HOOK_XDP, SLOT_FLOOR, XDP_TX_VERDICT, { 0 } },
		{ "line", HOOK_XDP, SLOT_LINE, XDP_TX_VERDICT, { 0 } },
		{ "hash", HOOK_XDP, SLOT_HASH, XDP_TX_VERDICT, { 0 } },
		{ "headgate", subject->hook, SLOT_SUBJECT, subject->verdict, { 0 } },
	};
	const size_t count = sizeof(variants) / sizeof(*variants);

	for (unsigned repeat = 0; repeat < subject->repeats; repeat++) {
		for (size_t i = 0; i < count; i++) {
			bool is_yardstick = variants[i].slot != SLOT_NOTHING &&
					    variants[i].slot != SLOT_SUBJECT;

			if (subject->yardsticks || !is_yardstick)
				run_variant(stage, &variants[i], subject->count);
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (variants[i].name && variants[i].samples.count)
			measure_print(scenario, variants[i].name, &variants[i].samples,
				      &variants[variants[i].hook].samples);
	}
	for (size_t i = 0; i < count; i++)
		samples_clear(&variants[i].samples);
}

static char **wanted;
static int wanted_count;

void measure_want(char **patterns, int count)
{
	wanted = patterns;
	wanted_count = count;
}

bool measure_wants(const char *scenario)
{
	for (int i = 0; i < wanted_count; i++) {
		if (fnmatch(wanted[i], scenario, 0) == 0)
			return true;
	}
	return wanted_count == 0;
}
