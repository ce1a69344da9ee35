/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * YAML and JSON text as json-c trees, one per document; every node knows its line and
 * column (position.h): of what an alias stands for, those of the anchor. A strict subset:
 * no duplicate or non-string keys, no foreign tags.
 */
#ifndef SOURCE_YAML_H
#define SOURCE_YAML_H

#include "tree.h"

#define YAML_BYTES	(16U << 20) /* longest text */
#define YAML_DIRECTIVES 64U	    /* lines of a document that begin with % */

struct yaml_text {
	const char *text;
	size_t length;
	const char *file; /* for messages */
};

/*
 * Call visit with each document; the tree is freed afterwards. Stops when visit returns
 * non-zero and returns that. Text that cannot be read as YAML gives an error complaint
 * and -EBADMSG (documents before that place were visited). Else 0 or -ENOMEM.
 */
int yaml_read(const struct yaml_text *text,
	      int (*visit)(void *context, const struct tree *tree), void *context,
	      struct complaints *complaints);

#endif
