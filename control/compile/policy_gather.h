/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows in the making: those of one set by class, or those of one class by set. Only what
 * the terms touch is gathered; all others have the row of class 0.
 */
#ifndef COMPILE_POLICY_GATHER_H
#define COMPILE_POLICY_GATHER_H

#include "policy_state.h"

/* Rows of a set on one side. all: bits that hold for everybody. *ret_highest: the highest
 * class among those touched. 0 or -ENOMEM. */
int policy_gather_set(struct policy *policy, const struct policy_set *set,
		      enum policy_side side, const struct hg_policy_row *all,
		      uint32_t *ret_touched, uint32_t *ret_highest);
uint32_t policy_gather_class(const struct policy *policy, uint32_t at);
const struct hg_policy_row *policy_gather_row(const struct policy *policy, uint32_t at);

/* Rows of a class in the sets that have a number; those are marked as gathered until
 * policy_gather_end(), which must be called, also on failure. 0 or -ENOMEM. */
int policy_gather_class_rows(struct policy *policy, enum policy_side side, uint32_t class,
			     uint32_t *ret_touched);
struct policy_set *policy_gather_set_at(const struct policy *policy, uint32_t at);
void policy_gather_end(struct policy *policy, uint32_t touched);

#endif
