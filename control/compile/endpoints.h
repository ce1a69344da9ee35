/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The endpoints of one service port in one family, and which of them take new
 * connections. Two lists are chosen independently of each other:
 *
 *   Cluster list  ready ones, narrowed by topology hints; without any ready one, all that
 *                 still serve while terminating, hints or not
 *   Local list    ready ones on this node, hints or not; without any, those on this node
 *                 that still serve while terminating
 *
 * The rules are those of kube-proxy (EndpointSlice v1, KEP-1669, KEP-2433, KEP-3015).
 */
#ifndef COMPILE_ENDPOINTS_H
#define COMPILE_ENDPOINTS_H

#include "../cluster/cluster.h"

struct endpoint {
	const struct slice_endpoint *from; /* borrowed from the cluster */
	uint16_t port;
};

struct endpoint_list {
	struct endpoint *items; /* owned; sorted by address, port; no two alike */
	size_t count;
	size_t capacity;
};

struct endpoint_query {
	const struct cluster *cluster;
	const char *namespace;
	const char *service;
	const struct service_port *port; /* slices are matched by its name and protocol */
	bool is_v6;
};

/* Where the choice is made. */
struct viewpoint {
	const char *node_name;
	const char *zone; /* NULL: the node has none, or is unknown */
};

/* 0 or -ENOMEM. The list borrows from the cluster: it lives until the next change. */
int endpoints_collect(const struct endpoint_query *query, struct endpoint_list *ret_list);
void endpoints_clear(struct endpoint_list *list);

/* chosen[list->count]; the return value says how many are. */
size_t endpoints_choose(const struct endpoint_list *list, bool local,
			const struct viewpoint *viewpoint, bool *chosen);

/* Ready, or serving while it terminates: it may take connections somewhere. */
bool endpoint_is_usable(const struct endpoint *endpoint);

#endif
