/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of bits in the tables, interned by content and counted. Row 0 is the empty one. A
 * row is written when it is made: nothing in force names it yet.
 */
#ifndef COMPILE_POLICY_ROWS_H
#define COMPILE_POLICY_ROWS_H

#include "policy_state.h"

int policy_rows_open(struct policy *policy);
void policy_rows_close(struct policy *policy);
/* With one reference. 0, -ENOMEM, -ENOSPC. */
int policy_rows_take(struct policy *policy, const struct hg_policy_row *row,
		     uint32_t *ret_number);
void policy_rows_hold(struct policy *policy, uint32_t number, uint32_t count);
/* No reader may be using it any more when the last reference goes. */
void policy_rows_drop(struct policy *policy, uint32_t number, uint32_t count);

#endif
