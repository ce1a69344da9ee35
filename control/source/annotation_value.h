/* SPDX-License-Identifier: BSD-2-Clause */
/* The value of an annotation, read as what it must be. */
#ifndef SOURCE_ANNOTATION_VALUE_H
#define SOURCE_ANNOTATION_VALUE_H

#include "field.h"

#define ANNOTATION_PREFIX "headgate.io/"

struct annotation {
	struct decode *decode;
	const struct field *field;
	const char *text;
};

unsigned annotation_choice(const struct annotation *annotation,
			   const char *const *choices, unsigned otherwise);
/* `otherwise` after a complaint. */
bool annotation_truth(const struct annotation *annotation, bool otherwise);
int64_t annotation_number(const struct annotation *annotation, const struct range *range,
			  int64_t otherwise);
/* Milliseconds; the range is in milliseconds too. */
int64_t annotation_duration(const struct annotation *annotation,
			    const struct range *range, int64_t otherwise);
/* Replace *text by an own copy. */
void annotation_copy(const struct annotation *annotation, char **text);

#endif
