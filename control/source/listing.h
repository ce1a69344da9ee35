/* SPDX-License-Identifier: BSD-2-Clause */
/* The manifest files of a folder: *.yaml, *.yml, *.json, not hidden, sorted by name. */
#ifndef SOURCE_LISTING_H
#define SOURCE_LISTING_H

#include <dirent.h>
#include <sys/stat.h>

struct listing {
	struct dirent **entries;
	int count;
	struct stat stat; /* of the folder */
};

/* 0 or -errno. */
int listing_read(const char *folder, struct listing *ret_listing);
void listing_clear(struct listing *listing);

#endif
