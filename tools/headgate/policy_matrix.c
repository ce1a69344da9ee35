/* SPDX-License-Identifier: BSD-2-Clause */
/* policy test --matrix: who reaches whom at one port. Rows open connections to columns. */
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "../../control/explain/ends.h"
#include "../../control/explain/match.h"
#include "../../control/lib/cleanup.h"
#include "offline.h"
#include "policy.h"

#define PODS_MOST 100U

enum cell {
	CELL_ALLOWED = '.',
	CELL_DENIED = 'X',
	CELL_AUDIT = 'a',
	CELL_MIXED = '%',
	CELL_NONE = '-',
};

static const struct {
	enum cell cell;
	const char *words;
} legend[] = {
	{ CELL_ALLOWED, "allowed" },
	{ CELL_DENIED, "denied" },
	{ CELL_AUDIT, "allowed, audit would deny" },
	{ CELL_MIXED, "allowed in one address family only" },
	{ CELL_NONE, "no address family in common" },
};
#define CELLS (sizeof(legend) / sizeof(*legend))

struct matrix {
	const struct policy *policy;
	const char *namespaces; /* "a,b"; NULL: all */
	struct ends_port port;
	const struct object *pods[PODS_MOST];
	size_t count; /* may be more than there is room for */
};

/* ---- who ---- */
static bool is_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	while (list) {
		if (strncmp(list, name, length) == 0 &&
		    (list[length] == ',' || !list[length]))
			return true;
		list = strchr(list, ',');
		list = list ? list + 1 : NULL;
	}
	return false;
}

static int add_pod(void *context, const struct object *pod)
{
	struct matrix *matrix = context;

	if (!match_is_pod(pod) ||
	    (matrix->namespaces && !is_listed(matrix->namespaces, pod->namespace)))
		return 0;
	if (matrix->count < PODS_MOST)
		matrix->pods[matrix->count] = pod;
	matrix->count++;
	return 0;
}

/* ---- what ---- */
static enum cell judge(const struct matrix *matrix, const struct hg_addr *from,
		       const struct hg_addr *to)
{
	struct policy_question question = { .from = *from,
					    .to = *to,
					    .protocol = matrix->port.protocol,
					    .port = matrix->port.number };
	struct policy_verdict egress, ingress;

	if (matrix->port.is_icmp && !addr_is_v4(to))
		question.protocol = IPPROTO_ICMPV6;
	policy_judge_egress(matrix->policy, &question, &egress);
	policy_judge_ingress(matrix->policy, &question, &ingress);
	if (egress.outcome == POLICY_DENIED || ingress.outcome == POLICY_DENIED)
		return CELL_DENIED;
	return egress.audit_denied || ingress.audit_denied ? CELL_AUDIT : CELL_ALLOWED;
}

/* Of two families: that audit complains in one of them is said, not in which. */
static enum cell join(enum cell a, enum cell b)
{
	if (a == CELL_NONE || a == b)
		return b;
	return a == CELL_DENIED || b == CELL_DENIED ? CELL_MIXED : CELL_AUDIT;
}

static enum cell cell_of(const struct matrix *matrix, size_t row, size_t column)
{
	const struct addr_list *from = &matrix->pods[row]->pod.ips;
	const struct addr_list *to = &matrix->pods[column]->pod.ips;
	enum cell cell = CELL_NONE;

	for (size_t i = 0; i < from->count; i++) {
		for (size_t k = 0; k < to->count; k++) {
			if (addr_is_v4(&from->items[i]) != addr_is_v4(&to->items[k]))
				continue;
			cell = join(cell, judge(matrix, &from->items[i], &to->items[k]));
		}
	}
	return cell;
}

