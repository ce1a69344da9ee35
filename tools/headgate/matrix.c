/* SPDX-License-Identifier: BSD-2-Clause */
#include "matrix.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "../../control/explain/match.h"
#include "../../control/lib/cleanup.h"
#include "offline.h"

/* 16 MB of verdicts are kept at most; beyond each is judged anew. */
#define KINDS_KEPT 4096U

const struct cell_words matrix_legend[CELLS] = {
	{ CELL_ALLOWED, "allowed", "allowed" },
	{ CELL_DENIED, "denied", "denied" },
	{ CELL_AUDIT, "audit", "allowed, audit would deny" },
	{ CELL_MIXED, "mixed", "allowed in one address family only" },
	{ CELL_NONE, "none", "no address family in common" },
};

/* ---- who ---- */
struct collecting {
	const char *namespaces;
	struct matrix *matrix;
};

static int add_pod(void *context, const struct object *pod)
{
	const struct collecting *collecting = context;
	struct matrix *matrix = collecting->matrix;

	if (!match_is_pod(pod) ||
	    (collecting->namespaces &&
	     !offline_is_listed(collecting->namespaces, pod->namespace)))
		return 0;
	if (matrix->count == matrix->capacity) {
		size_t capacity = matrix->capacity ? matrix->capacity * 2 : 64;
		const struct object **pods =
		    reallocarray(matrix->pods, capacity, sizeof(struct object *));

		if (!pods)
			return -ENOMEM;
		matrix->pods = pods;
		matrix->capacity = capacity;
	}
	matrix->pods[matrix->count++] = pod;
	return 0;
}

int matrix_collect(const struct cluster *cluster, const char *namespaces,
		   struct matrix *matrix)
{
	struct collecting collecting = { namespaces, matrix };

	matrix->cluster = cluster;
	return cluster_each(cluster, OBJECT_POD, add_pod, &collecting);
}

void matrix_clear(struct matrix *matrix)
{
	free(matrix->pods);
	free(matrix->kinds);
	free(matrix->verdicts);
	*matrix = (struct matrix){ 0 };
}

/* ---- of which kind ---- */
struct look {
	uint32_t pod;
	size_t length;
	struct policy_look views[4]; /* addresses; pods have two */
	bool is_alone;		     /* shares an address, or has more: like no other */
};

static int compare(const void *x, const void *y)
{
	const struct look *a = x, *b = y;
	int order = (int)a->is_alone - (int)b->is_alone;

	if (order == 0 && a->is_alone)
		return a->pod < b->pod ? -1 : a->pod > b->pod;
	if (order == 0)
		order = (int)a->length - (int)b->length;
	return order ? order : memcmp(a->views, b->views, a->length * sizeof(*a->views));
}

static void look_at(const struct matrix *matrix, uint32_t at, struct look *ret)
{
	const struct addr_list *addrs = &matrix->pods[at]->pod.ips;
	size_t most = sizeof(ret->views) / sizeof(*ret->views);

	*ret = (struct look){ .pod = at, .is_alone = addrs->count > most };
	for (size_t i = 0; i < addrs->count && i < most; i++)
		policy_look_at(matrix->policy, &addrs->items[i],
			       &ret->views[ret->length++]);
}

struct holder {
	struct hg_addr addr;
	uint32_t pod;
};

static int by_addr(const void *x, const void *y)
{
	return addr_compare(&((const struct holder *)x)->addr,
			    &((const struct holder *)y)->addr);
}

/* A pod reaches whoever has its own address, unlike others of its kind. */
static int mark_sharers(const struct matrix *matrix, struct look *looks)
{
	_cleanup_free_ struct holder *holders = NULL;
	size_t count = 0;

	for (size_t i = 0; i < matrix->count; i++)
		count += matrix->pods[i]->pod.ips.count;
	holders = calloc(count + 1, sizeof(*holders));
	if (!holders)
		return -ENOMEM;
	count = 0;
	for (uint32_t i = 0; i < matrix->count; i++) {
		const struct addr_list *addrs = &matrix->pods[i]->pod.ips;

		for (size_t k = 0; k < addrs->count; k++)
			holders[count++] = (struct holder){ addrs->items[k], i };
	}
	qsort(holders, count, sizeof(*holders), by_addr);
	for (size_t i = 1; i < count; i++) {
		if (by_addr(&holders[i - 1], &holders[i]) == 0)
			looks[holders[i - 1].pod].is_alone =
			    looks[holders[i].pod].is_alone = true;
	}
	return 0;
}

int matrix_tell_kinds(struct matrix *matrix, const struct policy *policy)
{
	_cleanup_free_ struct look *looks = calloc(matrix->count + 1, sizeof(*looks));

	matrix->policy = policy;
	matrix->kinds = calloc(matrix->count + 1, sizeof(*matrix->kinds));
	if (!looks || !matrix->kinds)
		return -ENOMEM;
	for (uint32_t i = 0; i < matrix->count; i++)
		look_at(matrix, i, &looks[i]);
	if (mark_sharers(matrix, looks) < 0)
		return -ENOMEM;
	qsort(looks, matrix->count, sizeof(*looks), compare);
	for (size_t i = 0; i < matrix->count; i++) {
		if (i && compare(&looks[i - 1], &looks[i]) != 0)
			matrix->kind_count++;
		matrix->kinds[looks[i].pod] = matrix->kind_count;
	}
	matrix->kind_count++;
	if (matrix->kind_count > KINDS_KEPT)
		return 0;
	matrix->verdicts = calloc(matrix->kind_count, matrix->kind_count);
	return matrix->verdicts ? 0 : -ENOMEM;
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

static enum cell judge_pods(const struct matrix *matrix, size_t row, size_t column)
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

enum cell matrix_cell(struct matrix *matrix, size_t from, size_t to)
{
	char *kept = NULL;

	if (from != to && matrix->verdicts)
		kept =
		    &matrix->verdicts[(size_t)matrix->kinds[from] * matrix->kind_count +
				      matrix->kinds[to]];
	if (!kept)
		return judge_pods(matrix, from, to);
	if (!*kept)
		*kept = (char)judge_pods(matrix, from, to);
	return (enum cell) * kept;
}
