/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of what `headgate policy` prints. */
#ifndef HEADGATE_POLICY_PRINT_H
#define HEADGATE_POLICY_PRINT_H

#include <stdbool.h>

#include "api.h"

/* "shop/db, spec.ingress[0]: from …" with "(audit)" where it is. */
void policy_print_rule(struct json_object *rule);
/* "shop/a, shop/b (refused)" of [{"policy", "mode"}]: those that isolate, or those in audit
 * mode, after `before`. Nothing when there are none. */
void policy_print_names(struct json_object *policies, bool audit, const char *before);
/* Names, a few of many: "a, b, c and 12 more". */
void policy_print_list(struct json_object *names);

int policy_matrix(const struct line *line);

#endif
