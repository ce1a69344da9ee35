/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Complaints are collected where something is wrong and printed at the rim. A complaint
 * lost for want of memory is remembered as such, so that a list without items never
 * passes for a clean one.
 */
#include "complaint.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "cleanup.h"

/*
 * The name of a file, once for the places in it that are copied in a row: a folder is
 * read file by file, and each object keeps its place.
 */
struct file_name {
	size_t places;
	char text[];
};

static struct file_name *latest; /* NULL: none, or nobody needs it any more */

static char *share_name(const char *text)
{
	if (!latest || strcmp(latest->text, text) != 0) {
		size_t size = strlen(text) + 1;
		struct file_name *name = malloc(sizeof(*name) + size);

		if (!name)
			return NULL;
		name->places = 0;
		memcpy(name->text, text, size);
		latest = name;
	}
	latest->places++;
	return latest->text;
}

static void leave_name(char *text)
{
	struct file_name *name =
	    (struct file_name *)(text - offsetof(struct file_name, text));

	if (--name->places)
		return;
	if (name == latest)
		latest = NULL;
	free(name);
}

void place_copy(const struct place *from, struct place *ret_to)
{
	*ret_to = (struct place){ .line = from->line, .column = from->column };
	if (from->file)
		ret_to->file = share_name(from->file);
}

void place_clear(struct place *place)
{
	if (place->file)
		leave_name(place->file);
	*place = (struct place){ 0 };
}

static void clear_item(struct complaint *complaint)
{
	place_clear(&complaint->place);
	free(complaint->object);
	free(complaint->sentence);
}

static int make_room(struct complaints *list)
{
	size_t capacity = list->capacity ? list->capacity * 2 : 8;
	struct complaint *items;

	if (list->count < list->capacity)
		return 0;
	items = reallocarray(list->items, capacity, sizeof(*items));
	if (!items)
		return -1;
	list->items = items;
	list->capacity = capacity;
	return 0;
}

void complain(struct complaints *list, enum complaint_level level,
	      const struct place *place, const char *object, const char *format, ...)
{
	struct complaint item = { .level = level };
	va_list arguments;
	int length;

	if (place)
		place_copy(place, &item.place);
	if (object)
		item.object = strdup(object);
	va_start(arguments, format);
	length = vasprintf(&item.sentence, format, arguments);
	va_end(arguments);
	if (length < 0)
		item.sentence = NULL; /* vasprintf() leaves it undefined */
	if (!item.sentence || (object && !item.object) ||
	    (place && place->file && !item.place.file) || make_room(list) < 0) {
		list->out_of_memory = true;
		clear_item(&item);
		return;
	}
	list->items[list->count++] = item;
}

bool complaints_have_errors(const struct complaints *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].level == COMPLAINT_ERROR)
			return true;
	}
	return list->out_of_memory;
}

void complaints_clear(struct complaints *list)
{
	for (size_t i = 0; i < list->count; i++)
		clear_item(&list->items[i]);
	free(list->items);
	*list = (struct complaints){ 0 };
}

static int print_place(const struct place *place, char **ret_text)
{
	if (!place->file)
		return asprintf(ret_text, "%s", "");
	if (!place->line)
		return asprintf(ret_text, "%s: ", place->file);
	if (!place->column)
		return asprintf(ret_text, "%s:%u: ", place->file, place->line);
	return asprintf(ret_text, "%s:%u:%u: ", place->file, place->line, place->column);
}

char *complaint_print(const struct complaint *complaint)
{
	const char *object = complaint->object ? complaint->object : "";
	_cleanup_free_ char *place = NULL;
	char *text;
	int length;

	if (print_place(&complaint->place, &place) < 0) {
		place = NULL;
		return NULL;
	}
	length = asprintf(&text, "%s%s%s%s", place, object, *object ? ": " : "",
			  complaint->sentence);
	return length < 0 ? NULL : text;
}
