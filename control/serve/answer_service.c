/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Services, their frontends and backends, with what the datapath counted. `wanted` says
 * what should be; the views say what is, backends that left but still hold flows
 * included.
 */
#include <errno.h>

#include "../lib/cleanup.h"
#include "answer.h"
#include "views.h"

static const char *const kinds[] = {
	[FRONTEND_CLUSTER_IP] = "clusterIP",
	[FRONTEND_EXTERNAL_IP] = "externalIP",
	[FRONTEND_LOAD_BALANCER] = "loadBalancer",
};
static const char *const algorithms[] = {
	[ALGORITHM_MAGLEV] = "maglev",
	[ALGORITHM_RANDOM] = "random",
	[ALGORITHM_ROUND_ROBIN] = "round-robin",
};
static const char *const states[] = {
	[BACKEND_ACTIVE] = "active",
	[BACKEND_STANDBY] = "standby",
	[BACKEND_DOWN] = "down",
};
static const char *const healths[] = {
	[HEALTH_NONE] = "none",
	[HEALTH_UNKNOWN] = "unknown",
	[HEALTH_UP] = "up",
	[HEALTH_DOWN] = "down",
};
static const char *const checks[] = {
	[CHECK_NONE] = "none",	 [CHECK_TCP] = "tcp", [CHECK_HTTP] = "http",
	[CHECK_HTTPS] = "https", [CHECK_UDP] = "udp", [CHECK_DNS] = "dns",
};

/* One service port being written, with its views at hand. */
struct scene {
	const struct api_state *api;
	struct body *body;
	const struct wanted_service *service;
	const struct wanted_port *port;
	struct views views;
	uint64_t now_ms;
};

static void put_counters(struct body *body, struct json_object *parent,
			 const struct datapath_counters *counters)
{
	struct json_object *object = body_object(body, parent, "counters");

	body_number(body, object, "inPackets", counters->packets[0]);
	body_number(body, object, "outPackets", counters->packets[1]);
	body_number(body, object, "inBytes", counters->bytes[0]);
	body_number(body, object, "outBytes", counters->bytes[1]);
	body_number(body, object, "connections", counters->created);
	body_number(body, object, "activeConnections", counters->active);
}

static void put_check(const struct scene *scene, struct json_object *item,
		      const struct wanted_backend *backend)
{
	const struct check_spec *spec = &scene->service->check;
	struct health_result result;
	int r = -ENOENT;

	if (spec->type != CHECK_NONE)
		r = scene->api->describe_check(scene->api->context, &backend->addr,
					       spec->port ? spec->port : backend->port,
					       spec, &result);
	if (r < 0) {
		body_text(scene->body, item, "check", NULL);
		return;
	}
	struct json_object *check = body_object(scene->body, item, "check");
	uint64_t since = result.changed_ms && scene->now_ms > result.changed_ms
			     ? scene->now_ms - result.changed_ms
			     : 0;

	body_text(scene->body, check, "result", result.text);
	body_number(scene->body, check, "successes", result.successes);
	body_number(scene->body, check, "failures", result.failures);
	body_number(scene->body, check, "durationMicroseconds", result.last_duration_us);
	body_number(scene->body, check, "unchangedMilliseconds", since);
}

static struct json_object *begin_backend(const struct scene *scene,
					 struct json_object *array,
					 const struct hg_addr *addr, uint16_t port)
{
	struct body *body = scene->body;
	struct json_object *item = body_object(body, array, NULL);

	body_text(body, item, "namespace", scene->service->namespace);
	body_text(body, item, "service", scene->service->name);
	body_text(body, item, "portName", scene->port->name);
	body_text(body, item, "protocol", protocol_print(scene->port->protocol));
	body_number(body, item, "servicePort", scene->port->port);
	body_addr(body, item, "address", addr);
	body_number(body, item, "port", port);
	return item;
}

/* What the views [first, first + count) of one backend say. */
static void put_views(const struct scene *scene, struct json_object *item, size_t first,
		      size_t count)
{
	struct datapath_counters sum = { 0 };
	struct body *body = scene->body;
	bool reachable = count > 0;

	for (size_t i = first; i < first + count; i++)
		reachable = reachable && scene->views.items[i].reachable;
	body_bool(body, item, "reachable", reachable);
	struct json_object *frontends = body_array(body, item, "frontends");

	for (size_t i = first; i < first + count; i++) {
		struct json_object *frontend = body_object(body, frontends, NULL);

		body_addr(body, frontend, "address", &scene->views.items[i].vip);
		put_counters(body, frontend, &scene->views.items[i].counters);
		views_add(&sum, &scene->views.items[i].counters);
	}
	put_counters(body, item, &sum);
}

static void put_wanted(const struct scene *scene, struct json_object *array,
		       const struct wanted_backend *backend)
{
	struct body *body = scene->body;
	struct json_object *item =
	    begin_backend(scene, array, &backend->addr, backend->port);
	size_t first, count;

	body_number(body, item, "weight", backend->weight);
	body_text(body, item, "state", states[backend->state]);
	body_text(body, item, "health", healths[backend->health]);
	body_bool(body, item, "terminating", backend->terminating);
	body_text(body, item, "node", backend->node);
	body_text(body, item, "pod", backend->pod);
	count = views_find(&scene->views, &backend->addr, backend->port, &first);
	put_views(scene, item, first, count);
	put_check(scene, item, backend);
}

