// SPDX-License-Identifier: BSD-2-Clause
/*
 * Numbers in every field that is one, and null in every list: as kubectl's reader and the
 * API server have them (the rows were tried on sigs.k8s.io/yaml and the validation of
 * Kubernetes 1.31).
 */
#include "manifest.h"

#define SERVICE                                                                          \
	"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: "        \
	"10.96.0.1, "
#define SLICE                                                                            \
	"{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4, "     \
	"metadata: {name: a, labels: {kubernetes.io/service-name: a}}, "
#define POD "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {"
#define POLICY                                                                           \
	"{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, "  \
	"spec: {"

static uint64_t get_port(const struct object *o)
{
	return o->service.ports[0].port;
}

static uint64_t get_node_port(const struct object *o)
{
	return o->service.ports[0].node_port;
}

static uint64_t get_target_port(const struct object *o)
{
	return o->service.ports[0].target_port;
}

static uint64_t get_timeout(const struct object *o)
{
	return o->service.affinity_timeout_s;
}

static uint64_t get_slice_port(const struct object *o)
{
	return o->slice.ports[0].port;
}

static uint64_t get_container_port(const struct object *o)
{
	return o->pod.ports[0].port;
}

static uint64_t get_policy_port(const struct object *o)
{
	return o->policy.ingress[0].ports[0].first;
}

static uint64_t get_end_port(const struct object *o)
{
	return o->policy.ingress[0].ports[0].last;
}

static const struct {
	const char *field, *before, *after;
	uint64_t (*get)(const struct object *object);
} numbers[] = {
	{ "spec.ports[0].port", SERVICE "ports: [{port: ", "}]}}", get_port },
	{ "spec.ports[0].nodePort", SERVICE "ports: [{port: 1, nodePort: ", "}]}}",
	  get_node_port },
	{ "spec.ports[0].targetPort", SERVICE "ports: [{port: 1, targetPort: ", "}]}}",
	  get_target_port },
	{ "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
	  SERVICE "ports: [{port: 1}], sessionAffinity: ClientIP, sessionAffinityConfig: "
		  "{clientIP: {timeoutSeconds: ",
	  "}}}}", get_timeout },
	{ "ports[0].port", SLICE "ports: [{port: ", "}]}", get_slice_port },
	{ "spec.containers[0].ports[0].containerPort",
	  POD "containers: [{ports: [{name: a, containerPort: ", "}]}]}}",
	  get_container_port },
	{ "spec.ingress[0].ports[0].port", POLICY "ingress: [{ports: [{port: ", "}]}]}}",
	  get_policy_port },
	{ "spec.ingress[0].ports[0].endPort",
	  POLICY "ingress: [{ports: [{port: 1, endPort: ", "}]}]}}", get_end_port },
};

#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static void whole_numbers_may_be_written_as_any(void **state)
{
	static const char *const spellings[] = { "80",	       "80.0",
						 "8e1",	       "8E+1",
						 "8.0e1",      "800e-1",
						 ".8e2",       "80.",
						 "0x50",       "0o120",
						 "!!float 80", "+80.0",
						 "8_0.0",      "79.999999999999999999" };

	(void)state;
	for (size_t i = 0; i < NUMBERS; i++)
		for (size_t j = 0; j < sizeof(spellings) / sizeof(spellings[0]); j++) {
			char text[512];
			snprintf(text, sizeof(text), "%s%s%s", numbers[i].before,
				 spellings[j], numbers[i].after);
			struct outcome o = outcome_of(text);
			if (o.count != 1)
				print_error("%s: %s\n", numbers[i].field, spellings[j]);
			expect_outcome(&o, 1, NULL);
			assert_int_equal(numbers[i].get(o.objects[0]), 80);
			outcome_clear(&o);
		}
}

