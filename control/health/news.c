/* SPDX-License-Identifier: BSD-2-Clause */
#include "news.h"
#include <utlist.h>
#include "check_set.h"
#include "../lib/log.h"

static bool may_write(struct news *news, uint64_t now_ms)
{
	if (now_ms - news->window_ms >= NEWS_WINDOW_MS) {
		news_flush(news, now_ms);
		news->window_ms = now_ms;
		news->lines = 0;
	}
	return news->lines++ < NEWS_LINES;
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

void news_tell(struct news *news, const struct check *check, int before, uint64_t now_ms)
{
	const struct check_use *use;

	/* A backend that serves from its first probe on is no news. */
	if (check->verdict.state == HEALTH_UP && before != HEALTH_DOWN)
		return;
	DL_FOREACH (check->uses, use) {
		if (may_write(news, now_ms))
			write_line(check, use->service);
		else if (check->verdict.state == HEALTH_DOWN)
			news->down++;
		else
			news->up++;
	}
}

uint64_t news_flush(struct news *news, uint64_t now_ms)
{
	if (!news->down && !news->up)
		return UINT64_MAX;
	if (now_ms - news->window_ms < NEWS_WINDOW_MS)
		return news->window_ms + NEWS_WINDOW_MS;
	log_warning("of more backends, %u went down and %u came up again: see 'headgate "
		    "backend list'",
		    news->down, news->up);
	news->down = news->up = 0;
	return UINT64_MAX;
}
