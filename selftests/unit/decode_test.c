// SPDX-License-Identifier: BSD-2-Clause
/*
 * Objects other than Services, Lists and documents out of text: what is understood, and
 * what each mistake is told.
 */
#include "manifest.h"

#include <netinet/in.h>

#define META(name) "metadata: {name: " name ", namespace: shop}\n"
#define SERVICE	   "apiVersion: v1\nkind: Service\n" META("cart")
#define SLICE                                                                            \
	"apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"                         \
	"metadata: {name: cart-1, namespace: shop, "                                     \
	"labels: {kubernetes.io/service-name: cart}}\n"

static void slice_conditions_have_their_defaults(void **state)
{
	struct outcome o = outcome_of(
	    SLICE
	    "addressType: IPv4\n"
	    "ports:\n"
	    "- {name: http, port: 8080}\n"
	    "- {protocol: UDP, port: 53}\n"
	    "endpoints:\n"
	    "- addresses: [10.180.00.001, 10.9.9.9]\n"
	    "  nodeName: node-a\n"
	    "  targetRef: {kind: Pod, name: cart-x}\n"
	    "  hints: {forZones: [{name: a}, {name: b}], forNodes: [{name: node-a}]}\n"
	    "- addresses: [10.1.1.2]\n"
	    "  conditions: {ready: false, serving: ~, terminating: true}\n"
	    "  targetRef: {kind: Pod, namespace: other, name: cart-y}\n");
	(void)state;
	expect_outcome(&o, 1, NULL);
	const struct endpoint_slice *slice = &o.objects[0]->slice;
	assert_string_equal(slice->service, "cart");
	assert_false(slice->is_v6);
	assert_false(slice->skip);
	assert_int_equal(slice->port_count, 2);
	assert_string_equal(slice->ports[1].name, "");
	assert_int_equal(slice->ports[1].protocol, IPPROTO_UDP);
	assert_int_equal(slice->endpoint_count, 2);
	const struct slice_endpoint *a = &slice->endpoints[0], *b = &slice->endpoints[1];
	char text[ADDR_TEXT];
	assert_string_equal(addr_print(&a->addr, text), "10.180.0.1");
	assert_true(a->ready && a->serving && !a->terminating);
	assert_string_equal(a->node_name, "node-a");
	assert_string_equal(a->target, "shop/cart-x");
	assert_string_equal(a->hints->zones[1], "b");
	assert_null(a->hints->zones[2]);
	assert_string_equal(a->hints->nodes[0], "node-a");
	assert_int_equal(a->weight, 1);
	assert_true(!b->ready && b->serving && b->terminating);
	assert_string_equal(b->target, "other/cart-y");
	assert_null(b->node_name);
	assert_null(b->hints);
	outcome_clear(&o);
}

static void slices_that_are_not_used_are_marked(void **state)
{
	struct outcome o = outcome_of(SLICE "addressType: FQDN\nendpoints:\n"
					    "- addresses: [a.example]\n");
	(void)state;
	expect_outcome(&o, 1, NULL);
	assert_true(o.objects[0]->slice.skip);
	outcome_clear(&o);
	o = outcome_of(
	    "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
	    "metadata: {name: a, labels: {service.kubernetes.io/headless: ''}}\n"
	    "addressType: IPv6\n");
	expect_outcome(&o, 1, NULL);
	assert_true(o.objects[0]->slice.skip);
	outcome_clear(&o);
	o = outcome_of("apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
		       "metadata: {name: a}\naddressType: IPv6\n");
	expect_outcome(
	    &o, 1,
	    LINES("shop.yaml:3:11: EndpointSlice default/a: metadata has no label "
		  "kubernetes.io/service-name, so the slice is not used: add it "
		  "with the name of the Service"));
	assert_null(o.objects[0]->slice.service);
	outcome_clear(&o);
}

