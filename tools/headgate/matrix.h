/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who reaches whom at one port: verdicts for every pair of pods. Pods that the compiled
 * policy does not tell apart are of one kind; a verdict is a matter of the two kinds, and of
 * a pod being itself. So it costs little however many pods there are.
 */
#ifndef HEADGATE_MATRIX_H
#define HEADGATE_MATRIX_H

#include "../../control/explain/ends.h"

enum cell {
	CELL_ALLOWED = '.',
	CELL_DENIED = 'X',
	CELL_AUDIT = 'a',
	CELL_MIXED = '%',
	CELL_NONE = '-',
};

struct cell_words {
	enum cell cell;
	const char *word, *words; /* of csv, of the legend */
};
#define CELLS 5
extern const struct cell_words matrix_legend[CELLS];

struct matrix {
	const struct policy *policy;
	const struct cluster *cluster;
	struct ends_port port;
	const struct object **pods; /* by namespace, name */
	size_t count, capacity;
	uint32_t *kinds; /* of each pod */
	uint32_t kind_count;
	char *verdicts; /* kind × kind, 0: not judged yet; NULL: too many kinds */
};

/* Pods of these namespaces ("a,b"; NULL: all) that hold an address. 0 or -ENOMEM. */
int matrix_collect(const struct cluster *cluster, const char *namespaces,
		   struct matrix *ret_matrix);
/* When the policy is compiled. 0 or -ENOMEM. */
int matrix_tell_kinds(struct matrix *matrix, const struct policy *policy);
enum cell matrix_cell(struct matrix *matrix, size_t from, size_t to);
void matrix_clear(struct matrix *matrix);

/* ---- matrix_fold.c: pods whose rows and columns are equal ---- */
struct matrix_group {
	uint32_t *pods; /* in order */
	size_t count, capacity;
};
struct matrix_groups {
	struct matrix_group *items; /* by their first pod */
	size_t count;
};
/* fold false: a group for each pod. 0 or -ENOMEM. */
int matrix_fold(struct matrix *matrix, bool fold, struct matrix_groups *ret_groups);
void matrix_groups_clear(struct matrix_groups *groups);
/* Of one pod of each; of two pods of the same. */
enum cell matrix_group_cell(struct matrix *matrix, const struct matrix_group *from,
			    const struct matrix_group *to);

/* ---- matrix_table.c ---- */
/* For a person: groups; with their pods in full after it. 0 or -ENOMEM. */
int matrix_print_table(struct matrix *matrix, const char *port, bool in_full);

#endif
