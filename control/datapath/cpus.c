/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpus.h"
#include <stdio.h>
#include <stdlib.h>

#define FOLDER "/sys/devices/system/cpu/"
#define LATE   2U /* rows that later CPUs share; a power of two */

uint32_t cpus_end(const char *list)
{
	unsigned long end = 0;
	char *rest;

	for (;; list = rest + 1) {
		unsigned long cpu = strtoul(list, &rest, 10);

		if (rest == list)
			return (uint32_t)end;
		end = cpu + 1 > end ? cpu + 1 : end;
		if (*rest != '-' && *rest != ',')
			return (uint32_t)end;
	}
}

/* 0: it cannot be told. */
static uint32_t read_end(const char *path)
{
	FILE *file = fopen(path, "re");
	char list[4096] = "";

	if (!file)
		return 0;
	if (!fgets(list, sizeof(list), file))
		list[0] = 0;
	fclose(file);
	return cpus_end(list);
}

uint32_t cpus_possible(void)
{
	/* More than there are rows: counters may be shared needlessly, but none is lost. */
	return read_end(FOLDER "possible") ?: HG_STATS_ROWS + 1;
}

uint32_t cpus_online(void)
{
	return read_end(FOLDER "online") ?: cpus_possible();
}

uint32_t stats_rows(uint32_t possible, uint32_t online)
{
	uint32_t rows = online + LATE < possible ? online + LATE : possible;

	return rows < HG_STATS_ROWS ? rows : HG_STATS_ROWS;
}

void stats_share_out(uint32_t rows, uint32_t possible, struct hg_config *ret_config)
{
	uint32_t shared = rows > LATE ? LATE : 1;

	if (rows == HG_STATS_ROWS)
		shared = rows;
	if (possible <= rows)
		shared = 0;
	ret_config->stats_own = rows - shared;
	ret_config->stats_shared = shared;
}
