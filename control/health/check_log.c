/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_log.h"
#include <utlist.h>
#include "../lib/log.h"
#include "check_set.h"

static bool may_write(struct check_log *log, uint64_t now_ms)
{
	if (now_ms - log->window_ms >= NEWS_WINDOW_MS) {
		check_log_flush(log, now_ms);
		log->window_ms = now_ms;
		log->lines = 0;
	}
	return log->lines++ < NEWS_LINES;
}

static void write_line(const struct check *check, const struct check_service *service)
{
	const struct verdict *verdict = &check->verdict;
	char address[ADDR_TEXT];

	addr_print_port(&check->target.addr, check->target.port, address);
	if (verdict->state == HEALTH_DOWN)
		log_warning("backend %s of %s is down: %s (%u of %u)", address,
			    service->title, check->text, verdict->failures,
			    verdict->fall);
	else
		log_info("backend %s of %s is up again", address, service->title);
}

void check_log_tell(struct check_log *log, const struct check *check, int before,
		    uint64_t now_ms)
{
	const struct check_use *use;

	/* A backend that serves from its first probe on is no news. */
	if (check->verdict.state == HEALTH_UP && before != HEALTH_DOWN)
		return;
	DL_FOREACH (check->uses, use) {
		if (may_write(log, now_ms))
			write_line(check, use->service);
		else if (check->verdict.state == HEALTH_DOWN)
			log->down++;
		else
			log->up++;
	}
}

uint64_t check_log_flush(struct check_log *log, uint64_t now_ms)
{
	if (!log->down && !log->up)
		return UINT64_MAX;
	if (now_ms - log->window_ms < NEWS_WINDOW_MS)
		return log->window_ms + NEWS_WINDOW_MS;
	log_warning("of more backends, %u went down and %u came up again: see 'headgate "
		    "backend list'",
		    log->down, log->up);
	log->down = log->up = 0;
	return UINT64_MAX;
}