static const struct {
	const char *rest; /* from line 4 on */
	size_t objects;
	const char *complaint;
} slice_mistakes[] = {
	{ "endpoints: []", 0,
	  "1:1: EndpointSlice shop/cart-1: addressType is missing: write IPv4 or "
	  "IPv6" },
	{ "addressType: ipv4", 0,
	  "4:14: EndpointSlice shop/cart-1: addressType \"ipv4\" is not known: "
	  "use "
	  "IPv4, IPv6 or FQDN" },
	{ "addressType: IPv6\nendpoints: [{addresses: [10.0.0.1]}]", 0,
	  "5:26: EndpointSlice shop/cart-1: endpoints[0].addresses[0] is an IPv4 "
	  "address, but addressType is IPv6: make them agree" },
	{ "addressType: IPv4\nendpoints: [{addresses: [0.0.0.0]}]", 0,
	  "5:26: EndpointSlice shop/cart-1: endpoints[0].addresses[0] 0.0.0.0 is "
	  "of "
	  "this network and cannot be used by an endpoint: choose another "
	  "address" },
	{ "addressType: IPv4\nendpoints: [{addresses: []}]", 1,
	  "5:13: EndpointSlice shop/cart-1: endpoints[0] has no address and is "
	  "left "
	  "out: give addresses" },
	{ "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], conditions: "
	  "{ready: "
	  "'yes'}}]",
	  0,
	  "5:57: EndpointSlice shop/cart-1: endpoints[0].conditions.ready is "
	  "text: "
	  "write true or false, without quotes" },
	{ "addressType: IPv4\nports: [{name: a}]", 1,
	  "5:9: EndpointSlice shop/cart-1: ports[0].port is missing, so the port "
	  "is "
	  "left out: write port: 80" },
	{ "addressType: IPv4\nports: [{name: a, port: 1}, {name: a, port: 2}]", 0,
	  "5:29: EndpointSlice shop/cart-1: ports[1] has the name \"a\" of an "
	  "earlier "
	  "port: give it another" },
};

static void slice_mistakes_are_told_with_place_and_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(slice_mistakes) / sizeof(slice_mistakes[0]); i++) {
		char text[1024], line[1024];
		snprintf(text, sizeof(text), "%s%s\n", SLICE, slice_mistakes[i].rest);
		snprintf(line, sizeof(line), "shop.yaml:%s", slice_mistakes[i].complaint);
		struct outcome o = outcome_of(text);
		expect_outcome(&o, slice_mistakes[i].objects, LINES(line));
		outcome_clear(&o);
	}
}

static void pods_nodes_and_namespaces_are_read(void **state)
{
	struct outcome o = outcome_of("apiVersion: v1\nkind: Pod\n" META(
	    "cart-x") "spec: {nodeName: node-a, hostNetwork: no, containers: [{name: "
		      "web}]}\n"
		      "status: {phase: Running, podIP: 10.1.0.5, podIPs: [{ip: "
		      "10.1.0.5}, "
		      "{ip: 'fd00::5'}]}\n---\n"
		      "apiVersion: v1\nkind: Pod\n" META(
			  "done") "status: {phase: Succeeded}\n---\n"
				  "apiVersion: v1\nkind: Node\nmetadata: {name: node-a, "
				  "labels: "
				  "{topology.kubernetes.io/zone: z1}}\n"
				  "spec: {podCIDR: 10.1.0.0/24, podCIDRs: [10.1.0.0/24, "
				  "'fd00:1::/64']}\n"
				  "status: {addresses: [{type: Hostname, address: "
				  "node-a}, {type: ExternalIP, "
				  "address: 192.0.2.5}, {type: InternalIP, address: "
				  "172.16.0.1}]}\n---\n"
				  "apiVersion: v1\nkind: Namespace\nmetadata: {name: "
				  "shop, labels: {b: '1', a: "
				  "'2'}}\n");
	(void)state;
	expect_outcome(&o, 4, NULL);
	const struct pod *pod = &o.objects[0]->pod;
	expect_addrs(&pod->ips, LINES("10.1.0.5", "fd00::5"));
	assert_string_equal(pod->node_name, "node-a");
	assert_false(pod->host_network);
	assert_false(pod->terminated);
	assert_true(o.objects[1]->pod.terminated);
	const struct node *node = &o.objects[2]->node;
	expect_addrs(&node->addrs, LINES("172.16.0.1", "192.0.2.5"));
	assert_int_equal(node->pod_cidrs.count, 2);
	assert_string_equal(node->zone, "z1");
	assert_string_equal(o.objects[2]->namespace, "");
	assert_int_equal(o.objects[3]->kind, OBJECT_NAMESPACE);
	assert_string_equal(o.objects[3]->labels[0].key, "a");
	assert_string_equal(o.objects[3]->labels[0].value, "2");
	outcome_clear(&o);
}

