/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flows: a bounded list of those that match, with the number of all that do; one by its
 * name; deletion. The table is walked once for each request.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <headgate/endian.h>

#include "../lib/cleanup.h"
#include "answer.h"

/* Which Service answers at a virtual address and port: sorted, looked up once per flow.
 */
struct owner {
	struct hg_frontend_key key;
	const struct wanted_service *service;
};
struct owners {
	struct owner *items;
	size_t count, capacity;
};

static void clear_owners(struct owners *owners)
{
	free(owners->items);
}

static int compare_owners(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct hg_frontend_key));
}

static int add_owner(struct owners *owners, const struct wanted_service *service,
		     const struct wanted_port *port,
		     const struct wanted_frontend *frontend)
{
	if (owners->count == owners->capacity) {
		size_t capacity = owners->capacity ? owners->capacity * 2 : 64;
		struct owner *items =
		    reallocarray(owners->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		owners->items = items;
		owners->capacity = capacity;
	}
	owners->items[owners->count++] = (struct owner){
		.key = { .addr = frontend->addr,
			 .port = be16(frontend->port),
			 .protocol = port->protocol },
		.service = service,
	};
	return 0;
}

static int add_service(void *context, const struct wanted_service *service)
{
	for (size_t i = 0; i < service->port_count; i++) {
		const struct wanted_port *port = &service->ports[i];

		for (size_t k = 0; k < port->frontend_count; k++) {
			int r = add_owner(context, service, port, &port->frontends[k]);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static const struct wanted_service *find_owner(const struct owners *owners,
					       const struct datapath_flow *flow)
{
	struct owner wanted = { .key = { .addr = flow->vip,
					 .port = be16(flow->vport),
					 .protocol = flow->protocol } };

	if (!owners->count || flow->direct)
		return NULL;
	const struct owner *owner = bsearch(&wanted, owners->items, owners->count,
					    sizeof(wanted), compare_owners);

	return owner ? owner->service : NULL;
}

struct selection {
	struct flow_filter filter;
	struct datapath_flow *flows; /* the first `limit` that match */
	size_t count, limit;
	uint64_t matched;
};

static void clear_selection(struct selection *selection)
{
	free(selection->flows);
}

static int select_flow(void *context, const struct datapath_flow *flow)
{
	struct selection *selection = context;

	if (!flow_filter_matches(&selection->filter, flow))
		return 0;
	selection->matched++;
	if (selection->count < selection->limit)
		selection->flows[selection->count++] = *flow;
	return 0;
}

static bool match_flow(void *context, const struct datapath_flow *flow)
{
	const struct flow_filter *filter = context;

	return flow_filter_matches(filter, flow);
}

static int compare_flows(const void *left, const void *right)
{
	const struct datapath_flow *a = left, *b = right;
	int order = (int)a->protocol - (int)b->protocol;

	order = order ? order : addr_compare(&a->client, &b->client);
	order = order ? order : (int)a->client_port - (int)b->client_port;
	order = order ? order : addr_compare(&a->vip, &b->vip);
	return order ? order : (int)a->vport - (int)b->vport;
}

/* "tcp/192.0.2.7:51234/10.96.0.10:80": what /v1/flows/… and 'flow show' take. */
static void put_id(struct body *body, struct json_object *item,
		   const struct datapath_flow *flow)
{
	char client[ADDR_TEXT], vip[ADDR_TEXT], id[3 * ADDR_TEXT];

	snprintf(id, sizeof(id), "%s/%s/%s", protocol_print(flow->protocol),
		 addr_print_port(&flow->client, flow->client_port, client),
		 addr_print_port(&flow->vip, flow->vport, vip));
	for (char *letter = id; *letter && *letter != '/'; letter++)
		*letter = (char)tolower((unsigned char)*letter);
	body_text(body, item, "id", id);
}

static void put_flow(struct body *body, struct json_object *item,
		     const struct datapath_flow *flow, const struct owners *owners)
{
	const struct wanted_service *service = find_owner(owners, flow);

	put_id(body, item, flow);
	body_text(body, item, "protocol", protocol_print(flow->protocol));
	body_text(body, item, "state", flow_state_name(flow));
	body_bool(body, item, "embryonic", flow->embryonic);
	body_end(body, item, "client", &flow->client, flow->client_port);
	body_bool(body, item, "direct", flow->direct);
	if (flow->direct)
		body_text(body, item, "vip", NULL);
	else
		body_end(body, item, "vip", &flow->vip, flow->vport);
	body_end(body, item, "backend", &flow->backend, flow->backend_port);
	if (addr_is_zero(&flow->snat))
		body_text(body, item, "snat", NULL);
	else
		body_end(body, item, "snat", &flow->snat, flow->snat_port);
	body_text(body, item, "namespace", service ? service->namespace : NULL);
	body_text(body, item, "service", service ? service->name : NULL);
	body_number(body, item, "idleSeconds", flow->idle_s);
	body_number(body, item, "expiresSeconds", flow->expires_s);
}

/* Fill in the filter's Service. 0, or an HTTP status with the error in the body. */
static unsigned resolve(const struct api_state *api, struct flow_filter *filter,
			struct body *body)
{
	if (!filter->service[0])
		return 0;
	filter->of_service =
	    api->find_service(api->context, filter->namespace, filter->service);
	if (filter->of_service)
		return 0;
	return answer_refuse(body, 404,
			     "no Service %s/%s is in force: see 'headgate service list'",
			     filter->namespace, filter->service);
}

/* Walk the table and name the owners. 0, or an HTTP status with the error in the body. */
static unsigned collect(const struct api_state *api, struct selection *selection,
			struct owners *owners, struct body *body)
{
	unsigned code = resolve(api, &selection->filter, body);

	if (code)
		return code;
	selection->flows = calloc(selection->limit, sizeof(*selection->flows));
	if (!selection->flows ||
	    api->each_service(api->context, add_service, owners) < 0) {
		body->lost = true;
		return 500;
	}
	if (owners->count)
		qsort(owners->items, owners->count, sizeof(*owners->items),
		      compare_owners);
	int r = api->each_flow(api->context, select_flow, selection);

	if (r < 0)
		return answer_refuse(body, 500,
				     "the flow table cannot be read (%s): see the "
				     "log of headgated",
				     strerror(-r));
	qsort(selection->flows, selection->count, sizeof(*selection->flows),
	      compare_flows);
	return 0;
}

unsigned answer_flows(const struct api_state *api, const struct request *request,
		      struct body *body)
{
	CLEANUP(clear_selection)
	struct selection selection = { .filter = request->filter,
				       .limit = request->limit };
	CLEANUP(clear_owners) struct owners owners = { 0 };
	unsigned code = collect(api, &selection, &owners, body);

	if (code)
		return code;
	body_number(body, body->root, "matched", selection.matched);
	body_bool(body, body->root, "truncated", selection.matched > selection.count);
	struct json_object *array = body_array(body, body->root, "flows");

	for (size_t i = 0; i < selection.count; i++)
		put_flow(body, body_object(body, array, NULL), &selection.flows[i],
			 &owners);
	return 200;
}

unsigned answer_flow(const struct api_state *api, const struct request *request,
		     struct body *body)
{
	CLEANUP(clear_selection)
	struct selection selection = { .filter = request->filter, .limit = 1 };
	CLEANUP(clear_owners) struct owners owners = { 0 };
	unsigned code = collect(api, &selection, &owners, body);

	if (code)
		return code;
	if (!selection.count)
		return answer_refuse(body, 404,
				     "no such flow: it may have ended, see "
				     "'headgate flow list'");
	put_flow(body, body_object(body, body->root, "flow"), &selection.flows[0],
		 &owners);
	return 200;
}

unsigned answer_delete_flows(const struct api_state *api, const struct request *request,
			     struct body *body)
{
	struct flow_filter filter = request->filter;
	unsigned code = resolve(api, &filter, body);

	if (code)
		return code;
	int r = api->delete_flows(api->context, match_flow, &filter);

	if (r < 0)
		return answer_refuse(body, 500,
				     "the flows cannot be deleted (%s): see the "
				     "log of headgated",
				     strerror(-r));
	body_number(body, body->root, "deleted", (uint64_t)r);
	return 200;
}
