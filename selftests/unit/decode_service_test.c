// SPDX-License-Identifier: BSD-2-Clause
/* Services out of text: what is understood, and what each mistake is told. */
#include "manifest.h"

#include <netinet/in.h>

#define META(name) "metadata: {name: " name ", namespace: shop}\n"
#define SERVICE	   "apiVersion: v1\nkind: Service\n" META("cart")
static void service_is_read_with_all_its_frontends_and_policies(void **state)
{
	struct outcome o = outcome_of(
	    SERVICE
	    "spec:\n"
	    "  type: LoadBalancer\n"
	    "  selector: {app: cart}\n"
	    "  clusterIP: 10.96.0.010\n"
	    "  clusterIPs: [10.96.0.10, '2001:db8:96::a']\n"
	    "  ipFamilies: [IPv4, IPv6]\n"
	    "  externalIPs: [192.0.2.1, '2001:db8::1', 192.0.2.1]\n"
	    "  loadBalancerIP: 192.0.2.9\n"
	    "  loadBalancerSourceRanges: [' 203.0.113.000/025 ', 2001:db8:1::/48]\n"
	    "  sessionAffinity: ClientIP\n"
	    "  sessionAffinityConfig: {clientIP: {timeoutSeconds: 60}}\n"
	    "  externalTrafficPolicy: Local\n"
	    "  internalTrafficPolicy: Local\n"
	    "  ports:\n"
	    "  - {name: http, port: 80, targetPort: web, nodePort: 30080}\n"
	    "  - {name: dns, port: 53, protocol: UDP, targetPort: 5353}\n"
	    "  - {name: sig, port: 80, protocol: SCTP, targetPort: 80}\n"
	    "status:\n"
	    "  loadBalancer:\n"
	    "    ingress:\n"
	    "    - ip: 192.0.2.7\n"
	    "    - {ip: 192.0.2.8, ipMode: Proxy}\n"
	    "    - {hostname: lb.example}\n"
	    "    - {ip: '2001:db8::7', ipMode: VIP}\n");
	(void)state;
	expect_outcome(&o, 1, NULL);
	const struct object *object = o.objects[0];
	const struct service *service = &object->service;
	assert_int_equal(object->kind, OBJECT_SERVICE);
	assert_string_equal(object->namespace, "shop");
	assert_string_equal(object->name, "cart");
	assert_string_equal(object->place.file, "shop.yaml");
	assert_int_equal(object->place.line, 1);
	assert_false(service->skip);
	expect_addrs(&service->cluster_ips, LINES("10.96.0.10", "2001:db8:96::a"));
	expect_addrs(&service->external_ips, LINES("192.0.2.1", "2001:db8::1"));
	expect_addrs(&service->load_balancer_ips,
		     LINES("192.0.2.7", "2001:db8::7", "192.0.2.9"));
	assert_int_equal(service->source_ranges.count, 2);
	assert_int_equal(service->source_ranges.items[0].bits, 96 + 25);
	assert_true(service->affinity);
	assert_int_equal(service->affinity_timeout_s, 60);
	assert_true(service->internal_local);
	assert_true(service->external_local);
	assert_int_equal(service->port_count, 3);
	assert_string_equal(service->ports[0].name, "http");
	assert_int_equal(service->ports[0].protocol, IPPROTO_TCP);
	assert_int_equal(service->ports[0].target_port, 0);
	assert_int_equal(service->ports[0].node_port, 30080);
	assert_int_equal(service->ports[1].protocol, IPPROTO_UDP);
	assert_int_equal(service->ports[2].protocol, IPPROTO_SCTP);
	assert_int_equal(service->ports[2].target_port, 80);
	outcome_clear(&o);
}