/* Backends that left the Service and still hold flows. */
static void put_draining(const struct scene *scene, struct json_object *array)
{
	const struct views *views = &scene->views;

	for (size_t i = 0, first, count; i < views->count; i = first + count) {
		const struct datapath_backend_view *view = &views->items[i];
		bool wanted = false;

		count = views_find(views, &view->addr, view->port, &first);
		for (size_t k = first; k < first + count; k++)
			wanted = wanted || views->items[k].wanted;
		if (wanted)
			continue;
		struct json_object *item =
		    begin_backend(scene, array, &view->addr, view->port);

		body_number(scene->body, item, "weight", 0);
		body_text(scene->body, item, "state", "draining");
		body_text(scene->body, item, "health", healths[HEALTH_NONE]);
		put_views(scene, item, first, count);
	}
}

static void put_backends(const struct scene *scene, struct json_object *array)
{
	for (size_t i = 0; i < scene->port->backend_count; i++)
		put_wanted(scene, array, &scene->port->backends[i]);
	put_draining(scene, array);
}

static void put_frontends(const struct scene *scene, struct json_object *item)
{
	struct json_object *array = body_array(scene->body, item, "frontends");

	for (size_t i = 0; i < scene->port->frontend_count; i++) {
		const struct wanted_frontend *frontend = &scene->port->frontends[i];
		struct json_object *child = body_object(scene->body, array, NULL);
		struct datapath_counters sum = { 0 };

		for (size_t k = 0; k < scene->views.count; k++) {
			if (addr_compare(&scene->views.items[k].vip, &frontend->addr) ==
			    0)
				views_add(&sum, &scene->views.items[k].counters);
		}
		body_addr(scene->body, child, "address", &frontend->addr);
		body_number(scene->body, child, "port", frontend->port);
		body_text(scene->body, child, "kind", kinds[frontend->kind]);
		body_bool(scene->body, child, "insideOnly",
			  frontend->flags & HG_SERVICE_INSIDE_ONLY);
		put_counters(scene->body, child, &sum);
	}
}

static void put_port(const struct scene *scene, struct json_object *array)
{
	const struct wanted_port *port = scene->port;
	struct body *body = scene->body;
	struct json_object *item = body_object(body, array, NULL);

	body_text(body, item, "key", port->key);
	body_text(body, item, "name", port->name);
	body_text(body, item, "protocol", protocol_print(port->protocol));
	body_number(body, item, "port", port->port);
	body_text(body, item, "family", port->is_v6 ? "IPv6" : "IPv4");
	body_text(body, item, "algorithm", algorithms[port->algorithm]);
	body_text(body, item, "forwarding",
		  port->forwarding == FORWARD_NAT ? "nat" : "snat");
	body_number(body, item, "affinitySeconds", port->affinity_s);
	body_signed(body, item, "drainSeconds", port->drain_s);
	body_number(body, item, "tableSize", port->slot_count);
	body_number(body, item, "activeBackends", port->active_count);
	put_frontends(scene, item);
	put_backends(scene, body_array(body, item, "backends"));
}

/* Do put() for each port of a Service. */
static int each_port(const struct api_state *api, struct body *body,
		     const struct wanted_service *service, struct json_object *array,
		     void (*put)(const struct scene *scene, struct json_object *array))
{
	struct serve_facts facts = { 0 };

	api->facts(api->context, &facts);
	for (size_t i = 0; i < service->port_count; i++) {
		struct scene scene = { .api = api,
				       .body = body,
				       .service = service,
				       .port = &service->ports[i],
				       .now_ms = facts.now_ms };
		int r = views_read(api, scene.port->key, &scene.views);

		if (r < 0)
			return r;
		put(&scene, array);
		views_clear(&scene.views);
	}
	return 0;
}

static int put_service(const struct api_state *api, struct body *body,
		       const struct wanted_service *service, struct json_object *item)
{
	body_text(body, item, "namespace", service->namespace);
	body_text(body, item, "name", service->name);
	body_text(body, item, "check", checks[service->check.type]);
	return each_port(api, body, service, body_array(body, item, "ports"), put_port);
}

struct listing {
	const struct api_state *api;
	struct body *body;
	struct json_object *array;
};

static int list_service(void *context, const struct wanted_service *service)
{
	struct listing *listing = context;

	return put_service(listing->api, listing->body, service,
			   body_object(listing->body, listing->array, NULL));
}

static int list_backends(void *context, const struct wanted_service *service)
{
	struct listing *listing = context;

	return each_port(listing->api, listing->body, service, listing->array,
			 put_backends);
}

static unsigned list(const struct api_state *api, struct body *body, const char *name,
		     int (*visit)(void *context, const struct wanted_service *service))
{
	struct listing listing = { api, body, body_array(body, body->root, name) };
	int r = api->each_service(api->context, visit, &listing);

	if (r < 0)
		body->lost = true;
	return 200;
}

unsigned answer_services(const struct api_state *api, const struct request *request,
			 struct body *body)
{
	(void)request;
	return list(api, body, "services", list_service);
}

unsigned answer_backends(const struct api_state *api, const struct request *request,
			 struct body *body)
{
	(void)request;
	return list(api, body, "backends", list_backends);
}

unsigned answer_service(const struct api_state *api, const struct request *request,
			struct body *body)
{
	const struct wanted_service *service =
	    api->find_service(api->context, request->namespace, request->name);

	if (!service)
		return answer_refuse(
		    body, 404,
		    "no Service %s/%s is in force: see 'headgate service "
		    "list' and the complaints in 'headgate status'",
		    request->namespace, request->name);
	int r = put_service(api, body, service, body_object(body, body->root, "service"));

	if (r < 0)
		body->lost = true;
	return 200;
}
