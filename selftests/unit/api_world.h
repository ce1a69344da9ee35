/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A world made up for the API's tests: one Service with two endpoints behind two virtual
 * addresses, a third endpoint that drains, three flows. Include after cmocka.h.
 */
#ifndef UNIT_API_WORLD_H
#define UNIT_API_WORLD_H

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <headgate/reasons.h>
#include "../../control/serve/api_state.h"
#include "../../control/source/manifests.h"

#define CLIENT	"192.0.2.7"
#define SERVICE "10.96.0.10"
#define PUBLIC	"203.0.113.1"
#define A	"10.1.0.1"
#define B	"10.1.0.2"
#define GONE	"10.1.0.9"

static struct hg_addr addr(const char *text)
{
	struct hg_addr result;

	assert_int_equal(addr_parse(text, &result), 0);
	return result;
}

/* ---- the world ---- */
static struct wanted_frontend frontends[2];
static struct wanted_backend backends[2];
static char pod[] = "shop/cart-0", key[] = "shop/cart:http/TCP/IPv4", http[] = "http";
static struct wanted_port port = { .key = key,
				   .name = http,
				   .protocol = IPPROTO_TCP,
				   .port = 80,
				   .frontends = frontends,
				   .frontend_count = 2,
				   .backends = backends,
				   .backend_count = 2,
				   .active_count = 1,
				   .slot_count = 211 };
static char shop[] = "shop", cart[] = "cart";
static struct wanted_service service = { .namespace = shop,
					 .name = cart,
					 .ports = &port,
					 .port_count = 1,
					 .check = { .type = CHECK_HTTP } };
static struct datapath_flow flows[3];
static size_t flow_copies; /* the table holds each flow so many times */
static int flows_error, services_error;

static struct datapath_flow make_flow(uint8_t protocol, uint16_t client_port,
				      const char *vip, const char *backend)
{
	return (struct datapath_flow){
		.client = addr(CLIENT),
		.vip = addr(vip),
		.backend = addr(backend),
		.client_port = client_port,
		.vport = 80,
		.backend_port = 8080,
		.protocol = protocol,
		.client_seen = HG_FLOW_SYN | HG_FLOW_ACK,
		.backend_seen = HG_FLOW_SYN | HG_FLOW_ACK,
		.idle_s = 3,
		.expires_s = 86397,
	};
}

static int make_world(void **state)
{
	(void)state;
	frontends[0] = (struct wanted_frontend){ .addr = addr(SERVICE),
						 .port = 80,
						 .kind = FRONTEND_CLUSTER_IP,
						 .flags = HG_SERVICE_INSIDE_ONLY };
	frontends[1] = (struct wanted_frontend){ .addr = addr(PUBLIC),
						 .port = 80,
						 .kind = FRONTEND_LOAD_BALANCER };
	backends[0] = (struct wanted_backend){ .addr = addr(A),
					       .port = 8080,
					       .weight = 1,
					       .health = HEALTH_UP,
					       .pod = pod };
	backends[1] = (struct wanted_backend){ .addr = addr(B),
					       .port = 8080,
					       .weight = 1,
					       .state = BACKEND_DOWN,
					       .health = HEALTH_DOWN };
	flows[0] = make_flow(IPPROTO_TCP, 40001, SERVICE, A);
	flows[1] = make_flow(IPPROTO_TCP, 40000, PUBLIC, B);
	flows[1].snat = addr("198.51.100.1");
	flows[1].snat_port = 1024;
	flows[2] = make_flow(IPPROTO_UDP, 53000, "203.0.113.99", A);
	flow_copies = 1;
	flows_error = services_error = 0;
	return 0;
}

static void facts(void *context, struct serve_facts *ret_facts)
{
	(void)context;
	*ret_facts = (struct serve_facts){ .node_name = "node-1",
					   .manifests = "/m",
					   .pin_root = "/p",
					   .uptime_s = 61,
					   .objects = { [OBJECT_SERVICE] = 1 },
					   .checks = 2,
					   .policy_mode = POLICY_AUDIT,
					   .source_check = true,
					   .pods_here = 5,
					   .pods_isolated = 2,
					   .policies_held = true,
					   .held_isolated = 3,
					   .now_ms = 5000 };
}

static int each_service(void *context,
			int (*visit)(void *visitor, const struct wanted_service *one),
			void *visitor)
{
	(void)context;
	return services_error ? services_error : visit(visitor, &service);
}

static const struct wanted_service *find_service(void *context, const char *namespace,
						 const char *name)
{
	(void)context;
	return strcmp(namespace, "shop") == 0 && strcmp(name, "cart") == 0 ? &service
									   : NULL;
}

static int each_complaint(void *context,
			  int (*visit)(void *visitor, const struct complaint *complaint),
			  void *visitor)
{
	const struct about about =
	    object_about_named(OBJECT_SERVICE, "shop", "cart", CAUSE_INVALID);
	static char file[] = "/m/cart.yaml";
	const struct place place = { file, 7, 9 };
	struct complaints list = { 0 };

	(void)context;
	complain(&list, COMPLAINT_ERROR, &place, &about,
		 "port 70000 is not a port: use 1 to 65535");
	int r = visit(visitor, &list.items[0]);

	complaints_clear(&list);
	return r;
}

