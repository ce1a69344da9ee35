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

/* The title, and behind it the namespace and the name alone. False: out of memory. */
static bool copy_about(const struct about *about, struct complaint *ret)
{
	const char *word = about->word ? about->word : "";
	const char *namespace = about->namespace ? about->namespace : "";
	const char *name = about->name ? about->name : "";
	size_t title = strlen(word) + strlen(namespace) + strlen(name) + 3;
	size_t size = title + strlen(namespace) + strlen(name) + 2;

	ret->about = (struct about){ about->kind, about->cause, about->word, NULL, NULL };
	if (!*word && !*name)
		return true;
	ret->object = malloc(size);
	if (!ret->object)
		return false;
	snprintf(ret->object, title, "%s%s%s%s%s", word, *word && *name ? " " : "",
		 namespace, *namespace ? "/" : "", name);
	char *copy = ret->object + title;

	snprintf(copy, size - title, "%s", namespace);
	ret->about.namespace = about->namespace ? copy : NULL;
	copy += strlen(namespace) + 1;
	snprintf(copy, strlen(name) + 1, "%s", name);
	ret->about.name = about->name ? copy : NULL;
	return true;
}

const char *cause_name(enum cause cause)
{
#define CAUSE_ROW(cause, name) name,
	static const char *const names[] = { CAUSES(CAUSE_ROW) };
#undef CAUSE_ROW

	return names[cause];
}

const char *about_kind_name(const struct about *about)
{
	static const char *const names[] = { [ABOUT_DAEMON] = "daemon",
					     [ABOUT_FILE] = "file",
					     [ABOUT_INTERFACE] = "interface" };

	return about->kind < ABOUT_OBJECT ? names[about->kind] : about->word;
}

static bool same_name(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool about_same(const struct about *a, const struct about *b)
{
	return a->kind == b->kind && same_name(a->namespace, b->namespace) &&
	       same_name(a->name, b->name);
}

void complain(struct complaints *list, enum complaint_level level,
	      const struct place *place, const struct about *about, const char *format,
	      ...)
{
	struct complaint item = { .level = level };
	va_list arguments;
	bool named = true;
	int length;

	if (place)
		place_copy(place, &item.place);
	if (about)
		named = copy_about(about, &item);
	else
		item.about.kind = place && place->file ? ABOUT_FILE : ABOUT_DAEMON;
	va_start(arguments, format);
	length = vasprintf(&item.sentence, format, arguments);
	va_end(arguments);
	if (length < 0)
		item.sentence = NULL; /* vasprintf() leaves it undefined */
	if (!item.sentence || !named || (place && place->file && !item.place.file) ||
	    make_room(list) < 0) {
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
