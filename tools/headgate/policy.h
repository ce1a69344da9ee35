/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of what `headgate policy` prints. */
#ifndef HEADGATE_POLICY_PRINT_H
#define HEADGATE_POLICY_PRINT_H

#include <stdbool.h>

#include "api.h"

/* "shop/db, spec.ingress[0]: from …" with "(audit)" where it is. */
void policy_print_rule(struct json_object *rule);
enum policy_effect { POLICY_ISOLATES, POLICY_AUDITS, POLICY_RESTS };
/* "shop/a, shop/b (refused)" of [{"policy", "mode"}]: those with this effect, after `before`.
 * Nothing when there are none. */
void policy_print_names(struct json_object *policies, enum policy_effect effect,
			const char *before);
/* "http/tcp is 8080 in shop/a" for each named port of a rule, between before and after. */
void policy_print_named(struct json_object *rule, const char *before, const char *after);
/* Names, a few of many: "a, b, c and 12 more". */
void policy_print_list(struct json_object *names);

int policy_matrix(const struct line *line);

#endif
