// SPDX-License-Identifier: BSD-2-Clause
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tally {
	uint64_t reasons[HG_REASON_END];
	struct hg_stats stats;
};

static void take_tally(const struct scene *scene, struct tally *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (uint32_t i = 0; i < HG_REASON_END; i++)
		ret->reasons[i] = harness_reason(scene->harness, i);
	for (uint32_t i = 1; i <= scene->backends; i++) {
		struct hg_stats stats = harness_stats(scene->harness, i);

		for (int j = 0; j < 2; j++) {
			ret->stats.packets[j] += stats.packets[j];
			ret->stats.bytes[j] += stats.bytes[j];
		}
		ret->stats.created += stats.created;
		ret->stats.closed += stats.closed;
	}
}

static bool counted(const char *title, const char *what, uint64_t before, uint64_t after,
		    uint64_t more)
{
	if (after == before + more)
		return true;
	fprintf(stderr, "%s: %s: want %llu more, got %lld more\n", title, what,
		(unsigned long long)more, (long long)(after - before));
	return false;
}

static const char *reason_name(uint32_t number)
{
	static const char *const names[] = {
#define ROWS_NAME(number, name, sentence) [number] = #name,
		HG_REASONS(ROWS_NAME)
#undef ROWS_NAME
	};

	return number < sizeof(names) / sizeof(names[0]) && names[number] ? names[number]
									  : "none";
}

static bool judge_counters(const struct scene *scene, const struct row *row,
			   const struct tally *before, uint64_t size)
{
	const char *title = scene_title(scene, row->sentence);
	const bool to = row->stats == ROW_TO_BACKEND || row->stats == ROW_NEW_FLOW;
	const bool from = row->stats == ROW_FROM_BACKEND;
	struct tally after;
	bool fine = true;

	take_tally(scene, &after);
	for (uint32_t i = 0; i < HG_REASON_END; i++)
		fine &= counted(title, reason_name(i), before->reasons[i],
				after.reasons[i], row->reason && i == row->reason);
	fine &= counted(title, "packets to the backend", before->stats.packets[0],
			after.stats.packets[0], to);
	fine &= counted(title, "bytes to the backend", before->stats.bytes[0],
			after.stats.bytes[0], to ? size : 0);
	fine &= counted(title, "packets from the backend", before->stats.packets[1],
			after.stats.packets[1], from);
	fine &= counted(title, "bytes from the backend", before->stats.bytes[1],
			after.stats.bytes[1], from ? size : 0);
	fine &= counted(title, "flows created", before->stats.created,
			after.stats.created, row->stats == ROW_NEW_FLOW);
	return fine;
}

static bool judge_mark(const struct scene *scene, const struct row *row)
{
	uint32_t kind = scene->run.marked ? scene->run.mark.kind : 0;

	if (kind == row->mark)
		return true;
	fprintf(stderr, "%s: mark: want kind %u, got %u\n",
		scene_title(scene, row->sentence), (unsigned)row->mark, kind);
	return false;
}

static bool run_case(struct scene *scene, const struct row *row)
{
	struct packet in, out;
	struct tally before;
	enum role from;
	bool fine = true;

	if (row->state)
		row->state(scene);
	take_tally(scene, &before);
	scene_from_client(scene, CLIENT, &in);
	from = row->in ? row->in(scene, &in) : CLIENT;
	scene_send(scene, from, &in);
	out = in;
	if (row->out)
		row->out(scene, &out);
	fine &= scene_saw(scene, row->sentence, row->verdict, &out);
	fine &= judge_mark(scene, row);
	fine &= judge_counters(scene, row, &before, in.arp ? 0 : packet_size(&in));
	return fine;
}

unsigned rows_run(struct harness *harness, const struct row *rows, size_t count)
{
	static const uint8_t protocols[] = { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP };
	static struct scene scene;
	unsigned failed = 0;

	for (size_t i = 0; i < count * 6; i++) {
		const struct row *row = &rows[i / 6];
		uint8_t family = i & 1 ? 6 : 4;

		if (!(row->protocols & 1 << i % 6 / 2) ||
		    (row->family && row->family != family))
			continue;
		scene_begin(&scene, harness, family, protocols[i % 6 / 2]);
		failed += !run_case(&scene, row);
	}
	return failed;
}

/* Groups of one process go on with the same programs: on an emulated machine the verifier
 * needs ten seconds for them. */
static struct harness *kept;

int rows_open(void **state)
{
	struct hg_config config = harness_config();
	struct harness *harness = kept ?: calloc(1, sizeof(*harness));

	if (!harness)
		return -1;
	*state = harness;
	if (kept) {
		harness_clear(kept);
		return 0;
	}
	topology_enter();
	int r = harness_open(&config, harness);
	if (r == 0)
		kept = harness;
	return r;
}

/* What is kept ends with the process. */
int rows_close(void **state)
{
	if (*state == kept)
		return 0;
	harness_close(*state);
	free(*state);
	return 0;
}
