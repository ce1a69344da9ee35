/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How objects are found other than by name: EndpointSlices by Service, Pods, Nodes and
 * EndpointSlices by address, Services by frontend and by address. Inside cluster/ only; the
 * indexes do not own the objects.
 */
#ifndef CLUSTER_INDEX_H
#define CLUSTER_INDEX_H

#include "group.h"

struct indexes {
	struct group *slices;  /* by "namespace/service" */
	struct group *pods;    /* by address */
	struct group *owners;  /* Services by frontend */
	struct group *claims;  /* Services by address */
	struct group *holders; /* Nodes and EndpointSlices by address */
};

/* "namespace/name": Kubernetes allows 63 and 253 bytes. */
#define OBJECT_KEY_MAX 512
/* Length of the key, or -ENAMETOOLONG. */
int object_key(const char *namespace, const char *name, char ret_key[OBJECT_KEY_MAX]);

/* 0, -ENOMEM or -ENAMETOOLONG; after a failure indexes_leave() restores what was. */
int indexes_join(struct indexes *indexes, const struct object *object);
void indexes_leave(struct indexes *indexes, const struct object *object);
void indexes_clear(struct indexes *indexes);

/* Services that claim a frontend of this Service, itself included. */
void indexes_each_rival(struct indexes *indexes, const struct object *service,
			void (*visit)(void *context, const struct object *rival),
			void *context);

/* EndpointSlices with an endpoint at an address of this Service, and Nodes that have one. */
void indexes_each_chained(struct indexes *indexes, const struct object *service,
			  void (*visit)(void *context, const struct object *slice),
			  void *context);
/* Services that claim an address of this Node, Pod or EndpointSlice. */
void indexes_each_claimant(struct indexes *indexes, const struct object *holder,
			   void (*visit)(void *context, const struct object *service),
			   void *context);
/* A Node, else a Pod, else an EndpointSlice that has this address; NULL: none. */
const struct object *indexes_holder(const struct indexes *indexes,
				    const struct hg_addr *addr);

const struct object *const *indexes_slices(const struct indexes *indexes,
					   const char *namespace, const char *service,
					   size_t *ret_count);
const struct object *indexes_pod(const struct indexes *indexes,
				 const struct hg_addr *addr);
const struct object *indexes_owner(const struct indexes *indexes,
				   const struct hg_addr *addr, uint16_t port,
				   uint8_t protocol);

#endif
