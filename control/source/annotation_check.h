/* SPDX-License-Identifier: BSD-2-Clause */
/* The annotations of health checks. */
#ifndef SOURCE_ANNOTATION_CHECK_H
#define SOURCE_ANNOTATION_CHECK_H

#include "annotation_value.h"

/* Rows of one table per file: the name after the prefix, and who reads the value. */
struct annotation_row {
	const char *name;
	void (*read)(const struct annotation *annotation,
		     struct service_options *options);
};
extern const struct annotation_row annotation_checks[]; /* ends with a NULL name */

/* Defaults, before any row. */
void annotation_default_check(struct check_spec *check);
/* What only all rows together tell; defaults that depend on the type. */
void annotation_finish_check(struct decode *decode, const struct field *annotations,
			     struct check_spec *check);

#endif
