/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "../../control/lib/cleanup.h"
#include "table.h"

static void print_objects(struct json_object *objects)
{
	struct json_object_iterator at = json_object_iter_begin(objects);
	struct json_object_iterator end = json_object_iter_end(objects);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		printf(" %s %s", json_object_iter_peek_name(&at),
		       json_object_get_string(json_object_iter_peek_value(&at)));
}

static void print_head(struct json_object *status)
{
	_cleanup_free_ char *age = cell_age(api_member(status, "uptimeSeconds"));
	struct json_object *health = api_member(status, "health");

	printf("headgated %s on %s, pid %s, up %s\n", api_text(status, "version"),
	       api_text(status, "nodeName"), api_text(status, "pid"), age ? age : "-");
	printf("%-12s%s:", "Manifests", api_text(status, "manifests"));
	print_objects(api_member(status, "objects"));
	printf("\n%-12s%s: %s up, %s down, %s unknown\n", "Checks",
	       api_text(health, "checks"), api_text(health, "up"),
	       api_text(health, "down"), api_text(health, "unknown"));
}

static void print_attachments(struct json_object *attachments)
{
	const char *label = "Interfaces";

	for (size_t i = 0; i < api_count(attachments); i++, label = "") {
		struct json_object *item = api_item(attachments, i);
		const char *remark = api_text(item, "remark");

		printf("%-12s%s: %s%s%s%s\n", label, api_text(item, "interface"),
		       api_text(item, "mode"), *remark ? " (" : "", remark,
		       *remark ? ")" : "");
	}
	if (!api_count(attachments))
		printf("%-12snone attached\n", label);
}

static void print_place(struct json_object *complaint)
{
	if (api_member(complaint, "file"))
		printf("%s:", api_text(complaint, "file"));
	if (api_number(complaint, "line"))
		printf("%s:", api_text(complaint, "line"));
	if (api_number(complaint, "column"))
		printf("%s:", api_text(complaint, "column"));
	if (api_member(complaint, "file"))
		printf(" ");
	if (api_member(complaint, "object"))
		printf("%s: ", api_text(complaint, "object"));
}

static void print_complaints(struct json_object *complaints)
{
	printf("%-12s%zu\n", "Complaints", api_count(complaints));
	for (size_t i = 0; i < api_count(complaints); i++) {
		struct json_object *complaint = api_item(complaints, i);

		printf("  %s: ", api_text(complaint, "level"));
		print_place(complaint);
		puts(api_text(complaint, "sentence"));
	}
}

static const struct column map_columns[] = {
	{ "MAP", "name", cell_text, 0 },
	{ "USED", "used", cell_text, COLUMN_RIGHT },
	{ "SIZE", "size", cell_text, COLUMN_RIGHT },
	{ "MEMORY", "bytes", cell_bytes, COLUMN_RIGHT },
	{ NULL, NULL, NULL, 0 },
};

int status_show(const struct line *line)
{
	CLEANUP(api_put)
	struct json_object *status = api_call(line, "GET", "/v1/status", NULL);

	if (!status)
		return EXIT_FAILURE;
	if (api_print_json(line, status))
		return EXIT_SUCCESS;
	print_head(status);
	print_attachments(api_member(status, "attachments"));
	print_complaints(api_member(status, "complaints"));
	struct json_object *missing = api_member(status, "notServed");

	for (size_t i = 0; i < api_count(missing); i++)
		printf("%-12s%s\n", i ? "" : "Not served",
		       json_object_get_string(api_item(missing, i)));
	puts("");
	return table_print(line, map_columns, api_member(status, "maps"));
}
