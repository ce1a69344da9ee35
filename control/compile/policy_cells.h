/* SPDX-License-Identifier: BSD-2-Clause */
/* What a set says of each class: its cells, which name rows. */
#ifndef COMPILE_POLICY_CELLS_H
#define COMPILE_POLICY_CELLS_H

#include "policy_state.h"

#define POLICY_CELL_UNIT 64U /* cells are taken by so many */

/* A set that allows nothing. */
int policy_cells_place_empty(struct policy *policy, struct policy_set *set);
/* Give the set a number, counters, cells for all classes. 0, -ENOMEM, -ENOSPC: then it has
 * nothing. */
int policy_cells_place(struct policy *policy, struct policy_set *set);
/* Free all that it has. Nothing in force may name it. */
void policy_cells_remove(struct policy *policy, struct policy_set *set);
/* Cells for the classes that have come since, in the sets that have a number. One that has
 * no cell for a class that it says something of is marked outgrown, one for which there is
 * no row must leave. 0 or -ENOMEM. */
int policy_cells_fill(struct policy *policy);
/* A new number and larger cells for an outgrown set; the old ones rest. */
int policy_cells_regrow(struct policy *policy, struct policy_set *set);

#endif
