/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "../../control/lib/cleanup.h"
#include "table.h"

#define COLUMNS_MOST 32

struct json_object *member_of(struct json_object *object, const char *path)
{
	char name[64];

	for (const char *dot; object && (dot = strchr(path, '.')); path = dot + 1) {
		snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
		object = api_member(object, name);
	}
	return object ? api_member(object, path) : NULL;
}

char *cell_text(struct json_object *value)
{
	const char *text = value ? json_object_get_string(value) : "";

	return strdup(text && *text ? text : "-");
}

char *cell_yes(struct json_object *value)
{
	return strdup(json_object_get_boolean(value) ? "yes" : "no");
}

char *cell_end(struct json_object *value)
{
	return api_end(value);
}

char *cell_bytes(struct json_object *value)
{
	static const char units[] = "KMGTPE";
	double bytes = (double)json_object_get_uint64(value);
	char *text = NULL;
	int unit = -1;

	for (; bytes >= 1024 && units[unit + 1]; unit++)
		bytes /= 1024;
	if (unit < 0 ? asprintf(&text, "%.0f", bytes) < 0
		     : asprintf(&text, "%.1f%c", bytes, units[unit]) < 0)
		return NULL;
	return text;
}

char *cell_age(struct json_object *value)
{
	static const struct {
		uint64_t seconds;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	uint64_t age = json_object_get_uint64(value);
	char *text = NULL;
	size_t i = 0;

	while (i < 3 && age < units[i].seconds)
		i++;
	uint64_t whole = age / units[i].seconds, rest = age % units[i].seconds;

	if (i < 3 && rest / units[i + 1].seconds
		? asprintf(&text, "%" PRIu64 "%c%" PRIu64 "%c", whole, units[i].unit,
			   rest / units[i + 1].seconds, units[i + 1].unit) < 0
		: asprintf(&text, "%" PRIu64 "%c", whole, units[i].unit) < 0)
		return NULL;
	return text;
}

static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) &&
	       !(terminal && strcmp(terminal, "dumb") == 0);
}

static const char *colour_of(const char *word)
{
	static const struct {
		const char *word, *colour;
	} colours[] = { { "down", "red" },	  { "error", "red" },
			{ "refused", "red" },	  { "audit", "yellow" },
			{ "draining", "yellow" }, { "standby", "yellow" },
			{ "unknown", "yellow" },  { "warning", "yellow" },
			{ "up", "green" } };

	for (size_t i = 0; i < sizeof(colours) / sizeof(*colours); i++) {
		if (strcmp(colours[i].word, word) == 0)
			return colours[i].colour;
	}
	return NULL;
}

static void free_table(struct libscols_table **table)
{
	scols_unref_table(*table);
}

static bool shows(const struct line *line, const struct column *column)
{
	return line->format == FORMAT_WIDE || !(column->flags & COLUMN_WIDE);
}

static struct libscols_table *begin(const struct line *line, const struct column *columns)
{
	struct libscols_table *table = scols_new_table();

	if (!table)
		return NULL;
	scols_table_enable_colors(table, wants_colour());
	scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER); /* never cut a cell */
	for (const struct column *column = columns; column->name; column++) {
		if (!shows(line, column))
			continue;
		if (!scols_table_new_column(table, column->name, 0,
					    column->flags & COLUMN_RIGHT ? SCOLS_FL_RIGHT
									 : 0)) {
			scols_unref_table(table);
			return NULL;
		}
	}
	return table;
}

static int add_row(const struct line *line, struct libscols_table *table,
		   const struct column *columns, struct json_object *row)
{
	struct libscols_line *out = scols_table_new_line(table, NULL);
	size_t at = 0;

	for (const struct column *column = columns; out && column->name; column++) {
		if (!shows(line, column))
			continue;
		char *text = column->cell(member_of(row, column->member));
		const char *colour =
		    text && column->flags & COLUMN_STATE ? colour_of(text) : NULL;

		if (!text)
			return -1;
		if (scols_line_refer_data(out, at, text) < 0) {
			free(text);
			return -1;
		}
		if (colour &&
		    scols_cell_set_color(scols_line_get_cell(out, at), colour) < 0)
			return -1;
		at++;
	}
	return out ? 0 : -1;
}

int table_print(const struct line *line, const struct column *columns,
		struct json_object *rows)
{
	CLEANUP(free_table) struct libscols_table *table = begin(line, columns);
	int r = table ? 0 : -1;

	for (size_t i = 0; r == 0 && i < api_count(rows); i++)
		r = add_row(line, table, columns, api_item(rows, i));
	if (r == 0 && !api_count(rows))
		fputs("headgate: there are none\n", stderr);
	if (r == 0)
		r = scols_print_table(table);
	if (r == 0)
		return EXIT_SUCCESS;
	fprintf(stderr, "headgate: the table cannot be printed: out of memory\n");
	return EXIT_FAILURE;
}

struct json_object *row_new(struct json_object *rows)
{
	struct json_object *row = json_object_new_object();

	if (row && json_object_array_add(rows, row) == 0)
		return row;
	json_object_put(row);
	fprintf(stderr, "headgate: out of memory\n");
	exit(EXIT_FAILURE);
}

void row_add(struct json_object *row, const char *name, struct json_object *borrowed)
{
	if (json_object_object_add(row, name, json_object_get(borrowed)) == 0)
		return;
	fprintf(stderr, "headgate: out of memory\n");
	exit(EXIT_FAILURE);
}

void row_add_text(struct json_object *row, const char *name, const char *text)
{
	struct json_object *value = json_object_new_string(text);

	row_add(row, name, value);
	json_object_put(value);
}
