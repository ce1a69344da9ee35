/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy test --matrix: who reaches whom at one port. Rows open connections to columns.
 * JSON and CSV are written as they are judged: of 2,000 pods they are 4,000,000 verdicts.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "../../control/lib/cleanup.h"
#include "matrix.h"
#include "offline.h"
#include "policy.h"

/* ---- JSON, as api_print_json() writes it ---- */
static void print_text(const char *indent, const char *name, const char *text,
		       const char *end)
{
	struct json_object *value = json_object_new_string(text);

	printf("%s\"%s\": %s%s\n", indent, name,
	       json_object_to_json_string_ext(value, JSON_C_TO_STRING_NOSLASHESCAPE),
	       end);
	json_object_put(value);
}

static void print_json_row(struct matrix *matrix, size_t row, char *cells)
{
	for (size_t k = 0; k < matrix->count; k++)
		cells[k] = (char)matrix_cell(matrix, row, k);
	cells[matrix->count] = '\0';
	puts("    {");
	print_text("      ", "namespace", matrix->pods[row]->namespace, ",");
	print_text("      ", "name", matrix->pods[row]->name, ",");
	print_text("      ", "cells", cells, "");
	printf("    }%s\n", row + 1 < matrix->count ? "," : "");
}

static int print_json(struct matrix *matrix, const char *port)
{
	_cleanup_free_ char *cells = malloc(matrix->count + 1);

	if (!cells)
		return -ENOMEM;
	puts("{\n  \"schemaVersion\": 1,");
	print_text("  ", "port", port, ",");
	puts("  \"legend\": {");
	for (size_t i = 0; i < CELLS; i++) {
		const char name[] = { (char)matrix_legend[i].cell, '\0' };

		print_text("    ", name, matrix_legend[i].words,
			   i + 1 < CELLS ? "," : "");
	}
	puts("  },\n  \"rows\": [");
	for (size_t row = 0; row < matrix->count; row++)
		print_json_row(matrix, row, cells);
	puts("  ]\n}");
	return 0;
}

/* ---- CSV: names of objects need no quotes ---- */
static const char *word_of(enum cell cell)
{
	size_t i = 0;

	while (i < CELLS - 1 && matrix_legend[i].cell != cell)
		i++;
	return matrix_legend[i].word;
}

static void print_csv(struct matrix *matrix, const char *port)
{
	puts("fromNamespace,fromName,toNamespace,toName,port,verdict");
	for (size_t row = 0; row < matrix->count; row++) {
		const struct object *from = matrix->pods[row];

		for (size_t k = 0; k < matrix->count; k++)
			printf("%s,%s,%s,%s,%s,%s\n", from->namespace, from->name,
			       matrix->pods[k]->namespace, matrix->pods[k]->name, port,
			       word_of(matrix_cell(matrix, row, k)));
	}
}

static int print(const struct line *line, struct matrix *matrix, const char *port)
{
	switch (line->format) {
	case FORMAT_JSON:
		return print_json(matrix, port);
	case FORMAT_CSV:
		print_csv(matrix, port);
		return 0;
	default:
		return matrix_print_table(matrix, port, line->format == FORMAT_WIDE);
	}
}

/* ---- whom ---- */
static int collect(const struct line *line, const struct offline *offline,
		   struct body *body, struct matrix *matrix)
{
	int r = offline_check(body, ends_read_port(line->port, body, &matrix->port));

	if (r)
		return r;
	if (matrix_collect(offline->cluster, line->namespace, matrix) < 0)
		return offline_out_of_memory();
	if (!matrix->count)
		return usage("no pod has an address%s%s: there is nothing to judge",
			     line->namespace ? " in " : "",
			     line->namespace ? line->namespace : "");
	return 0;
}

static int compile(const struct matrix *matrix, struct offline *offline)
{
	_cleanup_free_ struct hg_addr *addrs = NULL;
	size_t count = 0, at = 0;

	for (size_t i = 0; i < matrix->count; i++)
		count += matrix->pods[i]->pod.ips.count;
	addrs = calloc(count + 1, sizeof(*addrs));
	if (!addrs)
		return offline_out_of_memory();
	for (size_t i = 0; i < matrix->count; i++) {
		const struct addr_list *own = &matrix->pods[i]->pod.ips;

		memcpy(&addrs[at], own->items, own->count * sizeof(*addrs));
		at += own->count;
	}
	return offline_compile(offline, (struct addr_list){ addrs, count });
}

int policy_matrix(const struct line *line)
{
	CLEANUP(offline_close) struct offline offline = { 0 };
	CLEANUP(body_clear) struct body body = { 0 };
	CLEANUP(matrix_clear) struct matrix matrix = { 0 };
	int r = offline_open(line, &offline);

	if (r)
		return r;
	body_begin(&body);
	r = collect(line, &offline, &body, &matrix);
	if (r == 0)
		r = compile(&matrix, &offline);
	if (r)
		return r;
	ends_put_port(&matrix.port, &body);
	r = offline_check(&body, 0);
	if (r)
		return r;
	if (matrix_tell_kinds(&matrix, offline.policy) < 0 ||
	    print(line, &matrix, api_text(body.root, "port")) < 0)
		return offline_out_of_memory();
	return EXIT_SUCCESS;
}
