/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon would do, without doing it: no privileges, no network, no BPF. */
#ifndef HEADGATED_PLAN_H
#define HEADGATED_PLAN_H

#include "../config/options.h"

/* Print every complaint about the manifests and a summary. Exit code: 1 after an error.
 */
int plan_check(const struct options *options, FILE *out);
/* Print the plan to out and complaints to standard error. Exit code: 1 after an error. */
int plan_print(const struct options *options, FILE *out);

#endif
