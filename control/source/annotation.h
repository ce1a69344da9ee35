/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Annotations headgate.io/…: what Kubernetes has no word for. Names, values and defaults
 * are those of headgate.manifests(5). An unknown or invalid one is an error of its
 * object.
 */
#ifndef SOURCE_ANNOTATION_H
#define SOURCE_ANNOTATION_H

#include "field.h"

#define ANNOTATION_PREFIX "headgate.io/"

/* annotations: the mapping metadata.annotations, or absent. Defaults are filled in. */
void annotation_read_service(struct decode *decode, const struct field *annotations,
			     struct service_options *ret_options);
/* Weights of the endpoints that are read already. */
void annotation_read_slice(struct decode *decode, const struct field *annotations,
			   struct endpoint_slice *slice);

void annotation_read_policy(struct decode *decode, const struct field *annotations,
			    struct network_policy *policy);

/* ---- values, shared by the files that read annotations ---- */
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
