/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HEADGATED_PRIVILEGE_H
#define HEADGATED_PRIVILEGE_H

#include <stdbool.h>

/* Whether we may attach programs and fill their maps. False after a log line. */
bool privilege_check(void);
/* Let old kernels, which charge maps to RLIMIT_MEMLOCK, create large ones. 0 or -errno.
 */
int privilege_raise_memlock(void);
/* Keep only the capabilities that later work needs. 0 or -errno: all are kept. */
int privilege_drop(void);

#endif
