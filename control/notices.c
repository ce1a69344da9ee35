/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/log.h"
#include "notices.h"

static void log_one(enum complaint_level level, const char *text)
{
	if (level == COMPLAINT_ERROR)
		log_error("%s", text);
	else
		log_warning("%s", text);
}

static int compare_texts(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static bool stands(const struct notices *notices, const char *text)
{
	return notices->count && bsearch(&text, notices->texts, notices->count,
					 sizeof(*notices->texts), compare_texts);
}

static void log_lost(const struct complaints *complaints)
{
	if (complaints->out_of_memory)
		log_error("some complaints were lost: out of memory");
}

void notices_update(struct notices *notices, const struct complaints *now)
{
	struct notices next = { 0 };

	log_lost(now);
	if (!now->count && !notices->count)
		return;
	next.texts = calloc(now->count + 1, sizeof(*next.texts));
	for (size_t i = 0; next.texts && i < now->count; i++) {
		char *text = complaint_print(&now->items[i]);

		if (!text)
			continue;
		if (!stands(notices, text))
			log_one(now->items[i].level, text);
		next.texts[next.count++] = text;
	}
	if (next.count)
		qsort(next.texts, next.count, sizeof(*next.texts), compare_texts);
	for (size_t i = 0; i < notices->count; i++) {
		if (!stands(&next, notices->texts[i]))
			log_info("resolved: %s", notices->texts[i]);
	}
	notices_clear(notices);
	*notices = next;
}

void notices_clear(struct notices *notices)
{
	for (size_t i = 0; i < notices->count; i++)
		free(notices->texts[i]);
	free(notices->texts);
	*notices = (struct notices){ 0 };
}

void notices_log(const struct complaints *complaints)
{
	log_lost(complaints);
	for (size_t i = 0; i < complaints->count; i++) {
		_cleanup_free_ char *text = complaint_print(&complaints->items[i]);

		log_one(complaints->items[i].level,
			text ? text : complaints->items[i].sentence);
	}
}
