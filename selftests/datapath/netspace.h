/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two network namespaces without a name: the test process moves into one, a child holds
 * the other, the peer. Both vanish with their processes, also when the test is killed.
 */
#ifndef DATAPATH_NETSPACE_H
#define DATAPATH_NETSPACE_H

#include <stdbool.h>

/* Move the process into a new namespace and start the peer. 0 or -errno. */
int netspace_open(void);
void netspace_close(void);
/* Shell commands here, and in the peer; printf-like. PEER stands for the peer's pid in
 * both. A command that fails fails the test. */
void here(const char *format, ...) __attribute__((format(printf, 1, 2)));
void peer(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Does it exit with 0? */
bool here_holds(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
