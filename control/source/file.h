/* SPDX-License-Identifier: BSD-2-Clause */
/* One manifest file of a folder: when it changed, what it says, what is wrong with it. */
#ifndef SOURCE_FILE_H
#define SOURCE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include "unread.h"

struct claim;

struct file {
	char *name; /* within the folder; files are sorted by it */
	char *path;
	struct claim *claims;	      /* objects that it stands for (claim.h) */
	int contested;		      /* of them, those that another file has too */
	int stand_ins;		      /* of them, those of refused objects */
	struct complaints complaints; /* of its last reading */
	struct unread unread;	      /* what it left aside */
	struct stat stat;	      /* when it was read last */
	uint64_t changed_ms;	      /* when a difference was seen last */
	bool listed;		      /* found in the folder */
	bool known;		      /* stat is valid */
	bool young;		      /* a further change may look the same */
	bool stale;		      /* to be read again though nothing changed */
	bool wanted;		      /* the same, before this look at the folder ends */
};

/* NULL: out of memory. The claims must be gone before it is freed. */
struct file *file_new(const char *folder, const char *name);
void file_free(struct file *file);
/* What its last reading told. */
void file_forget(struct file *file);

enum file_state {
	FILE_SAME,
	FILE_CHANGED,
	FILE_GONE,
	FILE_SPECIAL, /* not a regular file: never opened */
};
/* Look, do not read. Remembers what it saw. */
enum file_state file_probe(struct file *file);

/* Content with a NUL after it, of at most `longest` + 1 bytes. 0 or -errno. */
int file_read(const struct file *file, size_t longest, char **ret_text,
	      size_t *ret_length);

#endif
