/* SPDX-License-Identifier: BSD-2-Clause */
/* Label selectors (policy-semantics 19-22). */
#ifndef COMPILE_POLICY_SELECTOR_H
#define COMPILE_POLICY_SELECTOR_H

#include "../cluster/object.h"

/* All requirements hold. A missing key satisfies NotIn and DoesNotExist. */
bool policy_selector_matches(const struct label_selector *selector,
			     const struct object *object);
/* The same for a Namespace, which always has its name as a label; object may be NULL. */
bool policy_selector_matches_namespace(const struct label_selector *selector,
				       const char *name, const struct object *object);

/* 0 or -ENOMEM. The copy is cleared with label_selector_clear(). */
int policy_selector_copy(const struct label_selector *from,
			 struct label_selector *ret_to);
bool policy_selector_equal(const struct label_selector *a,
			   const struct label_selector *b);
uint32_t policy_selector_hash(uint32_t seed, const struct label_selector *selector);

#endif