static void list_items_stand_for_themselves(void **state)
{
	struct outcome o =
	    outcome_of("apiVersion: v1\nkind: List\nitems:\n"
		       "- apiVersion: v1\n"
		       "  kind: Namespace\n"
		       "  metadata: {name: a}\n"
		       "- apiVersion: v1\n"
		       "  kind: Namespace\n"
		       "  metadata: {name: B}\n"
		       "- apiVersion: v1\n"
		       "  kind: Namespace\n"
		       "  metadata: {name: c, name: d}\n"
		       "- null\n"
		       "- {apiVersion: v1, kind: List, items: [{apiVersion: v1, "
		       "kind: Namespace, metadata: {name: e}}]}\n");
	(void)state;
	expect_outcome(
	    &o, 2,
	    LINES(
		"shop.yaml:9:20: Namespace: metadata.name \"B\" is not allowed: use at "
		"most 63 lower-case letters, digits and -, a letter or digit at both "
		"ends",
		"shop.yaml:12:23: Namespace c: key \"name\" is given twice (first value "
		"at line 12): remove one",
		"shop.yaml:4:1: items[3] is null: it must be a mapping (key: value)"));
	assert_string_equal(o.objects[0]->name, "a");
	assert_int_equal(o.objects[0]->place.line, 4);
	assert_int_equal(o.objects[0]->place.column, 3);
	assert_string_equal(o.objects[1]->name, "e");
	outcome_clear(&o);

	o = outcome_of("apiVersion: v1\nkind: NamespaceList\nitems: [{metadata: {name: "
		       "a}}, {metadata: {name: b}}]\n");
	expect_outcome(&o, 2, NULL);
	outcome_clear(&o);
}

static void json_is_read_like_yaml(void **state)
{
	struct outcome o =
	    outcome_of("{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Service\",\n"
		       "\t\"metadata\": {\"name\": \"cart\"},\n"
		       "  \"spec\": {\"clusterIP\": \"10.96.0.1\",\n"
		       "    \"ports\": [{\"port\": 0}]}\n}\n");
	(void)state;
	expect_outcome(
	    &o, 0,
	    LINES("shop.yaml:6:24: Service default/cart: spec.ports[0].port 0 is "
		  "not a port: use 1 to 65535"));
	outcome_clear(&o);
}

static void kind_in_another_case_is_named(void **state)
{
	struct outcome o = outcome_of("apiVersion: v1\nkind: service\n" META("a"));

	(void)state;
	expect_outcome(&o, 0,
		       LINES("shop.yaml:2:7: kind is not spelled right: write Service"));
	outcome_clear(&o);
}

static void other_kinds_are_named_and_ignored(void **state)
{
	struct outcome o = outcome_of("apiVersion: v1\nkind: ConfigMap\n" META(
	    "a") "---\napiVersion: serving.knative.dev/v1\n"
		 "kind: Service\n" META("b"));
	(void)state;
	expect_outcome(
	    &o, 0,
	    LINES("shop.yaml:2:7: kind ConfigMap (v1) is not read by Headgate and "
		  "is ignored: remove it if that is not meant",
		  "shop.yaml:6:7: kind Service (serving.knative.dev/v1) is not "
		  "read by Headgate and is ignored: remove it if that is not "
		  "meant"));
	assert_int_equal(o.complaints.items[0].level, COMPLAINT_WARNING);
	assert_int_equal(o.complaints.items[1].level, COMPLAINT_WARNING);
	outcome_clear(&o);
}

