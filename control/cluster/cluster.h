/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The objects now in force, indexed. Pure: no I/O, no clock. Keeps the set of Services
 * whose wanted state may have changed ("dirty"), so that one change costs work in
 * proportion to itself.
 */
#ifndef CLUSTER_CLUSTER_H
#define CLUSTER_CLUSTER_H

#include "object.h"

struct cluster;

struct cluster *cluster_new(void); /* NULL: out of memory */
void cluster_free(struct cluster *cluster);

/*
 * Put an object in force in place of the one of the same kind, namespace and name. Takes
 * ownership, also on failure. An equal object (place aside) changes nothing and marks
 * nothing dirty. 0, -ENOMEM, or -ENAMETOOLONG for names that Kubernetes would refuse; on
 * failure the old one stays in force.
 */
int cluster_set(struct cluster *cluster, struct object *object);
/* 0, or -ENOENT. */
int cluster_remove(struct cluster *cluster, enum object_kind kind, const char *namespace,
		   const char *name);

const struct object *cluster_find(const struct cluster *cluster, enum object_kind kind,
				  const char *namespace, const char *name);
/* All objects of a kind, sorted by namespace, then name; stops when visit returns non-zero
 * and returns that. visit must not change the cluster. */
int cluster_each(const struct cluster *cluster, enum object_kind kind,
		 int (*visit)(void *context, const struct object *object), void *context);
/* The EndpointSlices of a Service, sorted by name. */
int cluster_each_slice(const struct cluster *cluster, const char *namespace,
		       const char *service,
		       int (*visit)(void *context, const struct object *slice),
		       void *context);
/* The Pod that holds an address (not terminated, not hostNetwork), or NULL. */
const struct object *cluster_find_pod_by_addr(const struct cluster *cluster,
					      const struct hg_addr *addr);
/*
 * The Service that answers at an address, port (host order) and protocol, or NULL. When
 * several claim it, the first by namespace, then name: every node decides alike. A Service
 * becomes dirty when another that claims one of its frontends comes, changes or goes, or one
 * at whose address it has an endpoint (other than a Pod).
 */
const struct object *cluster_find_frontend_owner(const struct cluster *cluster,
						 const struct hg_addr *addr,
						 uint16_t port, uint8_t protocol);
/*
 * Who else has the address: a Node, else a Pod, else an EndpointSlice with such an endpoint,
 * or NULL. A Service becomes dirty when one that has an address of its own comes or goes.
 */
const struct object *cluster_find_holder(const struct cluster *cluster,
					 const struct hg_addr *addr);
size_t cluster_count(const struct cluster *cluster, enum object_kind kind);

/*
 * Next dirty Service as "namespace/name" in a new string (the Service itself may be
 * gone), NULL when none is left or memory is out. A change of a Node marks all.
 */
char *cluster_take_dirty(struct cluster *cluster);
/* An unknown Service has nothing that could have changed: nothing is marked. */
void cluster_mark_dirty(struct cluster *cluster, const char *namespace,
			const char *service);
void cluster_mark_all_dirty(struct cluster *cluster);

/*
 * Changes of Pods, Namespaces and NetworkPolicies, for whoever compiles policies: kept
 * from this call on, those that are there now count as changed. Whoever calls this takes
 * them, or the names of removed objects pile up.
 */
void cluster_watch_policies(struct cluster *cluster);
/*
 * Visit what came, changed or went (a removed object is no longer found), each once. A
 * visit that fails ends it and is returned; its object and those after it stay changed,
 * so nothing is lost. visit must not change the cluster.
 */
int cluster_take_changed(struct cluster *cluster,
			 int (*visit)(void *context, enum object_kind kind,
				      const char *namespace, const char *name),
			 void *context);

#endif
