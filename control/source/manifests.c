// SPDX-License-Identifier: BSD-2-Clause
/*
 * The folder as a whole: which files there are, which of them to read, what to say. What
 * is added or changed takes effect with the first event. What is missing takes effect
 * only after the file (or its absence) has been still for SETTLE_MS: editors rename the
 * old file away before they write the new one, and a file that is being written in place
 * is empty for a moment. A file that does not parse, or cannot be read, changes nothing;
 * an object that cannot even be told by name keeps all others of its file in force.
 *
 * The folder itself may vanish: everything stays in force until it is back and
 * RETURN_MS have passed (it fills up one file at a time). An empty folder in the place of
 * the former one, such as the mount point after umount, counts as vanished.
 */
#include "manifests.h"

#include <errno.h>
#include <string.h>
#include "../lib/cleanup.h"
#include "claim.h"
#include "listing.h"
#include "reading.h"
#include "watch.h"

#define SETTLE_MS 250
#define RETURN_MS 2000

struct manifests {
	char *folder;
	struct claims *claims;
	struct watch *watch; /* NULL: the folder is read once */
	void (*changed)(void *context);
	void *context;
	struct file **files; /* by name */
	size_t file_count;
	struct complaints complaints; /* all of them, as they stand now */
	int watch_error;	      /* why the folder cannot be watched */
	dev_t device;		      /* of the folder that was read last */
	ino_t inode;
	bool at_once;		/* what is missing need not settle first */
	bool vanished;		/* and everything stays in force */
	uint64_t removals_from; /* not before this time */
};

static uint64_t now_ms(const struct manifests *manifests)
{
	return manifests->watch ? watch_now(manifests->watch) : 0;
}

/* How long from now until what is missing counts as missing for good. */
static uint64_t time_to_settle(const struct manifests *manifests, const struct file *file)
{
	uint64_t from = file->changed_ms + SETTLE_MS;
	uint64_t now = now_ms(manifests);

	if (from < manifests->removals_from)
		from = manifests->removals_from;
	return !manifests->watch || manifests->at_once || now >= from ? 0 : from - now;
}

static void lose_file(struct manifests *manifests, struct file *file)
{
	uint64_t wait = time_to_settle(manifests, file);

	file->stale = false;
	if (wait == 0)
		claims_drop_all(manifests->claims, file);
	else if (file->claims)
		watch_again(manifests->watch, wait);
}

static void set_aside(struct manifests *manifests, struct file *file)
{
	struct place place = { .file = file->path };

	file_forget(file);
	complain(
	    &file->complaints, COMPLAINT_WARNING, &place, ABOUT_ITS_FILE(CAUSE_IGNORED),
	    "is not a regular file and is ignored: replace it by a file, or remove it");
	lose_file(manifests, file);
}

static int read_file(struct manifests *manifests, struct file *file)
{
	uint64_t wait = time_to_settle(manifests, file);
	int r = reading_apply(manifests->claims, file, wait == 0);

	if (file->stale && manifests->watch)
		watch_again(manifests->watch, wait ? wait : SETTLE_MS);
	return r;
}

static int refresh(struct manifests *manifests, struct file *file)
{
	bool was_known = file->known;
	enum file_state state = file_probe(file);

	if (state == FILE_CHANGED || (state != FILE_SAME && was_known))
		file->changed_ms = now_ms(manifests);
	switch (state) {
	case FILE_GONE:
		file_forget(file);
		lose_file(manifests, file);
		return 0;
	case FILE_SPECIAL:
		set_aside(manifests, file);
		return 0;
	case FILE_SAME:
		return file->stale ? read_file(manifests, file) : 0;
	default:
		return read_file(manifests, file);
	}
}

/* 0 or -errno; -ENOENT also for an empty folder in the place of the former one. */
static int list_folder(const struct manifests *manifests, struct listing *ret_listing)
{
	struct listing listing CLEANUP(listing_clear) = { 0 };
	int r = listing_read(manifests->folder, &listing);

	if (r < 0)
		return r;
	if (listing.count == 0 && manifests->file_count &&
	    (listing.stat.st_dev != manifests->device ||
	     listing.stat.st_ino != manifests->inode))
		return -ENOENT;
	*ret_listing = listing;
	listing = (struct listing){ 0 };
	return 0;
}

