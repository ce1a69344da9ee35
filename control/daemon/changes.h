/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is applied, in the log: a line for each object, at info. A burst is not told line by
 * line: what exceeds a number of lines in ten seconds is told at debug, and at info how
 * much it was when they have passed. Nothing is told while everything is applied for the
 * first time.
 */
#ifndef HEADGATED_CHANGES_H
#define HEADGATED_CHANGES_H

#include "../cluster/object.h"

#define CHANGES_MOST	  20U
#define CHANGES_PENDING	  64U
#define CHANGES_WINDOW_MS 10000U

struct changes {
	bool is_on;
	uint64_t begun_ms; /* of the window; 0: none */
	unsigned lines;	   /* in it */
	size_t held_back[OBJECT_KINDS];
	struct complaints pending; /* noted, not applied yet: about whom, which words */
};

void changes_begin(struct changes *changes); /* from here on it is told */
/* "Service shop/cart: words" */
void changes_tell(struct changes *changes, uint64_t now_ms, const struct about *about,
		  const char *words);
/* Remember what is going to be applied, and tell of it when it is. */
void changes_note(struct changes *changes, const struct about *about, const char *words);
void changes_applied(struct changes *changes, uint64_t now_ms);
void changes_clear(struct changes *changes);
/* Now and then: tell of what was held back. */
void changes_tick(struct changes *changes, uint64_t now_ms);

#endif
