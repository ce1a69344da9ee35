/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/log.h"
#include "log_once.h"

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

static bool stands(const struct log_once *logged, const char *text)
{
	return logged->count && bsearch(&text, logged->texts, logged->count,
					sizeof(*logged->texts), compare_texts);
}

static void log_lost(const struct complaints *complaints)
{
	if (complaints->out_of_memory)
		log_error("some complaints were lost: out of memory");
}

void log_once_update(struct log_once *logged, const struct complaints *now)
{
	struct log_once next = { 0 };

	log_lost(now);
	if (!now->count && !logged->count)
		return;
	next.texts = calloc(now->count + 1, sizeof(*next.texts));
	for (size_t i = 0; next.texts && i < now->count; i++) {
		char *text = complaint_print(&now->items[i]);

		if (!text)
			continue;
		if (!stands(logged, text))
			log_one(now->items[i].level, text);
		next.texts[next.count++] = text;
	}
	if (next.count)
		qsort(next.texts, next.count, sizeof(*next.texts), compare_texts);
	for (size_t i = 0; i < logged->count; i++) {
		if (!stands(&next, logged->texts[i]))
			log_info("resolved: %s", logged->texts[i]);
	}
	log_once_clear(logged);
	*logged = next;
}

void log_once_clear(struct log_once *logged)
{
	for (size_t i = 0; i < logged->count; i++)
		free(logged->texts[i]);
	free(logged->texts);
	*logged = (struct log_once){ 0 };
}

void log_once_log(const struct complaints *complaints)
{
	log_lost(complaints);
	for (size_t i = 0; i < complaints->count; i++) {
		_cleanup_free_ char *text = complaint_print(&complaints->items[i]);

		log_one(complaints->items[i].level,
			text ? text : complaints->items[i].sentence);
	}
}
