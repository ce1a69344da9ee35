/* SPDX-License-Identifier: BSD-2-Clause */
/* What was changed of a Service, in words for the log. */
#ifndef HEADGATED_SERVICE_CHANGE_H
#define HEADGATED_SERVICE_CHANGE_H

#include "../compile/wanted.h"

/*
 * "3 → 4 backends (added 10.244.1.9:8080)" in *ret_text, a new string; NULL: it is what it
 * was. before or after NULL: not in force. 0 or -ENOMEM.
 */
int service_change(const struct wanted_service *before,
		   const struct wanted_service *after, char **ret_text);

#endif
