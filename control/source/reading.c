// SPDX-License-Identifier: BSD-2-Clause
/*
 * A file is read as a whole before anything of it takes effect: its objects are collected
 * and only claimed when the last document has parsed. A valid object replaces its former
 * version; a refused one keeps it, or stands in for it; one that cannot even be told by name keeps all others
 * of the file, since any of them may be meant.
 */
#include "reading.h"

#include <errno.h>
#include <string.h>
#include "../lib/cleanup.h"

struct objects {
	struct object **items;
	size_t count;
};

struct reading {
	struct file *file;
	struct objects good, refused;
	bool unknown; /* an object that cannot be told */
};

/* Takes ownership, also on failure. */
static int append(struct objects *objects, struct object *object)
{
	struct object **items =
	    reallocarray(objects->items, objects->count + 1, sizeof(struct object *));

	if (!items) {
		object_free(object);
		return -ENOMEM;
	}
	objects->items = items;
	items[objects->count++] = object;
	return 0;
}

static int read_one(void *context, struct object *object)
{
	struct reading *reading = context;
	return append(&reading->good, object);
}

static int refuse_one(void *context, struct object *object)
{
	struct reading *reading = context;

	if (object)
		return append(&reading->refused, object);
	reading->unknown = true;
	return 0;
}

static void clear_objects(struct objects *objects)
{
	for (size_t i = 0; i < objects->count; i++)
		object_free(objects->items[i]);
	free(objects->items);
}

static void clear_reading(struct reading *reading)
{
	clear_objects(&reading->good);
	clear_objects(&reading->refused);
}

static int take(struct claims *claims, struct file *file, struct object **place)
{
	struct place at = { file->path, (*place)->place.line, (*place)->place.column };
	_cleanup_free_ char *namespace = strdup((*place)->namespace);
	_cleanup_free_ char *name = strdup((*place)->name);
	const struct about about =
	    object_about_named((*place)->kind, namespace, name, CAUSE_DUPLICATE);
	unsigned line = 0;

	if (!namespace || !name)
		return -ENOMEM;
	int r = claims_take(claims, file, TAKE_PTR(*place), &line);
	if (r != -EEXIST)
		return r;
	complain(&file->complaints, COMPLAINT_ERROR, &at, &about,
		 "is defined in line %u of this file already, which is in force: remove "
		 "one of the two",
		 line);
	return 0;
}

/* The file was read as a whole: it now stands for these objects. */
static int apply(struct claims *claims, struct reading *reading, bool settled)
{
	struct file *file = reading->file;

	claims_begin(file);
	for (size_t i = 0; i < reading->refused.count; i++) {
		int r = claims_keep(claims, file, TAKE_PTR(reading->refused.items[i]));
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < reading->good.count; i++) {
		int r = take(claims, file, &reading->good.items[i]);
		if (r < 0)
			return r;
	}
	if (reading->unknown || !claims_has_left(file))
		return 0;
	if (settled)
		claims_drop_left(claims, file);
	else
		file->stale = true;
	return 0;
}

static int refuse_file(struct file *file, int error)
{
	struct place place = { .file = file->path };

	complain(&file->complaints, COMPLAINT_ERROR, &place,
		 ABOUT_ITS_FILE(CAUSE_UNREADABLE),
		 "cannot be read (%s), what it held stays in force: %s", strerror(-error),
		 error == -EACCES ? "permit it, or remove the file"
				  : "write it anew, or remove it");
	return 0;
}

int reading_apply(struct claims *claims, struct file *file, bool settled)
{
	struct reading reading CLEANUP(clear_reading) = { .file = file };
	struct decode_sink sink = { &reading, read_one, refuse_one, &file->unread };
	_cleanup_free_ char *text = NULL;
	struct yaml_text yaml = { .file = file->path };

	file_forget(file);
	file->stale = false;
	int r = file_read(file, YAML_BYTES, &text, &yaml.length);
	if (r == -ENOMEM || r == -EAGAIN)
		file->stale = true;
	if (r < 0)
		return r == -ENOMEM ? r : refuse_file(file, r);
	yaml.text = text;
	r = decode_stream(&yaml, &sink, &file->complaints);
	if (r == 0)
		r = apply(claims, &reading, settled);
	file->stale |= r == -ENOMEM;
	return r == -EBADMSG ? 0 : r;
}