static void service_defaults_are_those_of_the_api_server(void **state)
{
	struct outcome o =
	    outcome_of("apiVersion: v1\nkind: Service\n"
		       "metadata: {name: cart}\n"
		       "spec: {clusterIP: 10.96.0.1, ports: [{port: 80}]}\n");
	(void)state;
	expect_outcome(&o, 1, NULL);
	const struct service *service = &o.objects[0]->service;
	assert_string_equal(o.objects[0]->namespace, "default");
	assert_string_equal(service->ports[0].name, "");
	assert_int_equal(service->ports[0].protocol, IPPROTO_TCP);
	assert_false(service->affinity);
	assert_false(service->internal_local);
	assert_false(service->external_local);
	expect_addrs(&service->cluster_ips, LINES("10.96.0.1"));
	outcome_clear(&o);

	o = outcome_of(SERVICE "spec: {clusterIP: 10.96.0.1, sessionAffinity: ClientIP, "
			       "externalTrafficPolicy: Local, ports: [{port: 80}]}\n");
	expect_outcome(&o, 1, NULL);
	assert_int_equal(o.objects[0]->service.affinity_timeout_s, 10800);
	assert_false(o.objects[0]->service.external_local);
	outcome_clear(&o);
}

static void services_that_are_not_proxied_are_marked(void **state)
{
	static const struct {
		const char *text;
		bool skip;
	} rows[] = {
		{ SERVICE "spec: {clusterIP: None}\n", true },
		{ SERVICE "spec: {clusterIPs: [None]}\n", true },
		{ SERVICE "spec: {type: ExternalName, externalName: a.example}\n", true },
		{ "apiVersion: v1\nkind: Service\nmetadata: {name: cart, labels: "
		  "{service.kubernetes.io/service-proxy-name: mesh}}\n"
		  "spec: {clusterIP: 10.96.0.1, ports: [{port: 80}]}\n",
		  true },
		{ "apiVersion: v1\nkind: Service\nmetadata: {name: cart, labels: "
		  "{service.kubernetes.io/service-proxy-name: headgate}}\n"
		  "spec: {clusterIP: 10.96.0.1, ports: [{port: 80}]}\n",
		  false },
		{ SERVICE "spec: {externalIPs: [192.0.2.1], ports: [{port: 80}]}\n",
		  false },
		{ SERVICE "spec: {type: LoadBalancer, loadBalancerIP: 192.0.2.1, "
			  "ports: [{port: 80}]}\n",
		  false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome o = outcome_of(rows[i].text);
		expect_outcome(&o, 1, NULL);
		if (o.objects[0]->service.skip != rows[i].skip)
			fail_msg("row %zu: skip is %d", i, o.objects[0]->service.skip);
		outcome_clear(&o);
	}
}

static const struct {
	const char *spec; /* from line 4 on */
	const char *complaint;
} service_mistakes[] = {
	{ "spec: {clusterIP: 10.96.0.1, ports: [{port: 70000}]}",
	  "4:45: Service shop/cart: spec.ports[0].port 70000 is not a port: use "
	  "1 to "
	  "65535" },
	{ "spec: {clusterIP: 10.96.0.1, ports: [{port: \"80\"}]}",
	  "4:45: Service shop/cart: spec.ports[0].port is text: write a number, "
	  "without quotes" },
	{ "spec: {clusterIP: 10.96.0.1, ports: [{port: 80.5}]}",
	  "4:45: Service shop/cart: spec.ports[0].port 80.5 is not a port: use a "
	  "whole number from 1 to 65535" },
	{ "spec: {clusterIP: 10.96.0.1, ports: [{name: a}]}",
	  "4:38: Service shop/cart: spec.ports[0].port is missing: write port: "
	  "80" },
	{ "spec: {clusterIP: 10.96.0.1, ports: [{port: 80, protocol: tcp}]}",
	  "4:59: Service shop/cart: spec.ports[0].protocol \"tcp\" is not known: "
	  "use "
	  "TCP, UDP or SCTP" },
	{ "spec: {clusterIP: 10.96.0.1, ports: [{port: 80, targetPort: '80'}]}",
	  "4:61: Service shop/cart: spec.ports[0].targetPort \"80\" is a number "
	  "in "
	  "quotes: remove the quotes" },
	{ "spec: {clusterIP: 10.96.0.1, ports: [{port: 80, targetPort: A_B}]}",
	  "4:61: Service shop/cart: spec.ports[0].targetPort \"A_B\" is not a "
	  "port's "
	  "name: use at most 15 lower-case letters, digits and -" },
	{ "spec: {clusterIP: 10.96.0.1, ports: [{port: 80, name: a}, {port: "
	  "81}]}",
	  "4:59: Service shop/cart: spec.ports[1].name is missing: with more "
	  "than one "
	  "port each needs a name" },
	{ "spec: {clusterIP: 10.96.0.1, ports: [{port: 80, name: a}, {port: 81, "
	  "name: "
	  "a}]}",
	  "4:59: Service shop/cart: spec.ports[1] has the name \"a\" of "
	  "spec.ports[0]: give it another" },
	{ "spec: {clusterIP: 10.96.0.1, ports: [{port: 80, name: a}, {port: 80, "
	  "name: "
	  "b}]}",
	  "4:59: Service shop/cart: spec.ports[1] is TCP port 80 like "
	  "spec.ports[0]: "
	  "remove one" },
	{ "spec: {clusterIP: 10.96.0.1, ports: [{port: 80, name: A}]}",
	  "4:55: Service shop/cart: spec.ports[0].name \"A\" is not a port's "
	  "name: use "
	  "at most 63 lower-case letters, digits and -, a letter or digit at "
	  "both "
	  "ends" },
	{ "spec: {clusterIP: 10.96.0.1, ports: []}",
	  "4:37: Service shop/cart: spec.ports is empty: give at least one "
	  "port" },
	{ "spec: {clusterIP: 10.96.0.1}",
	  "4:7: Service shop/cart: spec.ports is empty: give at least one port" },
	{ "spec: {clusterIP: 10.96.0.1, ports: {port: 80}}",
	  "4:37: Service shop/cart: spec.ports is a mapping: it must be a list "
	  "(- "
	  "item)" },
	{ "spec: {clusterIP: 10.96.0.1, ports: [80]}",
	  "4:38: Service shop/cart: spec.ports[0] is a number: it must be a "
	  "mapping "
	  "(key: value)" },
	{ "spec: {clusterIP: 10.96.0.256, ports: [{port: 80}]}",
	  "4:19: Service shop/cart: spec.clusterIP \"10.96.0.256\" is not an "
	  "address: "
	  "write one like 192.0.2.1 or 2001:db8::1" },
	{ "spec: {clusterIP: 127.0.0.1, ports: [{port: 80}]}",
	  "4:19: Service shop/cart: spec.clusterIP 127.0.0.1 is loopback and "
	  "cannot be "
	  "used by a Service: choose another address" },
	{ "spec: {clusterIP: 10.96.0.1, clusterIPs: [10.96.0.2], ports: [{port: "
	  "80}]}",
	  "4:19: Service shop/cart: spec.clusterIP differs from "
	  "spec.clusterIPs[0]: "
	  "make them equal" },
	{ "spec: {clusterIPs: [10.96.0.1, 10.96.0.2], ports: [{port: 80}]}",
	  "4:32: Service shop/cart: spec.clusterIPs[1] is of the same family as "
	  "the "
	  "first: give one IPv4 and one IPv6 address" },
	{ "spec: {clusterIP: 10.96.0.1, ipFamilies: [IPv6], ports: [{port: 80}]}",
	  "4:19: Service shop/cart: spec.clusterIP is IPv4, but "
	  "spec.ipFamilies[0] "
	  "says IPv6: make them agree" },
	{ "spec: {externalIPs: [fe80::1], ports: [{port: 80}]}",
	  "4:22: Service shop/cart: spec.externalIPs[0] fe80::1 is link-local "
	  "and "
	  "cannot be used by a Service: choose another address" },
	{ "spec: {externalIPs: [224.0.0.1], ports: [{port: 80}]}",
	  "4:22: Service shop/cart: spec.externalIPs[0] 224.0.0.1 is multicast "
	  "and "
	  "cannot be used by a Service: choose another address" },
	{ "spec: {externalIPs: [~], ports: [{port: 80}]}",
	  "4:21: Service shop/cart: spec.externalIPs[0] \"\" is not an address: "
	  "write one like 192.0.2.1 or 2001:db8::1" },
	{ "spec: {externalIPs: [192.0.2.1], loadBalancerSourceRanges: "
	  "[192.0.2.0/33], "
	  "ports: [{port: 80}]}",
	  "4:61: Service shop/cart: spec.loadBalancerSourceRanges[0] "
	  "\"192.0.2.0/33\" is not an address block: write one like "
	  "192.0.2.0/24" },
	{ "spec: {clusterIP: 10.96.0.1, sessionAffinity: clientip, ports: "
	  "[{port: "
	  "80}]}",
	  "4:47: Service shop/cart: spec.sessionAffinity \"clientip\" is not "
	  "known: "
	  "use None or ClientIP" },
	{ "spec: {clusterIP: 10.96.0.1, sessionAffinityConfig: {clientIP: "
	  "{timeoutSeconds: 0}}, ports: [{port: 80}]}",
	  "4:81: Service shop/cart: "
	  "spec.sessionAffinityConfig.clientIP.timeoutSeconds "
	  "0 is not a time in seconds: use 1 to 86400" },
	{ "spec: {type: Loadbalancer, clusterIP: 10.96.0.1, ports: [{port: 80}]}",
	  "4:14: Service shop/cart: spec.type \"Loadbalancer\" is not known: use "
	  "ClusterIP, NodePort, LoadBalancer or ExternalName" },
	{ "spec: {clusterIP: 10.96.0.1, internalTrafficPolicy: local, ports: "
	  "[{port: "
	  "80}]}",
	  "4:53: Service shop/cart: spec.internalTrafficPolicy \"local\" is not "
	  "known: "
	  "use Cluster or Local" },
	{ "spec: text", "4:7: Service shop/cart: spec is text: it must be a mapping "
			"(key: value)" },
	{ "", "1:1: Service shop/cart: spec is missing: give addresses and ports" },
};

static void service_mistakes_are_told_with_place_and_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(service_mistakes) / sizeof(service_mistakes[0]);
	     i++) {
		char text[1024], line[1024];
		snprintf(text, sizeof(text), "%s%s\n", SERVICE, service_mistakes[i].spec);
		snprintf(line, sizeof(line), "shop.yaml:%s",
			 service_mistakes[i].complaint);
		struct outcome o = outcome_of(text);
		expect_outcome(&o, 0, LINES(line));
		outcome_clear(&o);
	}
}

