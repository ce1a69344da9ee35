// SPDX-License-Identifier: BSD-2-Clause
#include "unread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void clear_kind(struct unread_kind *kind)
{
	free(kind->kind);
	free(kind->api);
	place_clear(&kind->first);
}

static struct unread_kind *find(const struct unread *unread,
				const struct unread_kind *wanted)
{
	for (size_t i = 0; i < unread->count; i++)
		if (strcmp(unread->items[i].kind, wanted->kind) == 0 &&
		    strcmp(unread->items[i].api, wanted->api) == 0)
			return &unread->items[i];
	return NULL;
}

/* Of a kind that is not told by name. */
static int count_other(struct unread *unread, const struct unread_kind *kind)
{
	if (!unread->others.count)
		place_copy(&kind->first, &unread->others.first);
	unread->others.count += kind->count;
	return kind->first.file && !unread->others.first.file ? -ENOMEM : 0;
}

int unread_count(struct unread *unread, const struct unread_kind *kind)
{
	struct unread_kind *known = find(unread, kind);
	struct unread_kind copy = { .count = kind->count };

	if (known) {
		known->count += kind->count;
		return 0;
	}
	if (unread->count == UNREAD_KINDS)
		return count_other(unread, kind);
	struct unread_kind *items =
	    reallocarray(unread->items, unread->count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	unread->items = items;
	copy.kind = strdup(kind->kind);
	copy.api = strdup(kind->api);
	place_copy(&kind->first, &copy.first);
	if (!copy.kind || !copy.api || (kind->first.file && !copy.first.file)) {
		clear_kind(&copy);
		return -ENOMEM;
	}
	items[unread->count++] = copy;
	return 0;
}

int unread_add(struct unread *unread, const struct unread *other)
{
	for (size_t i = 0; i < other->count; i++)
		if (unread_count(unread, &other->items[i]) < 0)
			return -ENOMEM;
	return other->others.count ? count_other(unread, &other->others) : 0;
}

void unread_complain(const struct unread *unread, struct complaints *complaints)
{
	for (size_t i = 0; i < unread->count; i++) {
		const struct unread_kind *kind = &unread->items[i];
		if (kind->count == 1)
			complain(complaints, COMPLAINT_WARNING, &kind->first,
				 ABOUT_ITS_FILE(CAUSE_IGNORED),
				 "kind %s (%s) is not read by Headgate and is ignored: "
				 "remove it if that is not meant",
				 kind->kind, kind->api);
		else
			complain(complaints, COMPLAINT_WARNING, &kind->first,
				 ABOUT_ITS_FILE(CAUSE_IGNORED),
				 "kind %s (%s) is not read by Headgate and is ignored, "
				 "%zu objects, the first of them here: remove them if "
				 "that is not meant",
				 kind->kind, kind->api, kind->count);
	}
	if (unread->others.count)
		complain(complaints, COMPLAINT_WARNING, &unread->others.first,
			 ABOUT_ITS_FILE(CAUSE_IGNORED),
			 "%zu objects of more kinds than %d are not read by Headgate and "
			 "are ignored, the first of them here: remove them if that is "
			 "not meant",
			 unread->others.count, UNREAD_KINDS);
}

void unread_clear(struct unread *unread)
{
	for (size_t i = 0; i < unread->count; i++)
		clear_kind(&unread->items[i]);
	free(unread->items);
	clear_kind(&unread->others);
	*unread = (struct unread){ 0 };
}
