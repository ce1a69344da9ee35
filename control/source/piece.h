/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON objects one after the other, without anything between them but blanks, as
 * "jq -c '.items[]'" writes them: no YAML, so each one is given to the parser alone.
 */
#ifndef SOURCE_PIECE_H
#define SOURCE_PIECE_H

#include <stdbool.h>
#include <stddef.h>

/* Blanks (and the byte order mark) in front of a JSON object or of the end: as many bytes
 * to skip, since tabs there are no YAML. 0 in front of anything else. */
size_t piece_skip(const char *text, size_t length);
/* Length of the first piece: a JSON object, behind which there are only others and blanks,
 * or else all there is. */
size_t piece_length(const char *text, size_t length);
/* What the text begins with, blanks apart, is "{" or "[". */
bool piece_is_json(const char *text, size_t length);

#endif
