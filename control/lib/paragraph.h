/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_PARAGRAPH_H
#define LIB_PARAGRAPH_H

#include <stdio.h>

#define PARAGRAPH_WIDTH 80U

/*
 * Print a label and, from column `indent` on, a text broken between words so that no line
 * is wider than `width` (0: never broken). A label that reaches the column gets a line of
 * its own. A word that is wider than the room it has is not cut.
 */
void paragraph_print(FILE *out, const char *label, const char *text, unsigned indent,
		     unsigned width);

#endif
