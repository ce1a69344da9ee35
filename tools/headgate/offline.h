/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A folder of manifests, read as the daemon would, and compiled into plain memory: the pods
 * that a question concerns are judged in both directions, whatever their node, as if they
 * were on this one. Compiling for all pods of a cluster would not fit a node's tables. No
 * privileges, no daemon.
 */
#ifndef HEADGATE_OFFLINE_H
#define HEADGATE_OFFLINE_H

#include "../../control/explain/explain.h"
#include "../../control/source/manifests.h"
#include "command.h"

struct offline {
	struct cluster *cluster;
	struct manifests *manifests;
	struct policy_memory *memory;
	struct policy *policy;
	struct complaints complaints; /* of compiling */
	struct explain_input input;
	char *namespaces; /* that are asked for, "a,b"; NULL: all */
	bool only_theirs; /* nobody of others has to do with it */
};

/* Open line->manifests. 0, or an exit code after a sentence. Errors in the manifests, and
 * warnings about NetworkPolicies, go to standard error, unless they are about namespaces
 * that the command line does not ask for. */
int offline_open(const struct line *line, struct offline *ret_offline);
/* Compile for the pods at these addresses, which are sorted. 0, or an exit code after a
 * sentence. */
int offline_compile(struct offline *offline, struct addr_list concerned);
void offline_close(struct offline *offline); /* also of one that was not opened */

/* Is the name in "a,b"? */
bool offline_is_listed(const char *list, const char *name);

/* Says so. Returns an exit code. */
int offline_out_of_memory(void);
/* What explaining gave, or how a body ended: 0, or an exit code after a sentence. */
int offline_check(const struct body *body, int r);

#endif