static int describe_check(void *context, const struct hg_addr *address,
			  uint16_t port_number, const struct check_spec *check,
			  struct health_result *ret_result)
{
	struct hg_addr down = addr(B);

	(void)context;
	assert_int_equal(port_number, 8080);
	assert_int_equal(check->type, CHECK_HTTP);
	*ret_result = (struct health_result){
		.state = HEALTH_UP, .successes = 4, .changed_ms = 1000, .text = "HTTP 200"
	};
	if (addr_compare(address, &down) == 0)
		return -ENOENT;
	return 0;
}

static int each_backend(void *context, const char *port_key,
			int (*visit)(void *visitor,
				     const struct datapath_backend_view *view),
			void *visitor)
{
	const struct {
		const char *addr, *vip;
		bool wanted, reachable;
	} rows[] = {
		{ B, PUBLIC, true, false },	{ A, SERVICE, true, true },
		{ GONE, SERVICE, false, true }, { A, PUBLIC, true, true },
		{ B, SERVICE, true, true },	{ GONE, PUBLIC, false, true },
	};
	int r = 0;

	(void)context;
	assert_string_equal(port_key, key);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && !r; i++) {
		struct datapath_backend_view view = {
			.addr = addr(rows[i].addr),
			.port = 8080,
			.vip = addr(rows[i].vip),
			.wanted = rows[i].wanted,
			.reachable = rows[i].reachable,
			.counters = { { 10, 20 }, { 1000, 2000 }, 5, 1 },
		};

		r = visit(visitor, &view);
	}
	return r;
}

static int each_flow(void *context,
		     int (*visit)(void *visitor, const struct datapath_flow *flow),
		     void *visitor)
{
	int r = flows_error;

	(void)context;
	for (size_t i = 0; i < 3 * flow_copies && !r; i++)
		r = visit(visitor, &flows[i % 3]);
	return r;
}

static int delete_flows(void *context,
			bool (*match)(void *visitor, const struct datapath_flow *flow),
			void *visitor)
{
	int deleted = 0;

	(void)context;
	for (size_t i = 0; i < 3; i++)
		deleted += match(visitor, &flows[i]);
	return deleted;
}

static int reasons(void *context, struct datapath_reason *ret_reasons, size_t size)
{
	(void)context;
	for (size_t i = 0; i < size; i++)
		ret_reasons[i] = (struct datapath_reason){ i * 10, i * 1000 };
	return 0;
}

static size_t refusals(void *context, struct api_denial *ret_refusals, size_t size)
{
	(void)context;
	assert_true(size >= 1);
	ret_refusals[0] = (struct api_denial){
		.packet = { .number = 12, .protocol = 6, .port = 8080, .age_s = 3 },
		.direction = "ingress",
		.policies = "shop/deny"
	};
	assert_int_equal(addr_parse("192.0.2.7", &ret_refusals[0].packet.from), 0);
	assert_int_equal(addr_parse(A, &ret_refusals[0].packet.to), 0);
	return 1;
}

static size_t usage(void *context, struct datapath_usage *ret_usage, size_t size)
{
	(void)context;
	assert_true(size >= 1);
	ret_usage[0] = (struct datapath_usage){ "hg_slots", 211, 1024, 4096 };
	return 1;
}

static size_t attachments(void *context, struct datapath_attachment *ret_attachments,
			  size_t size)
{
	(void)context;
	assert_true(size >= 1);
	ret_attachments[0] =
	    (struct datapath_attachment){ 4, "eth0", "native", "no dispatcher" };
	return 1;
}

static int put_object(void *context, struct object *object)
{
	return cluster_set(context, object);
}

/* One policy and the pod that it selects; made once. Nothing is compiled. */
static const struct cluster *policy_cluster(void)
{
	static const char text[] =
	    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
	    "metadata: {name: deny, namespace: shop}\nspec: {podSelector: {}}\n"
	    "---\napiVersion: v1\nkind: Pod\nmetadata: {name: cart-0, namespace: shop}\n"
	    "status: {podIPs: [{ip: " A "}]}\n";
	static struct cluster *cluster;
	struct complaints complaints = { 0 };

	if (cluster)
		return cluster;
	cluster = cluster_new();
	assert_int_equal(manifest_read(text, sizeof(text) - 1, "api.yaml", put_object,
				       cluster, &complaints),
			 0);
	assert_int_equal(complaints.count, 0);
	return cluster;
}

static void policies(void *context, struct explain_input *ret_world)
{
	(void)context;
	*ret_world = (struct explain_input){ .cluster = policy_cluster() };
}

static const struct api_state world = {
	NULL,		facts,	      each_service, find_service, each_complaint,
	describe_check, each_backend, each_flow,    delete_flows, reasons,
	refusals,	usage,	      attachments,  policies,
};

#endif