static const struct {
	const char *text, *complaint;
} headings[] = {
	{ "just text", "1:1: is text: it must be a mapping (key: value)" },
	{ "kind: Service", "1:1: apiVersion is missing: write apiVersion: v1" },
	{ "apiVersion: v1", "1:1: kind is missing: write kind: Service" },
	{ "apiVersion: 1\nkind: Service", "1:13: apiVersion is a number: it must "
					  "be text, put it in quotes if it is "
					  "meant so" },
	{ "apiVersion: discovery.k8s.io/v1beta1\nkind: EndpointSlice\nmetadata: {name: "
	  "a}",
	  "1:13: EndpointSlice default/a: apiVersion is not a version that is read: use "
	  "discovery.k8s.io/v1" },
	{ "apiVersion: v2\nkind: Service\nmetadata: {name: a}",
	  "1:13: Service default/a: apiVersion is not a version that is read: use v1" },
	{ "apiVersion: v1\nkind: Namespace\nmetadata: {}",
	  "3:11: Namespace: metadata.name is missing: give the object a name" },
	{ "apiVersion: v1\nkind: Namespace",
	  "1:1: Namespace: metadata.name is missing: give the object a name" },
	{ "apiVersion: v1\nkind: Namespace\nmetadata: {name: 8}",
	  "3:18: Namespace: metadata.name is a number: it must be text, put it "
	  "in "
	  "quotes if it is meant so" },
	{ "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {b: "
	  "true}}",
	  "3:33: Namespace a: metadata.labels.b is a boolean: it must be text, "
	  "put "
	  "it in quotes if it is meant so" },
	{ "apiVersion: v1\nkind: List\nitems: 1",
	  "3:8: List: items is a number: it must be a list (- item)" },
};

static void headings_must_be_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++) {
		char line[512];
		snprintf(line, sizeof(line), "shop.yaml:%s", headings[i].complaint);
		struct outcome o = outcome_of(headings[i].text);
		expect_outcome(&o, 0, LINES(line));
		outcome_clear(&o);
	}
}

static void users_text_is_cut_and_cleaned_in_sentences(void **state)
{
	struct outcome o = outcome_of(
	    SERVICE "spec: {clusterIP: \"\\e[2J"
		    "äääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää\", "
		    "ports: [{port: 80}]}\n");
	(void)state;
	assert_int_equal(o.complaints.count, 1);
	const char *sentence = o.complaints.items[0].sentence;
	assert_null(strchr(sentence, '\x1b'));
	assert_non_null(strstr(sentence, "ä…\" is not an address"));
	assert_true(strlen(sentence) < 200);
	outcome_clear(&o);
}

static int stop(void *context, struct object *object)
{
	(void)context;
	object_free(object);
	return 7;
}

static void reading_ends_when_the_visitor_says_so(void **state)
{
	const char *text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n[";
	struct complaints complaints = { 0 };

	(void)state;
	assert_int_equal(
	    manifest_read(text, strlen(text), "a.yaml", stop, NULL, &complaints), 7);
	assert_int_equal(complaints.count, 0);
	complaints_clear(&complaints);
}

static void old_policies_are_told_by_name(void **state)
{
	struct outcome o;

	(void)state;
	static const char *const versions[] = { "networking.k8s.io/v1beta1",
						"extensions/v1beta1" };
	for (int i = 0; i < 2; i++) {
		char text[200];

		snprintf(text, sizeof(text),
			 "apiVersion: %s\nkind: NetworkPolicy\nmetadata: {name: old}\n"
			 "spec: {podSelector: {}}\n",
			 versions[i]);
		o = outcome_of(text);
		expect_outcome(&o, 0,
			       LINES("shop.yaml:1:13: NetworkPolicy default/old: "
				     "apiVersion is not a version that is read: use "
				     "networking.k8s.io/v1"));
		outcome_clear(&o);
	}
	/* Another project's kind of the same name is none of ours. */
	o = outcome_of("apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\n"
		       "metadata: {name: a}\n");
	assert_int_equal(o.complaints.count, 1);
	assert_int_equal(o.complaints.items[0].level, COMPLAINT_WARNING);
	outcome_clear(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_policies_are_told_by_name),
		cmocka_unit_test(slice_conditions_have_their_defaults),
		cmocka_unit_test(slices_that_are_not_used_are_marked),
		cmocka_unit_test(slice_mistakes_are_told_with_place_and_remedy),
		cmocka_unit_test(pods_nodes_and_namespaces_are_read),
		cmocka_unit_test(list_items_stand_for_themselves),
		cmocka_unit_test(json_is_read_like_yaml),
		cmocka_unit_test(kind_in_another_case_is_named),
		cmocka_unit_test(other_kinds_are_named_and_ignored),
		cmocka_unit_test(headings_must_be_complete),
		cmocka_unit_test(users_text_is_cut_and_cleaned_in_sentences),
		cmocka_unit_test(reading_ends_when_the_visitor_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
