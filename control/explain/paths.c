/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every pair of addresses of one family that the ends have; towards a Service every
 * backend that takes connections, at the pod's own port, because policies judge after the
 * destination was translated.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "../compile/endpoints.h"
#include "../lib/cleanup.h"
#include "paths.h"
#include "words.h"

struct search {
	const struct cluster *cluster;
	struct body *body;
	struct end from, to;
	struct ends_port port;
	struct paths paths;
};

static const struct object *pod_at(const struct search *search, const struct end *end,
				   const struct hg_addr *addr)
{
	if (end->object && end->object->kind == OBJECT_POD)
		return end->object;
	return cluster_find_pod_by_addr(search->cluster, addr);
}

static int append(struct paths *paths, const struct path *path)
{
	if (paths->count == paths->capacity) {
		size_t capacity = paths->capacity ? paths->capacity * 2 : 8;
		struct path *items = reallocarray(paths->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		paths->items = items;
		paths->capacity = capacity;
	}
	paths->items[paths->count++] = *path;
	return 0;
}

/* From each address of the client that is of the backend's family. */
static int add_paths(struct search *search, struct path *path)
{
	bool is_v4 = addr_is_v4(&path->backend);
	int r = 0;

	for (size_t i = 0; i < search->from.count && r == 0; i++) {
		path->client = search->from.addrs[i];
		if (addr_is_v4(&path->client) != is_v4)
			continue;
		path->client_pod = pod_at(search, &search->from, &path->client);
		r = append(&search->paths, path);
	}
	return r;
}

static int add_addrs(struct search *search)
{
	int r = 0;

	for (size_t i = 0; i < search->to.count && r == 0; i++) {
		const struct hg_addr *addr = &search->to.addrs[i];
		struct path path = {
			.backend = *addr,
			.backend_pod = pod_at(search, &search->to, addr),
			.port = search->port.number,
			.protocol = search->port.protocol,
		};

		if (search->port.is_icmp && !addr_is_v4(addr))
			path.protocol = IPPROTO_ICMPV6;
		r = add_paths(search, &path);
	}
	return r;
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

static int add_family(struct search *search, const struct service_port *port, bool is_v6)
{
	const struct object *service = search->to.object;
	const struct endpoint_query query = { .cluster = search->cluster,
					      .namespace = service->namespace,
					      .service = service->name,
					      .port = port,
					      .is_v6 = is_v6 };
	const struct viewpoint nowhere = { NULL, NULL };
	CLEANUP(endpoints_clear) struct endpoint_list list = { 0 };
	const struct hg_addr *vip = vip_of(&search->to, is_v6);
	int r = vip ? endpoints_collect(&query, &list) : 0;
	_cleanup_free_ bool *chosen = calloc(list.count + 1, sizeof(*chosen));

	if (r < 0 || !chosen)
		return -ENOMEM;
	endpoints_choose(&list, false, &nowhere, chosen);
	for (size_t i = 0; i < list.count && r == 0; i++) {
		struct path path = {
			.backend = list.items[i].from->addr,
			.port = list.items[i].port,
			.protocol = port->protocol,
			.service = service,
			.service_port = port->port,
		};

		path.backend_pod = pod_at(search, &(struct end){ 0 }, &path.backend);
		path.vip = *vip;
		if (chosen[i])
			r = add_paths(search, &path);
	}
	return r;
}

static int refuse_port(const struct search *search, const struct service *service)
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
	    search->body,
	    "Service %s/%s has no port %u/%s: its ports are %s; to judge a "
	    "pod's own port, name the pod",
	    search->to.object->namespace, search->to.object->name, search->port.number,
	    words_protocol(search->port.protocol), ports);
}

static int add_service(struct search *search)
{
	const struct service *service = &search->to.object->service;
	bool has_port = false;
	int r = 0;

	if (search->port.is_icmp)
		return ends_refuse(
		    search->body,
		    "a virtual address answers ICMP echo itself: name a pod "
		    "of Service %s/%s",
		    search->to.object->namespace, search->to.object->name);
	for (size_t i = 0; i < service->port_count && r == 0; i++) {
		const struct service_port *port = &service->ports[i];

		if (port->port != search->port.number ||
		    port->protocol != search->port.protocol)
			continue;
		has_port = true;
		r = add_family(search, port, false);
		if (r == 0)
			r = add_family(search, port, true);
	}
	return r < 0 || has_port ? r : refuse_port(search, service);
}

static int refuse_empty(const struct search *search,
			const struct explain_question *question)
{
	if (ends_is_service(&search->to))
		return ends_refuse(search->body,
				   "Service %s/%s has no endpoint that is ready in an "
				   "address family of %s: nothing can be judged",
				   search->to.object->namespace, search->to.object->name,
				   question->from);
	return ends_refuse(search->body, "%s and %s have no address family in common",
			   question->from, question->to);
}

static int read_question(struct search *search, const struct explain_question *question)
{
	int r = ends_read_port(question->port, search->body, &search->port);

	if (r < 0)
		return r;
	body_text(search->body, search->body->root, "from", question->from);
	body_text(search->body, search->body->root, "to", question->to);
	ends_put_port(&search->port, search->body);
	r = ends_read(search->cluster, question->from, search->body, &search->from);
	if (r == 0)
		r = ends_read(search->cluster, question->to, search->body, &search->to);
	if (r < 0 || !ends_is_service(&search->from))
		return r;
	return ends_refuse(
	    search->body,
	    "%s is a Service, and Services open no connections: name one of "
	    "its pods",
	    question->from);
}

int paths_collect(const struct cluster *cluster, const struct explain_question *question,
		  struct body *body, struct paths *ret_paths)
{
	struct search search = { .cluster = cluster, .body = body };
	int r = read_question(&search, question);

	if (r == 0)
		r = ends_is_service(&search.to) ? add_service(&search)
						: add_addrs(&search);
	if (r == 0 && !search.paths.count)
		r = refuse_empty(&search, question);
	if (r < 0)
		paths_clear(&search.paths);
	else
		*ret_paths = search.paths;
	return r;
}

void paths_clear(struct paths *paths)
{
	free(paths->items);
	*paths = (struct paths){ 0 };
}

int paths_explain(const struct explain_input *input, const struct paths *paths,
		  struct body *body)
{
	struct json_object *array = body_array(body, body->root, "paths");
	bool allowed = true;

	for (size_t i = 0; i < paths->count; i++)
		allowed &= path_explain(input, &paths->items[i], body, array);
	body_bool(body, body->root, "allowed", allowed);
	return body->lost ? -ENOMEM : allowed;
}

int explain_test(const struct explain_input *input,
		 const struct explain_question *question, struct body *body)
{
	CLEANUP(paths_clear) struct paths paths = { 0 };
	int r;

	body_bool(body, body->root, "allowed", false); /* until the end */
	r = paths_collect(input->cluster, question, body, &paths);
	return r < 0 ? r : paths_explain(input, &paths, body);
}
