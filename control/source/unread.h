/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects of kinds that are not read: counted by kind, so that a folder with many of them
 * is told of each kind once.
 */
#ifndef SOURCE_UNREAD_H
#define SOURCE_UNREAD_H

#include "../lib/complaint.h"

#define UNREAD_KINDS 256 /* that are told by name */

struct unread_kind {
	char *kind, *api;   /* as they may be shown */
	struct place first; /* of its objects */
	size_t count;
};

struct unread {
	struct unread_kind *items;
	size_t count;
	struct unread_kind others; /* beyond UNREAD_KINDS, without kind and api */
};

/* So many objects more. 0 or -ENOMEM. */
int unread_count(struct unread *unread, const struct unread_kind *kind);
/* All of another count too. 0 or -ENOMEM. */
int unread_add(struct unread *unread, const struct unread *other);
/* One warning for each kind. */
void unread_complain(const struct unread *unread, struct complaints *complaints);
void unread_clear(struct unread *unread);

#endif
