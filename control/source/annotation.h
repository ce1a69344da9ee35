/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Annotations headgate.io/…: what Kubernetes has no word for. Names, values and defaults
 * are those of headgate.manifests(5). An unknown or invalid one is an error of its
 * object.
 */
#ifndef SOURCE_ANNOTATION_H
#define SOURCE_ANNOTATION_H

#include "annotation_value.h"

/* annotations: the mapping metadata.annotations, or absent. Defaults are filled in. */
void annotation_read_service(struct decode *decode, const struct field *annotations,
			     struct service_options *ret_options);
/* Weights of the endpoints that are read already. */
void annotation_read_slice(struct decode *decode, const struct field *annotations,
			   struct endpoint_slice *slice);

void annotation_read_policy(struct decode *decode, const struct field *annotations,
			    struct network_policy *policy);

#endif
