/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Endpoints that are themselves frontends, of their own Service or of another: what is sent
 * there comes back to be balanced again, and with a circle of them one packet would become
 * thirty flows before its TTL ends. Kubernetes does not allow clusterIPs as endpoints.
 */
#ifndef COMPILE_CHAINS_H
#define COMPILE_CHAINS_H

#include "job.h"

/* Leave them out of the list, with one complaint. */
void chains_leave_out(const struct job *job, struct endpoint_list *list);

#endif
