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

/* What a complaint is about. */
enum about_kind {
	ABOUT_DAEMON, /* itself, its options, this machine */
	ABOUT_FILE,   /* of manifests: whatever it holds, or a folder */
	ABOUT_INTERFACE,
	ABOUT_OBJECT, /* + enum object_kind: see object_about() */
};

/* Why: what is decided by a program is decided by this, never by the sentence. Names are
 * the API's: they are added, never renamed. */
#define CAUSES(C)                                                                        \
	C(OTHER, "other")	     /* nothing is decided by it */                      \
	C(SYNTAX, "syntax")	     /* the text cannot be read */                       \
	C(UNREADABLE, "unreadable")  /* the file or folder cannot be read */             \
	C(INVALID, "invalid")	     /* this version is refused */                       \
	C(IGNORED, "ignored")	     /* a part or the whole is not honoured */           \
	C(DUPLICATE, "duplicate")    /* another of its name is in force */               \
	C(NO_VERSION, "noVersion")   /* no good version ever: what it selects is shut */ \
	C(NOT_APPLIED, "notApplied") /* a change failed, what was in force stays */      \
	C(HELD, "held")		     /* what an earlier daemon put in force stays */     \
	C(NO_ROOM, "noRoom")	     /* a table or map is full */                        \
	C(TAKEN, "taken")	     /* an address or port is another's */               \
	C(MISSING, "missing")	     /* something that is named does not exist */        \
	C(OUTAGE, "outage")	     /* no backend passes its check */                   \
	C(OPEN, "open")		     /* less is filtered than somebody may believe */

enum cause {
#define CAUSE_ROW(cause, name) CAUSE_##cause,
	CAUSES(CAUSE_ROW)
#undef CAUSE_ROW
};

struct about {
	unsigned kind; /* enum about_kind, and then kinds of objects */
	enum cause cause;
	const char *word;	      /* of an object: "Service"; not copied; or NULL */
	const char *namespace, *name; /* NULL: none, or it cannot be told */
};

struct complaint {
	enum complaint_level level;
	struct place place;
	struct about about; /* namespace and name in object's memory */
	char *object;	    /* as it is printed: "Service shop/cart"; or NULL */
	char *sentence; /* cause and remedy: "port 70000 is not a port: use 1 to 65535" */
};

struct complaints {
	struct complaint *items;
	size_t count;
	size_t capacity;
	bool out_of_memory; /* at least one was lost; the rim says so */
};

/* about NULL: the file of the place, else the daemon, and nothing is decided by it. */
void complain(struct complaints *list, enum complaint_level level,
	      const struct place *place, const struct about *about, const char *format,
	      ...) __attribute__((format(printf, 5, 6)));
bool complaints_have_errors(const struct complaints *list);
void complaints_clear(
    struct complaints *list); /* frees all; the list may be used again */
/* "file:line:column: Service shop/cart: sentence" in a new string; NULL when out of
 * memory. */
char *complaint_print(const struct complaint *complaint);

const char *cause_name(enum cause cause);
/* "Service", "file", "interface", "daemon" */
const char *about_kind_name(const struct about *about);
/* The same object, interface or, both unnamed, kind. */
bool about_same(const struct about *a, const struct about *b);
/* Of a file or folder as a whole. */
#define ABOUT_ITS_FILE(why) (&(const struct about){ .kind = ABOUT_FILE, .cause = (why) })

/* What was copied must be cleared. ret_to->file stays NULL when out of memory. */
void place_copy(const struct place *from, struct place *ret_to);
void place_clear(struct place *place);

#endif
