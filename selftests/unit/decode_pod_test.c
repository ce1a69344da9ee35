// SPDX-License-Identifier: BSD-2-Clause
/* What policies need of Pods and Namespaces: named ports and labels. */
#include "manifest.h"

#define PORT_RULE                                                                        \
	"use at most 15 lower-case letters, digits and single -, at least one letter, "  \
	"no - at its ends"

static void pods_keep_their_named_ports_and_labels(void **state)
{
	struct outcome o = outcome_of(
	    "apiVersion: v1\nkind: Pod\n"
	    "metadata: {name: a, labels: {app: cart, empty: ~}}\n"
	    "spec: {containers: [{ports: [{name: http, containerPort: 80}, "
	    "{containerPort: 81}]}, {}, {ports: [{name: http, containerPort: 53, "
	    "protocol: UDP}]}], initContainers: [{ports: [{name: i, containerPort: "
	    "9}]}]}\n");

	(void)state;
	expect_outcome(&o, 1, NULL);
	const struct object *object = o.objects[0];
	assert_int_equal(object->pod.port_count, 2);
	assert_string_equal(object->pod.ports[0].name, "http");
	assert_int_equal(object->pod.ports[0].port, 80);
	assert_string_equal(protocol_print(object->pod.ports[0].protocol), "TCP");
	assert_int_equal(object->pod.ports[1].port, 53);
	assert_string_equal(protocol_print(object->pod.ports[1].protocol), "UDP");
	assert_int_equal(object->label_count, 2);
	assert_string_equal(object->labels[1].key, "empty");
	assert_string_equal(object->labels[1].value, "");
	outcome_clear(&o);

	o = outcome_of("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
		       "spec: {containers: [{ports: [{name: '8', containerPort: 70000}, "
		       "{name: x}]}]}\n");
	expect_outcome(
	    &o, 0,
	    LINES("shop.yaml:4:37: Pod default/a: spec.containers[0].ports[0].name \"8\" "
		  "is not a port's name: " PORT_RULE,
		  "shop.yaml:4:57: Pod default/a: "
		  "spec.containers[0].ports[0].containerPort 70000 is not a port: use 1 "
		  "to 65535",
		  "shop.yaml:4:65: Pod default/a: "
		  "spec.containers[0].ports[1].containerPort is missing: write "
		  "containerPort: 80"));
	outcome_clear(&o);
}

/* KEP-753: as Services and policies find them, behind those of the containers. */
static void sidecars_have_ports_like_containers(void **state)
{
	struct outcome o = outcome_of(
	    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
	    "spec:\n"
	    "  initContainers:\n"
	    "  - {name: setup, ports: [{name: setup, containerPort: 1}]}\n"
	    "  - {name: mesh, restartPolicy: Always, ports: [{name: metrics, "
	    "containerPort: 15090}, {name: dns, containerPort: 53, protocol: UDP}]}\n"
	    "  - {name: once, restartPolicy: OnFailure, ports: [{name: once, "
	    "containerPort: 2}]}\n"
	    "  - {name: none, restartPolicy: ~, ports: [{name: none, containerPort: "
	    "3}]}\n"
	    "  - {name: bare, restartPolicy: Always}\n"
	    "  containers:\n"
	    "  - {name: web, ports: [{name: metrics, containerPort: 9090}]}\n"
	    "  ephemeralContainers:\n"
	    "  - {name: debug, restartPolicy: Always, ports: [{name: debug, "
	    "containerPort: 4}]}\n");
	static const struct {
		const char *name, *protocol;
		unsigned port;
	} ports[] = { { "metrics", "TCP", 9090 },
		      { "metrics", "TCP", 15090 },
		      { "dns", "UDP", 53 } };

	(void)state;
	expect_outcome(&o, 1, NULL);
	const struct pod *pod = &o.objects[0]->pod;
	assert_int_equal(pod->port_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(pod->ports[i].name, ports[i].name);
		assert_string_equal(protocol_print(pod->ports[i].protocol),
				    ports[i].protocol);
		assert_int_equal(pod->ports[i].port, ports[i].port);
	}
	outcome_clear(&o);
}

static void mistakes_in_sidecars_are_told(void **state)
{
	struct outcome o = outcome_of(
	    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
	    "spec: {initContainers: [{restartPolicy: Always, ports: [{name: a, "
	    "containerPort: 0}]}, {restartPolicy: true}]}\n");

	(void)state;
	expect_outcome(
	    &o, 0,
	    LINES("shop.yaml:4:82: Pod default/a: "
		  "spec.initContainers[0].ports[0].containerPort 0 is not a port: use 1 "
		  "to 65535",
		  "shop.yaml:4:104: Pod default/a: spec.initContainers[1].restartPolicy "
		  "is a boolean: it must be text, put it in quotes if it is meant so"));
	outcome_clear(&o);
}

static void a_container_names_its_ports_apart(void **state)
{
	struct outcome o = outcome_of(
	    "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
	    "spec: {containers: [{ports: [{name: a, containerPort: 1}]}, {ports: [{name: "
	    "a, containerPort: 2}, {name: a, containerPort: 3, protocol: UDP}]}]}\n");

	(void)state;
	expect_outcome(&o, 0,
		       LINES("shop.yaml:4:99: Pod default/a: spec.containers[1].ports[1] "
			     "has the name \"a\" of an earlier port of the container: "
			     "give it another"));
	outcome_clear(&o);
}

static void namespaces_carry_their_name_as_a_label(void **state)
{
	struct outcome o = outcome_of(
	    "apiVersion: v1\nkind: NamespaceList\nitems:\n"
	    "- metadata: {name: x}\n"
	    "- metadata: {name: w, labels: {z: '1', a: '2', kubernetes.io/metadata.name: "
	    "w}}\n"
	    "- metadata: {name: z, labels: {kubernetes.io/metadata.name: w}}\n");

	(void)state;
	expect_outcome(
	    &o, 2,
	    LINES("shop.yaml:6:61: Namespace z: "
		  "metadata.labels.kubernetes.io/metadata.name is not the name of the "
		  "Namespace: write z or remove the label"));
	assert_int_equal(o.objects[0]->label_count, 1);
	assert_string_equal(o.objects[0]->labels[0].value, "x");
	assert_int_equal(o.objects[1]->label_count, 3);
	assert_string_equal(o.objects[1]->labels[1].key, "kubernetes.io/metadata.name");
	outcome_clear(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pods_keep_their_named_ports_and_labels),
		cmocka_unit_test(sidecars_have_ports_like_containers),
		cmocka_unit_test(mistakes_in_sidecars_are_told),
		cmocka_unit_test(a_container_names_its_ports_apart),
		cmocka_unit_test(namespaces_carry_their_name_as_a_label),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
