/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table for a person. Few pods have a row each. Of many, those with equal rows and
 * columns share one, which is named by what it holds of each namespace.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../control/lib/cleanup.h"
#include "matrix.h"

#define PODS_APART 24U /* fit a terminal of 80 columns */
#define PARTS_MOST 3U  /* of a name */

/* Pods of one namespace within a group. */
struct span {
	const struct matrix *matrix;
	const struct matrix_group *group;
	size_t first, end; /* in group->pods */
};

static const char *namespace_at(const struct span *span, size_t at)
{
	return span->matrix->pods[span->group->pods[at]]->namespace;
}

/* False: there is no more. */
static bool next_span(struct span *span)
{
	span->first = span->end;
	if (span->first == span->group->count)
		return false;
	while (span->end < span->group->count &&
	       strcmp(namespace_at(span, span->first), namespace_at(span, span->end)) ==
		   0)
		span->end++;
	return true;
}

/* Are these all of the pods that are shown of the namespace? Those lie side by side. */
static bool is_whole(const struct span *span)
{
	const struct matrix *matrix = span->matrix;
	const char *namespace = namespace_at(span, span->first);
	uint32_t before = span->group->pods[span->first],
		 after = span->group->pods[span->end - 1];

	return span->end - span->first > 1 &&
	       after - before + 1 == span->end - span->first &&
	       (!before || strcmp(matrix->pods[before - 1]->namespace, namespace) != 0) &&
	       (after + 1 == matrix->count ||
		strcmp(matrix->pods[after + 1]->namespace, namespace) != 0);
}

/* Returns how many pods that names. */
static size_t print_span(FILE *out, const struct span *span, bool by_name, size_t room)
{
	const struct matrix *matrix = span->matrix;
	const char *namespace = namespace_at(span, span->first);
	size_t count = span->end - span->first, shown = count < room ? count : room;

	if (!by_name || is_whole(span)) {
		fprintf(out, "%s%zu of %s", is_whole(span) ? "all " : "", count,
			namespace);
		return count;
	}
	for (size_t i = 0; i < shown; i++)
		fprintf(out, "%s%s/%s", i ? ", " : "", namespace,
			matrix->pods[span->group->pods[span->first + i]]->name);
	return shown;
}

/* Few pods, or those of one namespace, by their own names. */
static bool is_named(const struct matrix *matrix, const struct matrix_group *group,
		     size_t most)
{
	const struct object *first = matrix->pods[group->pods[0]],
			    *last = matrix->pods[group->pods[group->count - 1]];

	return group->count <= most || strcmp(first->namespace, last->namespace) == 0;
}

/* "shop/cart-0, all 12 of web and 7 more" in a new string; NULL: out of memory. */
static char *name_group(const struct matrix *matrix, const struct matrix_group *group,
			size_t most)
{
	bool by_name = is_named(matrix, group, most);
	struct span span = { matrix, group, 0, 0 };
	size_t parts = 0, named = 0, size;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	while (parts < most && next_span(&span)) {
		fputs(parts ? ", " : "", out);
		size_t shown = print_span(out, &span, by_name, most - parts);

		named += shown;
		parts += by_name && !is_whole(&span) ? shown : 1;
	}
	if (named < group->count)
		fprintf(out, " and %zu more", group->count - named);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* ---- the table ---- */
struct rows {
	struct matrix *matrix;
	struct matrix_groups groups;
	char **names;
	size_t widest;
};

static void clear_rows(struct rows *rows)
{
	for (size_t i = 0; rows->names && i < rows->groups.count; i++)
		free(rows->names[i]);
	free(rows->names);
	matrix_groups_clear(&rows->groups);
}

static int make_rows(struct rows *rows)
{
	int r =
	    matrix_fold(rows->matrix, rows->matrix->count > PODS_APART, &rows->groups);

	if (r < 0)
		return r;
	rows->names = calloc(rows->groups.count + 1, sizeof(*rows->names));
	for (size_t i = 0; rows->names && i < rows->groups.count; i++) {
		rows->names[i] =
		    name_group(rows->matrix, &rows->groups.items[i], PARTS_MOST);
		if (!rows->names[i])
			return -ENOMEM;
		size_t width = strlen(rows->names[i]);

		rows->widest = width > rows->widest ? width : rows->widest;
	}
	return rows->names ? 0 : -ENOMEM;
}

static enum cell cell_at(const struct rows *rows, size_t row, size_t column)
{
	return matrix_group_cell(rows->matrix, &rows->groups.items[row],
				 &rows->groups.items[column]);
}

static void print_legend(const struct rows *rows)
{
	bool used[CELLS] = { false };
	const char *separator = "";
	size_t count = rows->groups.count;

	for (size_t at = 0; at < count * count; at++) {
		enum cell cell = cell_at(rows, at / count, at % count);

		for (size_t i = 0; i < CELLS; i++)
			used[i] |= matrix_legend[i].cell == cell;
	}
	printf(", from rows to columns:");
	for (size_t i = 0; i < CELLS; i++) {
		if (!used[i])
			continue;
		printf("%s %c %s", separator, matrix_legend[i].cell,
		       matrix_legend[i].words);
		separator = ";";
	}
	putchar('\n');
}

/* Columns are numbered by what is written before each row. */
static void print_rows(const struct rows *rows)
{
	size_t count = rows->groups.count;
	int digits = count > 999 ? 4 : count > 99 ? 3 : count > 9 ? 2 : 1;

	printf("%*s", digits + (int)rows->widest + 2, "");
	for (size_t i = 0; i < count; i++)
		printf("%*zu", digits + 1, i + 1);
	putchar('\n');
	for (size_t i = 0; i < count; i++) {
		printf("%*zu  %-*s", digits, i + 1, (int)rows->widest, rows->names[i]);
		for (size_t k = 0; k < count; k++)
			printf("%*c", digits + 1, cell_at(rows, i, k));
		putchar('\n');
	}
}

static int print_members(const struct rows *rows)
{
	for (size_t i = 0; i < rows->groups.count; i++) {
		const struct matrix_group *group = &rows->groups.items[i];
		_cleanup_free_ char *name = name_group(rows->matrix, group, group->count);

		if (!name)
			return -ENOMEM;
		if (group->count > 1)
			printf("\n%zu: %s\n", i + 1, name);
	}
	return 0;
}

int matrix_print_table(struct matrix *matrix, const char *port, bool in_full)
{
	CLEANUP(clear_rows) struct rows rows = { .matrix = matrix };
	int r = make_rows(&rows);

	if (r < 0)
		return r;
	fputs(port, stdout);
	if (rows.groups.count < matrix->count)
		printf(", %zu pods in %zu groups", matrix->count, rows.groups.count);
	print_legend(&rows);
	print_rows(&rows);
	return in_full ? print_members(&rows) : 0;
}