static void other_numbers_are_refused(void **state)
{
	static const struct {
		const char *spelling, *sentence;
	} rows[] = {
		{ "80.5", "80.5 is not a" },
		{ "80.1", "80.1 is not a" },
		{ "1e-3", "0.001 is not a" },
		{ "-80.0", "-80 is not a" },
		{ "-1", "-1 is not a" },
		{ "1e6", "1000000 is not a" },
		{ "4294967376.0", "4294967376 is not a" }, /* 80 in 32 bits */
		{ "18446744073709551696", "1.84467440737096e+19 is not a" },
		{ "1e19", "1e+19 is not a" },
		{ "1e300", "1e+300 is not a" },
		{ ".nan", "nan is not a" },
		{ ".inf", "inf is not a" },
		{ "-.inf", "-inf is not a" },
	};

	(void)state;
	for (size_t i = 0; i < NUMBERS; i++)
		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
			char text[512], start[512];
			snprintf(text, sizeof(text), "%s%s%s", numbers[i].before,
				 rows[j].spelling, numbers[i].after);
			snprintf(start, sizeof(start), "%s %s", numbers[i].field,
				 rows[j].sentence);
			struct outcome o = outcome_of(text);
			if (o.complaints.count != 1 ||
			    !strstr(o.complaints.items[0].sentence, start))
				print_outcome(&o);
			assert_int_equal(o.count, 0);
			assert_int_equal(o.complaints.count, 1);
			assert_non_null(strstr(o.complaints.items[0].sentence, start));
			outcome_clear(&o);
		}
}

/* The API server reads null as an empty item, and judges that. */
static const struct {
	const char *text, *complaint; /* NULL: none */
} nulls[] = {
	{ SERVICE "ports: [~]}}",
	  "Service default/a: spec.ports[0].port is missing: write port: 80" },
	{ SERVICE "ports: [{port: 1}], clusterIPs: [10.96.0.1, ~]}}",
	  "Service default/a: spec.clusterIPs[1] \"\" is not an address: write "
	  "one "
	  "like 192.0.2.1 or 2001:db8::1" },
	{ SERVICE "ports: [{port: 1}], loadBalancerSourceRanges: [~]}}",
	  "Service default/a: spec.loadBalancerSourceRanges[0] \"\" is not an "
	  "address block: write one like 192.0.2.0/24" },
	{ SERVICE "ports: [{port: 1}]}, status: {loadBalancer: {ingress: [~]}}}", NULL },
	{ SLICE "ports: [~]}",
	  "EndpointSlice default/a: ports[0].port is missing, so the port is left "
	  "out: write port: 80" },
	{ SLICE "endpoints: [~]}",
	  "EndpointSlice default/a: endpoints[0] has no address and is left out: "
	  "give addresses" },
	{ SLICE "endpoints: [{addresses: [10.0.0.1], hints: {forZones: [~], forNodes: "
		"~}}]}",
	  NULL },
	{ SLICE "endpoints: [{addresses: [~]}]}",
	  "EndpointSlice default/a: endpoints[0].addresses[0] \"\" is not an "
	  "address: write one like 192.0.2.1 or 2001:db8::1" },
	{ POD "containers: [~, {ports: [~]}], initContainers: [~]}, status: {podIPs: "
	      "[~]}}",
	  NULL },
	{ "{apiVersion: v1, kind: Node, metadata: {name: a}, spec: {podCIDRs: [~]}}",
	  "Node a: spec.podCIDRs[0] \"\" is not an address block: write one like "
	  "192.0.2.0/24" },
	{ POLICY
	  "podSelector: {matchExpressions: [{key: a, operator: Exists}]}, ingress: "
	  "[~]}}",
	  NULL },
	{ POLICY "egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [~]}}]}]}}",
	  "NetworkPolicy default/a: spec.egress[0].to[0].ipBlock.except[0] \"\" "
	  "is "
	  "not an address block: write one like 192.0.2.0/24" },
	{ "{apiVersion: v1, kind: List, items: [~]}",
	  "items[0] is null: it must be a mapping (key: value)" },
};

static void null_in_a_list_is_an_empty_item(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++) {
		struct outcome o = outcome_of(nulls[i].text);
		bool is_good = !nulls[i].complaint;
		char *line = is_good ? NULL : complaint_print(&o.complaints.items[0]);

		if (o.complaints.count != !is_good)
			print_outcome(&o);
		assert_int_equal(o.complaints.count, !is_good);
		assert_true(!is_good || o.count == 1);
		if (line) {
			assert_string_equal(strstr(line, ": ") + 2, nulls[i].complaint);
			bool is_warning =
			    o.complaints.items[0].level == COMPLAINT_WARNING;
			assert_int_equal(o.count, is_warning);
		}
		free(line);
		outcome_clear(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_may_be_written_as_any),
		cmocka_unit_test(other_numbers_are_refused),
		cmocka_unit_test(null_in_a_list_is_an_empty_item),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
