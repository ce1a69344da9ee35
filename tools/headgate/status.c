/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <unistd.h>

#include "../../control/lib/cleanup.h"
#include "../../control/lib/paragraph.h"
#include "table.h"

/* Lines are broken for a person only: a pipe's reader wants a complaint in one piece. */
static unsigned width(void)
{
	return isatty(STDOUT_FILENO) ? PARAGRAPH_WIDTH : 0;
}

static char *describe_manifests(struct json_object *status)
{
	struct json_object *objects = api_member(status, "objects");
	struct json_object_iterator at = json_object_iter_begin(objects);
	struct json_object_iterator end = json_object_iter_end(objects);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "%s:", api_text(status, "manifests"));
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		fprintf(out, " %s %s", json_object_iter_peek_name(&at),
			json_object_get_string(json_object_iter_peek_value(&at)));
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static void print_head(struct json_object *status)
{
	_cleanup_free_ char *age = cell_age(api_member(status, "uptimeSeconds"));
	_cleanup_free_ char *manifests = describe_manifests(status);
	struct json_object *health = api_member(status, "health");

	printf("headgated %s on %s, pid %s, up %s\n", api_text(status, "version"),
	       api_text(status, "nodeName"), api_text(status, "pid"), age ? age : "-");
	paragraph_print(stdout, "Manifests", manifests ? manifests : "-", 12, width());
	printf("%-12s%s: %s up, %s down, %s unknown\n", "Checks",
	       api_text(health, "checks"), api_text(health, "up"),
	       api_text(health, "down"), api_text(health, "unknown"));
}

static void print_policy(struct json_object *policy)
{
	const char *keep =
	    strcmp(api_text(policy, "established"), "keep") ? "" : ", established kept";
	const char *unchecked =
	    api_bool(policy, "sourceCheck") ? "" : ", sources unchecked";

	printf("%-12s%s: %s, ", "Policies", api_text(policy, "mode"),
	       api_text(policy, "policies"));
	if (api_bool(policy, "held"))
		printf(
		    "not in force: the daemon before's are held, %s addresses isolated",
		    api_text(policy, "addressesHeldIsolated"));
	else
		printf("%s of %s pods here isolated", api_text(policy, "podsIsolated"),
		       api_text(policy, "podsHere"));
	printf("%s%s\n", keep, unchecked);
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

/* "warning: shop.yaml:3:1: Service shop/web: sentence" in a new string. */
static char *describe_complaint(struct json_object *complaint)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "%s: ", api_text(complaint, "level"));
	if (api_member(complaint, "file"))
		fprintf(out, "%s:", api_text(complaint, "file"));
	if (api_number(complaint, "line"))
		fprintf(out, "%s:", api_text(complaint, "line"));
	if (api_number(complaint, "column"))
		fprintf(out, "%s:", api_text(complaint, "column"));
	if (api_member(complaint, "file"))
		fputc(' ', out);
	if (api_member(complaint, "object"))
		fprintf(out, "%s: ", api_text(complaint, "object"));
	fputs(api_text(complaint, "sentence"), out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static void print_complaints(struct json_object *complaints)
{
	printf("%-12s%zu\n", "Complaints", api_count(complaints));
	for (size_t i = 0; i < api_count(complaints); i++) {
		_cleanup_free_ char *text = describe_complaint(api_item(complaints, i));

		paragraph_print(stdout, "", text ? text : "out of memory", 2, width());
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
		return api_exit_code();
	if (api_print_json(line, status))
		return EXIT_SUCCESS;
	print_head(status);
	if (api_member(status, "policy"))
		print_policy(api_member(status, "policy"));
	print_attachments(api_member(status, "attachments"));
	print_complaints(api_member(status, "complaints"));
	struct json_object *missing = api_member(status, "notServed");

	for (size_t i = 0; i < api_count(missing); i++)
		paragraph_print(stdout, i ? "" : "Not served",
				json_object_get_string(api_item(missing, i)), 12,
				width());
	puts("");
	return table_print(line, map_columns, api_member(status, "maps"));
}
