/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * each_key() names every place of an object in an index; join, leave and show are what is
 * done there. Only join can fail.
 */
#include "index.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct frontend_key {
	struct hg_addr addr;
	uint16_t port;
	uint8_t protocol;
	uint8_t zero[5]; /* no padding: the key is hashed as bytes */
};
_Static_assert(sizeof(struct frontend_key) == 24, "frontend key without padding");

struct place_in_index {
	struct indexes *indexes;
	const struct object *object;
	struct group **index;
	const void *key;
	size_t length;
	void (*visit)(void *context, const struct object *member);
	void *context;
};

typedef int place_action(const struct place_in_index *place);

static int join(const struct place_in_index *place)
{
	return group_add(place->index, place->key, place->length, place->object);
}

static int leave(const struct place_in_index *place)
{
	group_remove(place->index, place->key, place->length, place->object);
	return 0;
}

static int show(const struct place_in_index *place)
{
	const struct object *const *members;
	size_t count;

	members = group_find(*place->index, place->key, place->length, &count);
	for (size_t i = 0; i < count; i++)
		place->visit(place->context, members[i]);
	return 0;
}

int object_key(const char *namespace, const char *name, char ret_key[OBJECT_KEY_MAX])
{
	int length = snprintf(ret_key, OBJECT_KEY_MAX, "%s/%s", namespace, name);

	return length < OBJECT_KEY_MAX ? length : -ENAMETOOLONG;
}

static int act_on(struct place_in_index place, const void *key, size_t length,
		  place_action *action)
{
	place.key = key;
	place.length = length;
	return action(&place);
}

static int each_port(struct place_in_index *place, const struct addr_list *addrs,
		     place_action *action)
{
	const struct service *service = &place->object->service;
	int r;

	for (size_t i = 0; i < addrs->count * service->port_count; i++) {
		const struct service_port *port =
		    &service->ports[i % service->port_count];
		struct frontend_key key = {
			.addr = addrs->items[i / service->port_count],
			.port = port->port,
			.protocol = port->protocol,
		};

		r = act_on(*place, &key, sizeof(key), action);
		if (r < 0)
			return r;
	}
	return 0;
}

static int each_addr(struct place_in_index *place, const struct addr_list *addrs,
		     place_action *action)
{
	for (size_t i = 0; i < addrs->count; i++) {
		int r = act_on(*place, &addrs->items[i], sizeof(struct hg_addr), action);

		if (r < 0)
			return r;
	}
	return 0;
}

static int each_claim(struct place_in_index *place, place_action *action)
{
	const struct service *service = &place->object->service;
	int r = 0;

	if (service->skip)
		return 0;
	place->index = &place->indexes->claims;
	r = each_addr(place, &service->cluster_ips, action);
	if (r == 0)
		r = each_addr(place, &service->external_ips, action);
	return r < 0 ? r : each_addr(place, &service->load_balancer_ips, action);
}

static int each_frontend(struct place_in_index *place, place_action *action)
{
	const struct service *service = &place->object->service;
	int r;

	if (service->skip)
		return 0;
	place->index = &place->indexes->owners;
	r = each_port(place, &service->cluster_ips, action);
	if (r < 0)
		return r;
	r = each_port(place, &service->external_ips, action);
	if (r < 0)
		return r;
	return each_port(place, &service->load_balancer_ips, action);
}

static int slice_service(struct place_in_index *place, place_action *action)
{
	char key[OBJECT_KEY_MAX];
	int length;

	if (!place->object->slice.service)
		return 0;
	length = object_key(place->object->namespace, place->object->slice.service, key);
	if (length < 0)
		return length;
	place->index = &place->indexes->slices;
	return act_on(*place, key, (size_t)length, action);
}

