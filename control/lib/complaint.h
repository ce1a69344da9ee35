/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a user must be told: one sentence each, with the place it is about. Modules that
 * do no I/O collect complaints; the rim (main, serve) prints or logs them once. Nothing
 * is truncated.
 */
#ifndef LIB_COMPLAINT_H
#define LIB_COMPLAINT_H

#include <stdbool.h>
#include <stddef.h>

struct place {
	char *file;    /* of a copy: shared; NULL when not from a file */
	unsigned line; /* from 1; 0 unknown */
	unsigned column;
};

enum complaint_level {
	COMPLAINT_WARNING, /* the object is in force, something in it is not honoured */
	COMPLAINT_ERROR,   /* the object (or this version of it) is not in force */
};

struct complaint {
	enum complaint_level level;
	struct place place;
	char *object;	/* "Service shop/cart", or NULL */
	char *sentence; /* cause and remedy: "port 70000 is not a port: use 1 to 65535" */
};

struct complaints {
	struct complaint *items;
	size_t count;
	size_t capacity;
	bool out_of_memory; /* at least one was lost; the rim says so */
};

void complain(struct complaints *list, enum complaint_level level,
	      const struct place *place, const char *object, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
bool complaints_have_errors(const struct complaints *list);
void complaints_clear(
    struct complaints *list); /* frees all; the list may be used again */
/* "file:line:column: Service shop/cart: sentence" in a new string; NULL when out of
 * memory. */
char *complaint_print(const struct complaint *complaint);

/* What was copied must be cleared. ret_to->file stays NULL when out of memory. */
void place_copy(const struct place *from, struct place *ret_to);
void place_clear(struct place *place);

#endif
