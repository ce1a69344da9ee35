/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON's one escape that is not YAML's. */
#ifndef SOURCE_SURROGATE_H
#define SOURCE_SURROGATE_H

#include <stdbool.h>
#include <stddef.h>

/* JSON text (by its first character) with a pair of \ud8xx\udcxx escapes in it. */
bool surrogate_is_used(const char *text, size_t length);
/*
 * The text with each pair as YAML's \U000xxxxx, two characters shorter; places further
 * right in such a line move by as much. New memory, NULL when out of it.
 */
char *surrogate_join(const char *text, size_t length, size_t *ret_length);

#endif