/* Position of a name among the files, or where it belongs. */
static size_t find_place(const struct manifests *manifests, const char *name)
{
	size_t first = 0, last = manifests->file_count;

	while (first < last) {
		size_t middle = first + (last - first) / 2;
		if (strcmp(manifests->files[middle]->name, name) < 0)
			first = middle + 1;
		else
			last = middle;
	}
	return first;
}

static int list_file(struct manifests *manifests, const char *name)
{
	size_t at = find_place(manifests, name);
	size_t after = manifests->file_count - at;

	if (after && strcmp(manifests->files[at]->name, name) == 0) {
		manifests->files[at]->listed = true;
		return 0;
	}
	struct file **files = reallocarray(manifests->files, manifests->file_count + 1,
					   sizeof(struct file *));
	if (!files)
		return -ENOMEM;
	manifests->files = files;
	struct file *file = file_new(manifests->folder, name);
	if (!file)
		return -ENOMEM;
	file->listed = true;
	memmove(files + at + 1, files + at, after * sizeof(struct file *));
	files[at] = file;
	manifests->file_count++;
	return 0;
}

static int list_files(struct manifests *manifests, const struct listing *listing)
{
	int r = 0;

	for (size_t i = 0; i < manifests->file_count; i++)
		manifests->files[i]->listed = false;
	for (int i = 0; r == 0 && i < listing->count; i++)
		r = list_file(manifests, listing->entries[i]->d_name);
	return r;
}

static void forget_files(struct manifests *manifests)
{
	size_t kept = 0;

	for (size_t i = 0; i < manifests->file_count; i++) {
		struct file *file = manifests->files[i];
		if (file->listed || file->claims)
			manifests->files[kept++] = file;
		else
			file_free(file);
	}
	manifests->file_count = kept;
}

/* Settle until no file's version is asked for any more. 0 or -ENOMEM. */
static int settle(struct manifests *manifests, bool *ret_changed)
{
	for (;;) {
		int r = claims_settle(manifests->claims, ret_changed);
		bool again = false;
		for (size_t i = 0; r == 0 && i < manifests->file_count; i++) {
			struct file *file = manifests->files[i];
			if (!file->wanted)
				continue;
			file->wanted = false;
			again = true;
			r = file->listed ? read_file(manifests, file) : 0;
		}
		if (r < 0 || !again)
			return r;
	}
}

static int read_folder(struct manifests *manifests, const struct listing *listing,
		       bool *ret_changed)
{
	int r = list_files(manifests, listing);

	for (size_t i = 0; r == 0 && i < manifests->file_count; i++)
		r = refresh(manifests, manifests->files[i]);
	int settled = settle(manifests, ret_changed);
	forget_files(manifests);
	return r < 0 ? r : settled;
}

static void copy_complaints(const struct complaints *from, struct complaints *to)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct complaint *item = &from->items[i];
		complain(to, item->level, &item->place, &item->about, "%s",
			 item->sentence);
	}
	to->out_of_memory |= from->out_of_memory;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_complaints(const struct complaints *a, const struct complaints *b)
{
	if (a->count != b->count || a->out_of_memory != b->out_of_memory)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct complaint *x = &a->items[i], *y = &b->items[i];
		if (x->level != y->level || x->place.line != y->place.line ||
		    x->place.column != y->place.column ||
		    !same_text(x->place.file, y->place.file) ||
		    x->about.cause != y->about.cause ||
		    !about_same(&x->about, &y->about) ||
		    !same_text(x->sentence, y->sentence))
			return false;
	}
	return true;
}