/* ---- JSON ---- */
static void put_matrix(const struct matrix *matrix, struct body *body)
{
	struct json_object *words = body_object(body, body->root, "legend");
	struct json_object *rows = body_array(body, body->root, "rows");
	char cells[PODS_MOST + 1], name[2] = "";

	for (size_t i = 0; i < CELLS; i++) {
		name[0] = (char)legend[i].cell;
		body_text(body, words, name, legend[i].words);
	}
	for (size_t row = 0; row < matrix->count; row++) {
		struct json_object *item = body_object(body, rows, NULL);

		for (size_t k = 0; k < matrix->count; k++)
			cells[k] = (char)cell_of(matrix, row, k);
		cells[matrix->count] = '\0';
		body_text(body, item, "namespace", matrix->pods[row]->namespace);
		body_text(body, item, "name", matrix->pods[row]->name);
		body_text(body, item, "cells", cells);
	}
}

/* ---- text ---- */
static void print_legend(struct json_object *rows, const char *port)
{
	bool used[CELLS] = { false };
	const char *separator = "";

	for (size_t row = 0; row < api_count(rows); row++) {
		const char *cells = api_text(api_item(rows, row), "cells");

		for (size_t i = 0; i < CELLS; i++)
			used[i] |= strchr(cells, legend[i].cell) != NULL;
	}
	printf("%s, from rows to columns:", port);
	for (size_t i = 0; i < CELLS; i++) {
		if (!used[i])
			continue;
		printf("%s %c %s", separator, legend[i].cell, legend[i].words);
		separator = ";";
	}
	putchar('\n');
}

/* Columns are numbered by what is written before each row. */
static void print_matrix(struct json_object *root)
{
	struct json_object *rows = api_member(root, "rows");
	size_t count = api_count(rows), widest = 0;
	int digits = count > 99 ? 3 : count > 9 ? 2 : 1;

	print_legend(rows, api_text(root, "port"));
	for (size_t i = 0; i < count; i++) {
		size_t width = strlen(api_text(api_item(rows, i), "namespace")) +
			       strlen(api_text(api_item(rows, i), "name"));

		widest = width > widest ? width : widest;
	}
	printf("%*s", digits + (int)widest + 3, "");
	for (size_t i = 0; i < count; i++)
		printf("%*zu", digits + 1, i + 1);
	putchar('\n');
	for (size_t i = 0; i < count; i++) {
		struct json_object *row = api_item(rows, i);
		const char *namespace = api_text(row, "namespace");

		printf("%*zu  %s/%-*s", digits, i + 1, namespace,
		       (int)(widest - strlen(namespace)), api_text(row, "name"));
		for (const char *cell = api_text(row, "cells"); *cell; cell++)
			printf("%*c", digits + 1, *cell);
		putchar('\n');
	}
}

static int collect(const struct line *line, const struct offline *offline,
		   struct body *body, struct matrix *matrix)
{
	int r = offline_check(body, ends_read_port(line->port, body, &matrix->port));

	if (r)
		return r;
	matrix->namespaces = line->namespace;
	cluster_each(offline->cluster, OBJECT_POD, add_pod, matrix);
	if (!matrix->count)
		return usage("no pod has an address%s%s: there is nothing to judge",
			     line->namespace ? " in " : "",
			     line->namespace ? line->namespace : "");
	if (matrix->count > PODS_MOST)
		return usage("%zu pods are too many for a table: name namespaces with up "
			     "to %u pods with --namespace a,b",
			     matrix->count, PODS_MOST);
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
	struct matrix matrix = { 0 };
	int r = offline_open(line, &offline);

	if (r)
		return r;
	body_begin(&body);
	r = collect(line, &offline, &body, &matrix);
	if (r == 0)
		r = compile(&matrix, &offline);
	if (r)
		return r;
	matrix.policy = offline.policy;
	ends_put_port(&matrix.port, &body);
	put_matrix(&matrix, &body);
	r = offline_check(&body, 0);
	if (r)
		return r;
	if (!api_print_json(line, body.root))
		print_matrix(body.root);
	return EXIT_SUCCESS;
}
