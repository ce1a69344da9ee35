// SPDX-License-Identifier: BSD-2-Clause
#include "listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int is_manifest(const struct dirent *entry)
{
	static const char *const suffixes[] = { ".yaml", ".yml", ".json" };
	const char *suffix = strrchr(entry->d_name, '.');

	if (entry->d_name[0] == '.')
		return 0;
	for (size_t i = 0; suffix && i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strcmp(suffix, suffixes[i]) == 0)
			return 1;
	return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void listing_clear(struct listing *listing)
{
	for (int i = 0; i < listing->count; i++)
		free(listing->entries[i]);
	free(listing->entries);
	*listing = (struct listing){ 0 };
}

int listing_read(const char *folder, struct listing *ret_listing)
{
	struct listing listing = { 0 };

	if (stat(folder, &listing.stat) < 0)
		return -errno;
	listing.count = scandir(folder, &listing.entries, is_manifest, by_name);
	if (listing.count < 0)
		return -errno;
	*ret_listing = listing;
	return 0;
}
