/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a connection would be made: every pair of addresses of one family that the ends
 * have; towards a Service every backend that takes connections, at the pod's own port,
 * because policies judge after the destination was translated.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "../compile/endpoints.h"
#include "../lib/cleanup.h"
#include "ends.h"
#include "path.h"
#include "words.h"

struct test {
	const struct explain_world *world;
	struct body *body;
	struct json_object *paths;
	struct end from, to;
	struct ends_port port;
	size_t count, denied;
};

static const struct object *pod_at(const struct test *test, const struct end *end,
				   const struct hg_addr *addr)
{
	if (end->object && end->object->kind == OBJECT_POD)
		return end->object;
	return cluster_find_pod_by_addr(test->world->cluster, addr);
}

/* From each address of the client that is of the backend's family. */
static void try_path(struct test *test, struct path *path)
{
	bool is_v4 = addr_is_v4(&path->backend);

	for (size_t i = 0; i < test->from.count; i++) {
		path->client = test->from.addrs[i];
		if (addr_is_v4(&path->client) != is_v4)
			continue;
		path->client_pod = pod_at(test, &test->from, &path->client);
		test->denied += !path_explain(test->world, path, test->body, test->paths);
		test->count++;
	}
}

static void try_addrs(struct test *test)
{
	for (size_t i = 0; i < test->to.count; i++) {
		const struct hg_addr *addr = &test->to.addrs[i];
		struct path path = {
			.backend = *addr,
			.backend_pod = pod_at(test, &test->to, addr),
			.port = test->port.number,
			.protocol = test->port.protocol,
		};

		if (test->port.is_icmp && !addr_is_v4(addr))
			path.protocol = IPPROTO_ICMPV6;
		try_path(test, &path);
	}
}

/* ---- Services ---- */
static const struct hg_addr *first_of(const struct addr_list *list, bool is_v6)
{
	for (size_t i = 0; i < list->count; i++) {
		if (addr_is_v4(&list->items[i]) != is_v6)
			return &list->items[i];
	}
	return NULL;
}

/* The virtual address that is shown; NULL: the Service has none of the family. */
static const struct hg_addr *vip_of(const struct end *to, bool is_v6)
{
	const struct service *service = &to->object->service;
	const struct hg_addr *addr;

	if (to->is_vip)
		return addr_is_v4(&to->addr) != is_v6 ? &to->addr : NULL;
	addr = first_of(&service->cluster_ips, is_v6);
	if (!addr)
		addr = first_of(&service->load_balancer_ips, is_v6);
	return addr ? addr : first_of(&service->external_ips, is_v6);
}

static int try_family(struct test *test, const struct service_port *port, bool is_v6)
{
	const struct object *service = test->to.object;
	const struct endpoint_query query = { .cluster = test->world->cluster,
					      .namespace = service->namespace,
					      .service = service->name,
					      .port = port,
					      .is_v6 = is_v6 };
	const struct viewpoint nowhere = { NULL, NULL };
	CLEANUP(endpoints_clear) struct endpoint_list list = { 0 };
	const struct hg_addr *vip = vip_of(&test->to, is_v6);
	int r = vip ? endpoints_collect(&query, &list) : 0;
	_cleanup_free_ bool *chosen = calloc(list.count + 1, sizeof(*chosen));

	if (r < 0 || !chosen)
		return -ENOMEM;
	endpoints_choose(&list, false, &nowhere, chosen);
	for (size_t i = 0; i < list.count; i++) {
		struct path path = {
			.backend = list.items[i].from->addr,
			.port = list.items[i].port,
			.protocol = port->protocol,
			.service = service,
			.service_port = port->port,
		};

		path.backend_pod = pod_at(test, &(struct end){ 0 }, &path.backend);
		path.vip = *vip;
		if (chosen[i])
			try_path(test, &path);
	}
	return 0;
}

static int refuse_port(const struct test *test, const struct service *service)
{
	_cleanup_free_ char *ports = NULL;
	size_t size;
	FILE *out = open_memstream(&ports, &size);

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < service->port_count; i++)
		fprintf(out, "%s%u/%s", i ? ", " : "", service->ports[i].port,
			words_protocol(service->ports[i].protocol));
	if (fclose(out) != 0)
		return -ENOMEM;
	return ends_refuse(
	    test->body,
	    "Service %s/%s has no port %u/%s: its ports are %s; to judge a "
	    "pod's own port, name the pod",
	    test->to.object->namespace, test->to.object->name, test->port.number,
	    words_protocol(test->port.protocol), ports);
}

static int try_service(struct test *test)
{
	const struct service *service = &test->to.object->service;
	bool has_port = false;
	int r = 0;

	if (test->port.is_icmp)
		return ends_refuse(
		    test->body,
		    "a virtual address answers ICMP echo itself: name a pod "
		    "of Service %s/%s",
		    test->to.object->namespace, test->to.object->name);
	for (size_t i = 0; i < service->port_count && r == 0; i++) {
		const struct service_port *port = &service->ports[i];

		if (port->port != test->port.number ||
		    port->protocol != test->port.protocol)
			continue;
		has_port = true;
		r = try_family(test, port, false);
		if (r == 0)
			r = try_family(test, port, true);
	}
	return r < 0 || has_port ? r : refuse_port(test, service);
}

static int run(struct test *test, const struct explain_question *question)
{
	int r = ends_read_port(question->port, test->body, &test->port);

	if (r == 0)
		ends_put_port(&test->port, test->body);
	if (r == 0)
		r = ends_read(test->world->cluster, question->from, test->body,
			      &test->from);
	if (r == 0)
		r = ends_read(test->world->cluster, question->to, test->body, &test->to);
	if (r < 0)
		return r;
	if (ends_is_service(&test->from))
		return ends_refuse(test->body,
				   "%s is a Service, and Services open no connections: "
				   "name one of its pods",
				   question->from);
	test->paths = body_array(test->body, test->body->root, "paths");
	if (!test->paths)
		return -ENOMEM;
	if (ends_is_service(&test->to))
		r = try_service(test);
	else
		try_addrs(test);
	if (r < 0 || test->count)
		return r;
	if (ends_is_service(&test->to))
		return ends_refuse(test->body,
				   "Service %s/%s has no endpoint that is ready in an "
				   "address family of %s: nothing can be judged",
				   test->to.object->namespace, test->to.object->name,
				   question->from);
	return ends_refuse(test->body, "%s and %s have no address family in common",
			   question->from, question->to);
}

int explain_test(const struct explain_world *world,
		 const struct explain_question *question, struct body *body)
{
	struct test test = { .world = world, .body = body };

	body_bool(body, body->root, "allowed", false); /* until the end */
	body_text(body, body->root, "from", question->from);
	body_text(body, body->root, "to", question->to);
	int r = run(&test, question);

	if (r < 0)
		return r;
	body_bool(body, body->root, "allowed", !test.denied);
	return body->lost ? -ENOMEM : !test.denied;
}
