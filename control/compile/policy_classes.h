/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classes: interned sets of terms. Class 0 is the empty one, always. For each term the
 * classes that have it are known. A class without references stays, with its number, until
 * it is swept.
 */
#ifndef COMPILE_POLICY_CLASSES_H
#define COMPILE_POLICY_CLASSES_H

#include "policy_state.h"

int policy_classes_open(struct policy_classes *classes);
void policy_classes_close(struct policy_classes *classes);
/* With one reference for the caller. ids are sorted. 0, -ENOMEM, or -ENOSPC: no number is
 * left. */
int policy_classes_take(struct policy_classes *classes, const uint32_t *ids,
			uint32_t count, uint32_t *ret_class);
void policy_classes_hold(struct policy_classes *classes, uint32_t class);
void policy_classes_drop(struct policy_classes *classes, uint32_t class);
/* Free those that nothing refers to. Readers of older states must be gone. */
void policy_classes_sweep(struct policy_classes *classes);
bool policy_classes_use(const struct policy_classes *classes, uint32_t term_id);

#endif