static int each_endpoint(struct place_in_index *place, place_action *action)
{
	const struct endpoint_slice *slice = &place->object->slice;

	for (size_t i = 0; i < slice->endpoint_count; i++) {
		int r = act_on(*place, &slice->endpoints[i].addr, sizeof(struct hg_addr),
			       action);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Those that an object has, in the index given. */
static int each_held(struct place_in_index *place, struct group **index,
		     place_action *action)
{
	const struct object *object = place->object;
	const struct pod *pod = &object->pod;

	place->index = index;
	switch (object->kind) {
	case OBJECT_NODE:
		return each_addr(place, &object->node.addrs, action);
	case OBJECT_POD:
		if (pod->host_network || pod->terminated)
			return 0;
		return each_addr(place, &pod->ips, action);
	case OBJECT_ENDPOINT_SLICE:
		return each_endpoint(place, action);
	default:
		return 0;
	}
}

static int each_key(struct indexes *indexes, const struct object *object,
		    place_action *action)
{
	struct place_in_index place = { .indexes = indexes, .object = object };
	int r;

	switch (object->kind) {
	case OBJECT_SERVICE:
		r = each_frontend(&place, action);
		return r < 0 ? r : each_claim(&place, action);
	case OBJECT_ENDPOINT_SLICE:
		r = slice_service(&place, action);
		return r < 0 ? r : each_held(&place, &indexes->holders, action);
	case OBJECT_NODE:
		return each_held(&place, &indexes->holders, action);
	case OBJECT_POD:
		return each_held(&place, &indexes->pods, action);
	default:
		return 0;
	}
}

int indexes_join(struct indexes *indexes, const struct object *object)
{
	return each_key(indexes, object, join);
}

void indexes_leave(struct indexes *indexes, const struct object *object)
{
	each_key(indexes, object, leave);
}

void indexes_clear(struct indexes *indexes)
{
	group_free_all(&indexes->slices);
	group_free_all(&indexes->pods);
	group_free_all(&indexes->owners);
	group_free_all(&indexes->claims);
	group_free_all(&indexes->holders);
}

void indexes_each_rival(struct indexes *indexes, const struct object *service,
			void (*visit)(void *context, const struct object *rival),
			void *context)
{
	struct place_in_index place = {
		.indexes = indexes,
		.object = service,
		.visit = visit,
		.context = context,
	};

	each_frontend(&place, show);
}

void indexes_each_chained(struct indexes *indexes, const struct object *service,
			  void (*visit)(void *context, const struct object *slice),
			  void *context)
{
	const struct addr_list *const lists[] = { &service->service.cluster_ips,
						  &service->service.external_ips,
						  &service->service.load_balancer_ips };
	struct place_in_index place = {
		.indexes = indexes,
		.object = service,
		.index = &indexes->holders,
		.visit = visit,
		.context = context,
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (size_t j = 0; j < lists[i]->count; j++)
			act_on(place, &lists[i]->items[j], sizeof(struct hg_addr), show);
	}
}

void indexes_each_claimant(struct indexes *indexes, const struct object *holder,
			   void (*visit)(void *context, const struct object *service),
			   void *context)
{
	struct place_in_index place = {
		.indexes = indexes,
		.object = holder,
		.visit = visit,
		.context = context,
	};

	each_held(&place, &indexes->claims, show);
}

const struct object *const *indexes_slices(const struct indexes *indexes,
					   const char *namespace, const char *service,
					   size_t *ret_count)
{
	char key[OBJECT_KEY_MAX];
	int length = object_key(namespace, service, key);

	*ret_count = 0;
	if (length < 0)
		return NULL; /* nothing has such a name */
	return group_find(indexes->slices, key, (size_t)length, ret_count);
}

static const struct object *first_of(const struct group *index, const void *key,
				     size_t length)
{
	const struct object *const *members;
	size_t count;

	members = group_find(index, key, length, &count);
	return count ? members[0] : NULL;
}

const struct object *indexes_pod(const struct indexes *indexes,
				 const struct hg_addr *addr)
{
	return first_of(indexes->pods, addr, sizeof(*addr));
}

const struct object *indexes_owner(const struct indexes *indexes,
				   const struct hg_addr *addr, uint16_t port,
				   uint8_t protocol)
{
	struct frontend_key key = { .addr = *addr, .port = port, .protocol = protocol };

	return first_of(indexes->owners, &key, sizeof(key));
}

const struct object *indexes_holder(const struct indexes *indexes,
				    const struct hg_addr *addr)
{
	const struct object *pod = indexes_pod(indexes, addr);
	const struct object *const *members;
	size_t count;

	members = group_find(indexes->holders, addr, sizeof(*addr), &count);
	for (size_t i = 0; i < count; i++) {
		if (members[i]->kind == OBJECT_NODE)
			return members[i];
	}
	return pod || !count ? pod : members[0];
}
