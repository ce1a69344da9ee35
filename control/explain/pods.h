/* SPDX-License-Identifier: BSD-2-Clause */
/* The pods of a cluster by namespace, gathered once for an answer about many policies. */
#ifndef EXPLAIN_PODS_H
#define EXPLAIN_PODS_H

#include "../cluster/cluster.h"

struct pods {
	const struct object **items; /* borrowed; sorted by namespace, name */
	size_t count, capacity;
};

/* 0 or -ENOMEM. Holds until the cluster changes. */
int pods_gather(const struct cluster *cluster, struct pods *ret_pods);
void pods_clear(struct pods *pods);
/* The pods of a namespace; *ret_count says how many. */
const struct object *const *pods_of(const struct pods *pods, const char *namespace,
				    size_t *ret_count);

#endif
