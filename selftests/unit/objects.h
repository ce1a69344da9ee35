/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects for tests, in a few words. What is built is owned by its receiver, as if a
 * source had read it. A failed allocation ends the test.
 */
#ifndef UNIT_OBJECTS_H
#define UNIT_OBJECTS_H

#include <assert.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../control/cluster/cluster.h"

#define TEST_NAMESPACE "shop"
#define TEST_SERVICE   "cart"

static inline struct hg_addr addr(const char *text)
{
	struct hg_addr parsed;

	assert_int_equal(addr_parse(text, &parsed), 0);
	return parsed;
}

static inline char *text_copy(const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	assert_true(!text || copy);
	return copy;
}

static inline void *grow(void *items, size_t count, size_t size)
{
	void *grown = reallocarray(items, count, size);

	assert_non_null(grown);
	return grown;
}

static inline struct object *new_object(enum object_kind kind, const char *namespace,
					const char *name)
{
	struct object *object = object_new(kind);

	assert_non_null(object);
	object->namespace = text_copy(namespace);
	object->name = text_copy(name);
	return object;
}

static inline void add_addr(struct addr_list *list, const char *text)
{
	list->items = grow(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = addr(text);
}

static inline void add_range(struct cidr_list *list, const char *text)
{
	list->items = grow(list->items, list->count + 1, sizeof(*list->items));
	assert_int_equal(cidr_parse(text, &list->items[list->count++]), 0);
}

static inline void add_port(struct object *object, const char *name, uint8_t protocol,
			    uint16_t port)
{
	struct service *service = &object->service;

	service->ports =
	    grow(service->ports, service->port_count + 1, sizeof(*service->ports));
	service->ports[service->port_count++] = (struct service_port){
		.name = text_copy(name),
		.protocol = protocol,
		.port = port,
	};
}

/* A Service without ports, with the defaults that the reader applies. */
static inline struct object *new_service(const char *name, const char *cluster_ip)
{
	struct object *object = new_object(OBJECT_SERVICE, TEST_NAMESPACE, name);

	object->service.options.panic = true;
	object->service.options.drain_s = -1;
	if (cluster_ip)
		add_addr(&object->service.cluster_ips, cluster_ip);
	return object;
}

/* A slice with one port. */
static inline struct object *new_slice(const char *name, const char *service,
				       const char *port_name, uint8_t protocol,
				       uint16_t port)
{
	struct object *object = new_object(OBJECT_ENDPOINT_SLICE, TEST_NAMESPACE, name);
	struct endpoint_slice *slice = &object->slice;

	slice->service = text_copy(service);
	slice->ports = grow(NULL, 1, sizeof(*slice->ports));
	slice->ports[slice->port_count++] = (struct slice_port){
		.name = text_copy(port_name),
		.protocol = protocol,
		.port = port,
	};
	return object;
}

/* Ready, serving, not terminating, weight 1; the result may be changed. */
static inline struct slice_endpoint *add_endpoint(struct object *object,
						  const char *address, const char *node)
{
	struct endpoint_slice *slice = &object->slice;
	struct slice_endpoint *endpoint;

	slice->endpoints =
	    grow(slice->endpoints, slice->endpoint_count + 1, sizeof(*slice->endpoints));
	endpoint = &slice->endpoints[slice->endpoint_count++];
	*endpoint = (struct slice_endpoint){
		.addr = addr(address),
		.ready = true,
		.serving = true,
		.node_name = text_copy(node),
		.weight = 1,
	};
	slice->is_v6 = !addr_is_v4(&endpoint->addr);
	return endpoint;
}

/* "a,b" → { "a", "b", NULL }; NULL → NULL. */
static inline char **name_list(const char *text)
{
	char **names = NULL;
	size_t count = 0;

	if (!text)
		return NULL;
	for (const char *at = text; *at; at += strspn(at, ",")) {
		size_t length = strcspn(at, ",");

		names = grow(names, count + 2, sizeof(*names));
		names[count++] = strndup(at, length);
		at += length;
	}
	if (names)
		names[count] = NULL;
	return names;
}

/* Lists like those of name_list(). */
static inline struct endpoint_hints *new_hints(const char *zones, const char *nodes)
{
	struct endpoint_hints *hints = NULL;

	if (!zones && !nodes)
		return NULL;
	hints = grow(hints, 1, sizeof(*hints));
	hints->zones = name_list(zones);
	hints->nodes = name_list(nodes);
	return hints;
}

static inline struct object *new_pod(const char *name, const char *address)
{
	struct object *object = new_object(OBJECT_POD, TEST_NAMESPACE, name);

	add_addr(&object->pod.ips, address);
	return object;
}

static inline struct object *new_node(const char *name, const char *zone)
{
	struct object *object = new_object(OBJECT_NODE, "", name);

	object->node.zone = text_copy(zone);
	return object;
}

static inline struct cluster *new_cluster(void)
{
	struct cluster *cluster = cluster_new();

	assert_non_null(cluster);
	return cluster;
}

#endif
