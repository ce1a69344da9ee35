/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kinds whose rows and columns are equal become one group. Kinds differ by what policies
 * could tell apart at any port; at one port and among these pods most of them are equal.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matrix.h"

/* gcc's analyzer loses sight of what an element owns; ASan looks for leaks in the tests. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

void matrix_groups_clear(struct matrix_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		free(groups->items[i].pods);
	free(groups->items);
	*groups = (struct matrix_groups){ 0 };
}

static int append(struct matrix_group *group, uint32_t pod)
{
	if (group->count == group->capacity) {
		size_t capacity = group->capacity ? group->capacity * 2 : 4;
		uint32_t *pods = reallocarray(group->pods, capacity, sizeof(*pods));

		if (!pods)
			return -ENOMEM;
		group->pods = pods;
		group->capacity = capacity;
	}
	group->pods[group->count++] = pod;
	return 0;
}

/* A group for each kind, or for each pod, in the order of their first pods. */
static int begin(const struct matrix *matrix, bool fold, struct matrix_groups *groups)
{
	size_t most = fold ? matrix->kind_count : matrix->count;
	uint32_t *group_of = calloc(most + 1, sizeof(*group_of)); /* + 1; 0: none yet */
	int r = group_of ? 0 : -ENOMEM;

	groups->items = calloc(most + 1, sizeof(*groups->items));
	if (!groups->items)
		r = -ENOMEM;
	for (uint32_t pod = 0; pod < matrix->count && r == 0; pod++) {
		uint32_t *group = &group_of[fold ? matrix->kinds[pod] : pod];

		if (!*group)
			*group = (uint32_t)++groups->count;
		r = append(&groups->items[*group - 1], pod);
	}
	free(group_of);
	return r;
}

enum cell matrix_group_cell(struct matrix *matrix, const struct matrix_group *from,
			    const struct matrix_group *to)
{
	return matrix_cell(matrix, from->pods[0], to->pods[from == to && to->count > 1]);
}

/* Do all pods of both reach each other alike? */
static bool is_even(struct matrix *matrix, const struct matrix_group *a,
		    const struct matrix_group *b)
{
	enum cell cell = matrix_group_cell(matrix, a, b);

	return matrix_group_cell(matrix, b, a) == cell &&
	       (a->count == 1 || matrix_group_cell(matrix, a, a) == cell) &&
	       (b->count == 1 || matrix_group_cell(matrix, b, b) == cell);
}

static bool are_equal(struct matrix *matrix, const struct matrix_groups *kinds,
		      const struct matrix_group *a, const struct matrix_group *b)
{
	if (!is_even(matrix, a, b))
		return false;
	for (size_t i = 0; i < kinds->count; i++) {
		const struct matrix_group *other = &kinds->items[i];

		if (other->count && other != a && other != b &&
		    (matrix_group_cell(matrix, a, other) !=
			 matrix_group_cell(matrix, b, other) ||
		     matrix_group_cell(matrix, other, a) !=
			 matrix_group_cell(matrix, other, b)))
			return false;
	}
	return true;
}

static int by_pod(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

/* b is left empty. */
static int unite(struct matrix_group *a, struct matrix_group *b)
{
	for (size_t i = 0; i < b->count; i++) {
		if (append(a, b->pods[i]) < 0)
			return -ENOMEM;
	}
	b->count = 0;
	return 0;
}

static void drop_empty(struct matrix_groups *groups)
{
	size_t kept = 0;

	for (size_t i = 0; i < groups->count; i++) {
		struct matrix_group *group = &groups->items[i];

		if (!group->count) {
			free(group->pods);
			continue;
		}
		qsort(group->pods, group->count, sizeof(*group->pods), by_pod);
		groups->items[kept++] = *group;
	}
	groups->count = kept;
}

int matrix_fold(struct matrix *matrix, bool fold, struct matrix_groups *ret_groups)
{
	struct matrix_groups groups = { 0 };
	int r = begin(matrix, fold, &groups);

	/* The first of each is compared: what it is equal to is equal among itself. */
	for (size_t i = 0; fold && i < groups.count && r == 0; i++) {
		struct matrix_group *group = &groups.items[i];

		for (size_t k = i + 1; group->count && k < groups.count && r == 0; k++) {
			if (groups.items[k].count &&
			    are_equal(matrix, &groups, group, &groups.items[k]))
				r = unite(group, &groups.items[k]);
		}
	}
	drop_empty(&groups);
	if (r < 0)
		matrix_groups_clear(&groups);
	else
		*ret_groups = groups;
	return r;
}
