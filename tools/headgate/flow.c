/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "../../control/lib/cleanup.h"
#include "table.h"

static const struct column columns[] = {
	{ "PROTOCOL", "protocol", cell_text, 0 },
	{ "STATE", "state", cell_text, 0 },
	{ "CLIENT", "client", cell_end, 0 },
	{ "VIP", "vip", cell_end, 0 },
	{ "BACKEND", "backend", cell_end, 0 },
	{ "SNAT", "snat", cell_end, COLUMN_WIDE },
	{ "SERVICE", "title", cell_text, 0 },
	{ "EMBRYONIC", "embryonic", cell_yes, COLUMN_WIDE },
	{ "IDLE", "idleSeconds", cell_age, COLUMN_RIGHT },
	{ "EXPIRES", "expiresSeconds", cell_age, COLUMN_RIGHT },
	{ NULL, NULL, NULL, 0 },
};

static struct json_object *call_filtered(const struct line *line, const char *method)
{
	const struct api_argument arguments[] = {
		{ "client", line->client },
		{ "vip", line->vip },
		{ "backend", line->backend },
		{ "protocol", line->protocol },
		{ "service", line->service },
		{ "limit", line->limit },
		{ NULL, NULL },
	};

	return api_call(line, method, "/v1/flows", arguments);
}

/* "shop/web", as --service takes it. */
static void add_title(struct json_object *flow)
{
	_cleanup_free_ char *title = NULL;

	if (!api_member(flow, "service"))
		return;
	if (asprintf(&title, "%s/%s", api_text(flow, "namespace"),
		     api_text(flow, "service")) < 0)
		title = NULL;
	row_add_text(flow, "title", title ? title : "-");
}

int flow_list(const struct line *line)
{
	CLEANUP(api_put) struct json_object *answer = call_filtered(line, "GET");

	if (!answer)
		return api_exit_code();
	if (api_print_json(line, answer))
		return EXIT_SUCCESS;
	struct json_object *flows = api_member(answer, "flows");

	for (size_t i = 0; i < api_count(flows); i++)
		add_title(api_item(flows, i));
	int r = table_print(line, columns, flows);

	if (r == EXIT_SUCCESS && api_bool(answer, "truncated"))
		fprintf(stderr,
			"headgate: %zu of %s flows that match: narrow it down or raise "
			"--limit\n",
			api_count(flows), api_text(answer, "matched"));
	return r;
}

/* "/v1/flows/tcp/1.2.3.4:5/10.96.0.1:80" of three words, or of one in this form. */
static char *path_of(const struct line *line)
{
	char *path = NULL, *parts[3] = { NULL };
	_cleanup_free_ char *copy = strdup(line->arguments[0]);
	char *rest = copy;
	int count = 0;

	for (; line->count == 1 && rest && count < 3; count++)
		parts[count] = strsep(&rest, "/");
	for (; line->count == 3 && count < 3; count++)
		parts[count] = line->arguments[count];
	if (count < 3 || (line->count == 1 && rest))
		return NULL;
	_cleanup_free_ char *client = api_escape(parts[1]), *vip = api_escape(parts[2]);
	_cleanup_free_ char *protocol = api_escape(parts[0]);

	if (!client || !vip || !protocol ||
	    asprintf(&path, "/v1/flows/%s/%s/%s", protocol, client, vip) < 0)
		return NULL;
	return path;
}

static const struct {
	const char *label, *member;
	char *(*cell)(struct json_object *value);
} facts[] = {
	{ "Flow", "id", cell_text },
	{ "State", "state", cell_text },
	{ "Client", "client", cell_end },
	{ "Virtual", "vip", cell_end },
	{ "Backend", "backend", cell_end },
	{ "Source", "snat", cell_end },
	{ "Namespace", "namespace", cell_text },
	{ "Service", "service", cell_text },
	{ "Embryonic", "embryonic", cell_yes },
	{ "Idle", "idleSeconds", cell_age },
	{ "Expires in", "expiresSeconds", cell_age },
};

int flow_show(const struct line *line)
{
	_cleanup_free_ char *path = path_of(line);

	if (!path)
		return usage(
		    "'flow show' takes PROTOCOL CLIENT:PORT VIP:PORT, or the id that "
		    "'flow list -o json' prints");
	CLEANUP(api_put) struct json_object *answer = api_call(line, "GET", path, NULL);

	if (!answer)
		return api_exit_code();
	if (api_print_json(line, answer))
		return EXIT_SUCCESS;
	struct json_object *flow = api_member(answer, "flow");

	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		_cleanup_free_ char *text =
		    facts[i].cell(api_member(flow, facts[i].member));

		printf("%-12s%s\n", facts[i].label, text ? text : "-");
	}
	return EXIT_SUCCESS;
}

int flow_delete(const struct line *line)
{
	if (!line->client && !line->vip && !line->backend && !line->protocol &&
	    !line->service)
		return usage(
		    "'flow delete' needs --client, --vip, --backend, --protocol or "
		    "--service");
	CLEANUP(api_put) struct json_object *answer = call_filtered(line, "DELETE");

	if (!answer)
		return api_exit_code();
	if (!api_print_json(line, answer))
		printf("%s flow%s deleted\n", api_text(answer, "deleted"),
		       api_number(answer, "deleted") == 1 ? "" : "s");
	return EXIT_SUCCESS;
}