/* Put all complaints together. True when they differ from before. */
static bool collect_complaints(struct manifests *manifests, int folder_error, int error)
{
	struct complaints all = { .out_of_memory = error == -ENOMEM };
	struct unread unread CLEANUP(unread_clear) = { 0 };
	struct place place = { .file = manifests->folder };

	if (folder_error < 0)
		complain(
		    &all, COMPLAINT_ERROR, &place, ABOUT_ITS_FILE(CAUSE_UNREADABLE),
		    "the folder cannot be read (%s), everything stays in force: bring "
		    "it back with its files",
		    strerror(-folder_error));
	else if (manifests->watch_error < 0)
		complain(
		    &all, COMPLAINT_WARNING, &place, ABOUT_ITS_FILE(CAUSE_OTHER),
		    "the folder cannot be watched (%s) and is read every second "
		    "instead: raise fs.inotify.max_user_watches and max_user_instances",
		    strerror(-manifests->watch_error));
	for (size_t i = 0; i < manifests->file_count; i++) {
		copy_complaints(&manifests->files[i]->complaints, &all);
		claims_complain(manifests->claims, manifests->files[i], &all);
		if (unread_add(&unread, &manifests->files[i]->unread) < 0)
			all.out_of_memory = true;
	}
	unread_complain(&unread, &all);
	bool same = same_complaints(&all, &manifests->complaints);
	complaints_clear(&manifests->complaints);
	manifests->complaints = all;
	return !same;
}

/* The folder is there: anew after it was away, or still. */
static void welcome(struct manifests *manifests, const struct listing *listing)
{
	manifests->device = listing->stat.st_dev;
	manifests->inode = listing->stat.st_ino;
	if (!manifests->vanished)
		return;
	manifests->vanished = false;
	manifests->removals_from = now_ms(manifests) + RETURN_MS;
}

static int look(struct manifests *manifests, bool *ret_changed)
{
	struct listing listing CLEANUP(listing_clear) = { 0 };
	int r = 0;

	if (manifests->watch)
		manifests->watch_error = watch_renew(manifests->watch);
	int folder_error = list_folder(manifests, &listing);
	if (folder_error < 0) {
		manifests->vanished = true;
	} else {
		welcome(manifests, &listing);
		r = read_folder(manifests, &listing, ret_changed);
	}
	if (r < 0 && manifests->watch)
		watch_again(manifests->watch, WATCH_POLL_MS);
	*ret_changed |= collect_complaints(manifests, folder_error, r);
	return folder_error < 0 ? folder_error : r;
}

static void on_fire(void *context)
{
	struct manifests *manifests = context;
	bool changed = false;

	look(manifests, &changed); /* what went wrong is among the complaints */
	if (changed && manifests->changed)
		manifests->changed(manifests->context);
}

int manifests_reload(struct manifests *manifests)
{
	bool changed = false;

	for (size_t i = 0; i < manifests->file_count; i++)
		manifests->files[i]->stale = true;
	manifests->at_once = true;
	int r = look(manifests, &changed);
	manifests->at_once = false;
	if (changed && manifests->changed)
		manifests->changed(manifests->context);
	return r;
}

const struct complaints *manifests_complaints(const struct manifests *manifests)
{
	return &manifests->complaints;
}

void manifests_close(struct manifests *manifests)
{
	if (!manifests)
		return;
	watch_close(manifests->watch);
	claims_free(manifests->claims);
	for (size_t i = 0; i < manifests->file_count; i++)
		file_free(manifests->files[i]);
	free(manifests->files);
	complaints_clear(&manifests->complaints);
	free(manifests->folder);
	free(manifests);
}

static void close_place(struct manifests **place)
{
	manifests_close(*place);
}

int manifests_open(const char *folder, struct cluster *cluster, uv_loop_t *loop,
		   void (*changed)(void *context), void *context,
		   struct manifests **ret_manifests)
{
	struct manifests *manifests CLEANUP(close_place) = calloc(1, sizeof(*manifests));
	bool changed_first = false;

	if (!manifests)
		return -ENOMEM;
	manifests->folder = strdup(folder);
	manifests->claims = claims_new(cluster);
	if (!manifests->folder || !manifests->claims)
		return -ENOMEM;
	manifests->changed = changed;
	manifests->context = context;
	int r =
	    loop ? watch_open(loop, folder, on_fire, manifests, &manifests->watch) : 0;
	if (r < 0)
		return r;
	r = look(manifests, &changed_first);
	if (r < 0)
		return r;
	*ret_manifests = TAKE_PTR(manifests);
	return 0;
}
