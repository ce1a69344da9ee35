/* SPDX-License-Identifier: BSD-2-Clause */
/* Durations as text: "500ms", "2s", "1m30s", "12h". */
#ifndef SOURCE_DURATION_H
#define SOURCE_DURATION_H

#include <stdint.h>

/* 0, or -EINVAL; at most 1000 days. "0" needs no unit. */
int duration_parse(const char *text, int64_t *ret_ms);
/* Into a buffer of DURATION_TEXT bytes, in the largest unit that divides it. */
#define DURATION_TEXT 32
const char *duration_print(int64_t ms, char *buffer);

#endif
