/* SPDX-License-Identifier: BSD-2-Clause */
#include "changes.h"

#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "../lib/log.h"

void changes_begin(struct changes *changes)
{
	changes->is_on = true;
}

/* "30 Services, 1 Pod" in a new string; NULL: nothing was, or out of memory. */
static char *list_held_back(const struct changes *changes)
{
	const char *separator = "";
	char *text = NULL;
	size_t size, all = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (int kind = 0; kind < OBJECT_KINDS; kind++) {
		const char *name = object_kind_name((enum object_kind)kind);
		size_t count = changes->held_back[kind];
		bool is_y = name[strlen(name) - 1] == 'y';

		all += count;
		if (!count)
			continue;
		fprintf(out, "%s%zu %.*s%s", separator, count,
			(int)strlen(name) - (count != 1 && is_y), name,
			count == 1 ? ""
			: is_y	   ? "ies"
				   : "s");
		separator = ", ";
	}
	if (fclose(out) == 0 && all)
		return text;
	free(text);
	return NULL;
}

void changes_tick(struct changes *changes, uint64_t now_ms)
{
	_cleanup_free_ char *text = NULL;

	if (!changes->begun_ms || now_ms - changes->begun_ms < CHANGES_WINDOW_MS)
		return;
	text = list_held_back(changes);
	if (text)
		log_info("and changes of %s were applied", text);
	memset(changes->held_back, 0, sizeof(changes->held_back));
	changes->begun_ms = changes->lines = 0;
}

static void hold_back(struct changes *changes, const struct about *about)
{
	unsigned kind = about->kind - ABOUT_OBJECT;

	if (kind < OBJECT_KINDS)
		changes->held_back[kind]++;
}

void changes_tell(struct changes *changes, uint64_t now_ms, const struct about *about,
		  const char *words)
{
	const char *separator = about->namespace && *about->namespace ? "/" : "";

	if (!changes->is_on)
		return;
	changes_tick(changes, now_ms);
	if (!changes->begun_ms)
		changes->begun_ms = now_ms ? now_ms : 1;
	if (changes->lines < CHANGES_MOST) {
		changes->lines++;
		log_info("%s %s%s%s: %s", about->word, about->namespace, separator,
			 about->name, words);
		return;
	}
	hold_back(changes, about);
	log_debug("%s %s%s%s: %s", about->word, about->namespace, separator, about->name,
		  words);
}

void changes_note(struct changes *changes, const struct about *about, const char *words)
{
	if (!changes->is_on)
		return;
	if (changes->pending.count < CHANGES_PENDING)
		complain(&changes->pending, COMPLAINT_WARNING, NULL, about, "%s", words);
	else
		hold_back(changes, about);
}

void changes_applied(struct changes *changes, uint64_t now_ms)
{
	for (size_t i = 0; i < changes->pending.count; i++) {
		const struct complaint *noted = &changes->pending.items[i];

		changes_tell(changes, now_ms, &noted->about, noted->sentence);
	}
	complaints_clear(&changes->pending);
	if (!changes->begun_ms && changes->is_on)
		changes->begun_ms = now_ms ? now_ms : 1; /* some may be held back */
}

void changes_clear(struct changes *changes)
{
	complaints_clear(&changes->pending);
}