static void every_mistake_of_an_object_is_told(void **state)
{
	struct outcome o =
	    outcome_of(SERVICE "spec:\n  clusterIP: x\n  ports:\n"
			       "  - port: 0\n    protocol: X\n  a: 1\n  a: 2\n");
	(void)state;
	expect_outcome(
	    &o, 0,
	    LINES("shop.yaml:10:3: Service shop/cart: key \"a\" is given twice "
		  "(first value at line 9): remove one",
		  "shop.yaml:5:14: Service shop/cart: spec.clusterIP \"x\" is not "
		  "an address: write one like 192.0.2.1 or 2001:db8::1",
		  "shop.yaml:8:15: Service shop/cart: spec.ports[0].protocol "
		  "\"X\" is not known: use TCP, UDP or SCTP",
		  "shop.yaml:7:11: Service shop/cart: spec.ports[0].port 0 is not "
		  "a port: use 1 to 65535"));
	outcome_clear(&o);
}

static void a_service_without_address_is_a_warning(void **state)
{
	struct outcome o = outcome_of(SERVICE "spec: {ports: [{port: 80}]}\n");

	(void)state;
	expect_outcome(&o, 1,
		       LINES("shop.yaml:4:7: Service shop/cart: spec has no address to "
			     "serve: give clusterIP, externalIPs or, with type: "
			     "LoadBalancer, loadBalancerIP"));
	assert_int_equal(o.complaints.items[0].level, COMPLAINT_WARNING);
	assert_true(o.objects[0]->service.skip);
	outcome_clear(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(service_is_read_with_all_its_frontends_and_policies),
		cmocka_unit_test(service_defaults_are_those_of_the_api_server),
		cmocka_unit_test(services_that_are_not_proxied_are_marked),
		cmocka_unit_test(service_mistakes_are_told_with_place_and_remedy),
		cmocka_unit_test(every_mistake_of_an_object_is_told),
		cmocka_unit_test(a_service_without_address_is_a_warning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
