/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cluster with one Service of three backends, the health that its checks report, and
 * what it compiles to.
 */
#ifndef UNIT_WORLD_H
#define UNIT_WORLD_H

#include "objects.h"
#include "../../control/compile/compile.h"

#define CLUSTER_IP "10.96.0.1"
#define BACKEND_A  "10.1.0.1"
#define BACKEND_B  "10.1.0.2"
#define BACKEND_C  "10.1.0.3"

struct world {
	struct cluster *cluster;
	struct compile_input input;
	struct complaints complaints;
	struct wanted_service *wanted;
	int health[4]; /* by last byte of the address */
	unsigned asked_port;
};

static inline int health_of(void *context, const struct hg_addr *address, uint16_t port,
			    const struct check_spec *check)
{
	struct world *world = context;

	assert_int_not_equal(check->type, CHECK_NONE);
	world->asked_port = port;
	return world->health[address->bytes[15] & 3];
}

static inline struct world *new_world(void)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	world->cluster = new_cluster();
	world->input = (struct compile_input){
		.cluster = world->cluster,
		.node_name = "a",
		.seed = 1,
		.health = health_of,
		.health_context = world,
	};
	return world;
}

static inline void free_world(struct world *world)
{
	wanted_service_free(world->wanted);
	complaints_clear(&world->complaints);
	cluster_free(world->cluster);
	free(world);
}

static inline void set(struct world *world, struct object *object)
{
	assert_int_equal(cluster_set(world->cluster, object), 0);
}

static inline const struct wanted_service *compile_named(struct world *world,
							 const char *name)
{
	wanted_service_free(world->wanted);
	world->wanted = NULL;
	assert_int_equal(compile_service(&world->input, TEST_NAMESPACE, name,
					 &world->complaints, &world->wanted),
			 0);
	return world->wanted;
}

static inline const struct wanted_service *compile(struct world *world)
{
	return compile_named(world, TEST_SERVICE);
}

static inline struct object *web_service(void)
{
	struct object *service = new_service(TEST_SERVICE, CLUSTER_IP);

	add_port(service, "http", IPPROTO_TCP, 80);
	return service;
}

/* A on this node, B and C elsewhere. */
static inline struct object *web_slice(void)
{
	struct object *slice = new_slice("web", TEST_SERVICE, "http", IPPROTO_TCP, 8080);

	add_endpoint(slice, BACKEND_A, "a");
	add_endpoint(slice, BACKEND_B, "b");
	add_endpoint(slice, BACKEND_C, "c");
	return slice;
}

static inline const struct wanted_backend *find_backend(const struct wanted_port *port,
							const char *text)
{
	struct hg_addr where = addr(text);

	for (size_t i = 0; i < port->backend_count; i++) {
		if (addr_compare(&port->backends[i].addr, &where) == 0)
			return &port->backends[i];
	}
	fail_msg("no backend %s in %s", text, port->key);
	return NULL;
}

#endif
