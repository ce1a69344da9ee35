/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef HEADGATED_READINESS_H
#define HEADGATED_READINESS_H

/*
 * Tell the service manager, if there is one (NOTIFY_SOCKET, sd_notify(3)): "READY=1",
 * "STOPPING=1". 0 or -errno.
 */
int readiness_tell(const char *state);

#endif
