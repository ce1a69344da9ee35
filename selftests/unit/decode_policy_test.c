// SPDX-License-Identifier: BSD-2-Clause
/*
 * NetworkPolicies out of text: what each says, in one line, and what each mistake is told.
 * Numbers in the rows' names are those of the reference of policy semantics.
 */
#include "manifest.h"

#define HEAD                                                                             \
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"                        \
	"metadata: {name: np, namespace: shop}\n"

static void print_selector(FILE *out, const struct label_selector *selector)
{
	static const char *const words[] = { " in", " notin", "", "" };

	for (size_t i = 0; i < selector->count; i++) {
		const struct label_requirement *r = &selector->requirements[i];
		fprintf(out, "%s%s%s%s", i ? "; " : "",
			r->op == LABEL_DOES_NOT_EXIST ? "!" : "", r->key, words[r->op]);
		for (char **value = r->values; value && *value; value++)
			fprintf(out, " '%s'", *value);
	}
}

static void print_block(FILE *out, const struct ip_block *block)
{
	char text[ADDR_TEXT];

	fputs(cidr_print(&block->block, text), out);
	for (size_t i = 0; i < block->except.count; i++)
		fprintf(out, " - %s", cidr_print(&block->except.items[i], text));
}

static void print_peer(FILE *out, const struct policy_peer *peer)
{
	if (peer->has_pods) {
		fputs("pods[", out);
		print_selector(out, &peer->pods);
		fputs("]", out);
	}
	if (peer->has_namespaces) {
		fputs("spaces[", out);
		print_selector(out, &peer->namespaces);
		fputs("]", out);
	}
	if (!peer->has_pods && !peer->has_namespaces)
		print_block(out, &peer->block);
}

static void print_rules(FILE *out, const char *peers,
			const struct policy_spec_rule *rules, size_t count)
{
	for (const struct policy_spec_rule *rule = rules; count; rule++, count--) {
		fputs(" {", out);
		for (size_t i = 0; i < rule->peer_count; i++) {
			fprintf(out, "%s", i ? ", " : peers);
			print_peer(out, &rule->peers[i]);
		}
		for (size_t i = 0; i < rule->port_count; i++) {
			const struct policy_port *port = &rule->ports[i];
			fprintf(out, "%s%s %s", i ? ", " : " on ",
				protocol_print(port->protocol),
				port->name ? port->name : "");
			if (!port->name)
				fprintf(out, "%u-%u", port->first, port->last);
		}
		fputs("}", out);
	}
}

/* "pods[…] in {from … on …} out {to … on …} audit" in a new string. */
static char *print_policy(const struct network_policy *policy)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	fputs("pods[", out);
	print_selector(out, &policy->subjects);
	fputs("]", out);
	fputs(policy->has_ingress ? " in" : "", out);
	print_rules(out, "from ", policy->ingress, policy->ingress_count);
	fputs(policy->has_egress ? " out" : "", out);
	print_rules(out, "to ", policy->egress, policy->egress_count);
	fputs(policy->audit ? " audit" : "", out);
	fputs(policy->refused ? " refused" : "", out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static const struct {
	const char *promise, *spec, *policy;
} meanings[] = {
	{ "1: no podSelector selects all pods", "{}", "pods[] in" },
	{ "1: an empty one too", "{podSelector: {}}", "pods[] in" },
	{ "32: a whole number may be written as another one",
	  "{ingress: [{ports: [{port: 80.0, endPort: 8.1e1}, {port: 8e1}, {port: "
	  "!!float 80}]}]}",
	  "pods[] in { on TCP 80-81, TCP 80-80, TCP 80-80}" },
	{ "1: null is absent", "{podSelector: ~, policyTypes: ~, ingress: ~}",
	  "pods[] in" },
	{ "3: without types it is ingress", "{egress: []}", "pods[] in" },
	{ "3: and egress, when it has rules for it", "{egress: [{}]}",
	  "pods[] in out {}" },
	{ "3: empty types are none", "{policyTypes: [], egress: [{}]}",
	  "pods[] in out {}" },
	{ "2: types are independent", "{policyTypes: [Egress]}", "pods[] out" },
	{ "5: a type may be named twice", "{policyTypes: [Ingress, Ingress]}",
	  "pods[] in" },
	{ "9: no rule allows nothing", "{policyTypes: [Ingress], ingress: []}",
	  "pods[] in" },
	{ "9: an empty rule allows everything", "{ingress: [{}]}", "pods[] in {}" },
	{ "9: null in a list is an empty item", "{ingress: [~], egress: [null]}",
	  "pods[] in {} out {}" },
	{ "9: of ports it is all of TCP", "{ingress: [{ports: [~]}]}",
	  "pods[] in { on TCP 0-65535}" },
	{ "21: of values it is the empty one",
	  "{podSelector: {matchExpressions: [{key: a, operator: In, values: [~, b]}]}}",
	  "pods[a in '' 'b'] in" },
	{ "12: empty peers and ports are all of them",
	  "{ingress: [{from: [], ports: []}]}", "pods[] in {}" },
	{ "14: peers are kept apart",
	  "{ingress: [{from: [{podSelector: {matchLabels: {a: b}}}, {namespaceSelector: "
	  "{}}, {podSelector: {}, namespaceSelector: {matchLabels: {c: d}}}]}]}",
	  "pods[] in {from pods[a in 'b'], spaces[], pods[]spaces[c in 'd']}" },
	{ "19, 21: requirements have one order",
	  "{podSelector: {matchLabels: {z: '', b.c/a: x}, matchExpressions: [{key: b, "
	  "operator: NotIn, values: [v, u, '']}, {key: a, operator: Exists}, {key: a, "
	  "operator: DoesNotExist, values: []}]}}",
	  "pods[a; !a; b notin '' 'u' 'v'; b.c/a in 'x'; z in ''] in" },
	{ "21: null is the empty value", "{podSelector: {matchLabels: {a: ~}}}",
	  "pods[a in ''] in" },
	{ "24: blocks of both families with parts left out",
	  "{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, "
	  "10.2.3.4/32]}}, {ipBlock: {cidr: 'fd00::/8', except: ['fd00::/9']}}]}]}",
	  "pods[] in out {to 10.0.0.0/8 - 10.1.0.0/16 - 10.2.3.4/32, fd00::/8 - "
	  "fd00::/9}" },
	{ "25: host bits are masked",
	  "{ingress: [{from: [{ipBlock: {cidr: 10.244.1.7/4, except: [10.1.2.3/16]}}]}]}",
	  "pods[] in {from 0.0.0.0/4 - 10.1.0.0/16}" },
	{ "29: everything of a family",
	  "{ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: "
	  "'::/0'}}]}]}",
	  "pods[] in {from 0.0.0.0/0, ::/0}" },
	{ "30: the protocol is TCP when absent", "{ingress: [{ports: [{port: 80}]}]}",
	  "pods[] in { on TCP 80-80}" },
	{ "31: without port all of the protocol",
	  "{ingress: [{ports: [{}, {protocol: UDP}, {protocol: SCTP}]}]}",
	  "pods[] in { on TCP 0-65535, UDP 0-65535, SCTP 0-65535}" },
	{ "33: ranges include both ends",
	  "{ingress: [{ports: [{port: 1, endPort: 65535}, {port: 5, endPort: 5}]}]}",
	  "pods[] in { on TCP 1-65535, TCP 5-5}" },
	{ "34: named ports",
	  "{egress: [{ports: [{port: http, protocol: UDP}, {port: 0-9-a-2-3-4-5-6}]}]}",
	  "pods[] in out { on UDP http, TCP 0-9-a-2-3-4-5-6}" },
};

static void policies_mean_what_they_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		char text[1024];
		snprintf(text, sizeof(text), HEAD "spec: %s\n", meanings[i].spec);
		struct outcome o = outcome_of(text);
		expect_outcome(&o, 1, NULL);
		char *policy = print_policy(&o.objects[0]->policy);
		if (strcmp(policy, meanings[i].policy) != 0)
			print_error("  %s\n", meanings[i].promise);
		assert_string_equal(policy, meanings[i].policy);
		free(policy);
		outcome_clear(&o);
	}
}

static void only_policies_that_say_the_same_are_equal(void **state)
{
	enum { COUNT = sizeof(meanings) / sizeof(meanings[0]) };
	struct outcome o[COUNT];

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		char text[1024];
		snprintf(text, sizeof(text), HEAD "spec: %s\n", meanings[i].spec);
		o[i] = outcome_of(text);
	}
	for (size_t i = 0; i < COUNT * COUNT; i++) {
		const char *a = meanings[i / COUNT].policy,
			   *b = meanings[i % COUNT].policy;
		bool equal =
		    object_equal(o[i / COUNT].objects[0], o[i % COUNT].objects[0]);
		if (equal != (strcmp(a, b) == 0))
			print_error("  %s\n  %s\n", a, b);
		assert_int_equal(equal, strcmp(a, b) == 0);
	}
	for (size_t i = 0; i < COUNT; i++)
		outcome_clear(&o[i]);
}

#define PORT_RULE                                                                        \
	"use at most 15 lower-case letters, digits and single -, at least one letter, "  \
	"no - at its ends"
#define VALUE_RULE                                                                       \
	"use at most 63 letters, digits, -, _ and ., a letter or digit at both ends"
#define KEY_RULE VALUE_RULE ", with a domain and / in front of it if need be"

#define CIDR	   "egress[0].to[0].ipBlock.cidr"
#define EXCEPT	   "egress[0].to[0].ipBlock.except[0]"
#define PORT	   "ingress[0].ports[0]."
#define EXPRESSION "podSelector.matchExpressions[0]."

struct mistake {
	const char *spec;
	const char *place, *path; /* where it is told */
	const char *sentence;
};
static const struct mistake mistakes[] = {
	{ "{policyTypes: [Ingress, Egress, Ingress]}", "4:21", "policyTypes",
	  "has 3 items: use at most 2" },
	{ "{policyTypes: [Ingres]}", "4:22", "policyTypes[0]",
	  "\"Ingres\" is not known: use Ingress or Egress" },
	{ "{podSelector: []}", "4:21", "podSelector",
	  "is a list: it must be a mapping (key: value)" },
	{ "{ingress: {}}", "4:17", "ingress",
	  "is a mapping: it must be a list (- item)" },
	{ "{ingress: [1]}", "4:18", "ingress[0]",
	  "is a number: it must be a mapping (key: value)" },
	{ "{ingress: [{from: [~]}]}", "4:25", "ingress[0].from[0]",
	  "is empty: give podSelector, namespaceSelector or ipBlock" },
	{ "{policyTypes: [~]}", "4:21", "policyTypes[0]",
	  "\"\" is not known: use Ingress or Egress" },
	{ "{ingress: [{from: [{}]}]}", "4:26", "ingress[0].from[0]",
	  "is empty: give podSelector, namespaceSelector or ipBlock" },
	{ "{egress: [{to: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]}]}", "4:50",
	  "egress[0].to[0].ipBlock",
	  "has no place beside a selector: make it an item of its own" },
	{ "{egress: [{to: [{ipBlock: {}}]}]}", "4:33", CIDR,
	  "is missing: write one like 192.0.2.0/24" },
	{ "{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/33}}]}]}", "4:40", CIDR,
	  "\"10.0.0.0/33\" is not an address block: write one like 192.0.2.0/24" },
	{ "{egress: [{to: [{ipBlock: {cidr: 10.0.0.1}}]}]}", "4:40", CIDR,
	  "\"10.0.0.1\" is an address without the length of its prefix: write "
	  "10.0.0.1/32" },
	{ "{egress: [{to: [{ipBlock: {cidr: '::ffff:10.0.0.0/104'}}]}]}", "4:40", CIDR,
	  "\"::ffff:10.0.0.0/104\" is an IPv4 block in IPv6 notation: write 10.0.0.0/8" },
	{ "{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.9.9.9/8]}}]}]}",
	  "4:61", EXCEPT,
	  "10.0.0.0/8 is not a smaller block within 10.0.0.0/8: use a part of it, or "
	  "remove this one" },
	{ "{egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}]}",
	  "4:61", EXCEPT,
	  "11.0.0.0/16 is not a smaller block within 10.0.0.0/8: use a part of it, or "
	  "remove this one" },
	{ "{egress: [{to: [{ipBlock: {cidr: '::/0', except: [10.0.0.0/8]}}]}]}", "4:57",
	  EXCEPT,
	  "10.0.0.0/8 is not a smaller block within ::/0: use a part of it, or remove "
	  "this one" },
	{ "{ingress: [{ports: [{protocol: ICMP}]}]}", "4:38", PORT "protocol",
	  "\"ICMP\" is not known: use TCP, UDP or SCTP" },
	{ "{ingress: [{ports: [{port: 0}]}]}", "4:34", PORT "port",
	  "0 is not a port: use 1 to 65535" },
	{ "{ingress: [{ports: [{port: '80'}]}]}", "4:34", PORT "port",
	  "\"80\" is a number in quotes: remove the quotes" },
	{ "{ingress: [{ports: [{port: sixteen-letters-}]}]}", "4:34", PORT "port",
	  "\"sixteen-letters-\" is not a port's name: " PORT_RULE },
	{ "{ingress: [{ports: [{port: a--b}]}]}", "4:34", PORT "port",
	  "\"a--b\" is not a port's name: " PORT_RULE },
	{ "{ingress: [{ports: [{endPort: 90}]}]}", "4:37", PORT "endPort",
	  "needs a number as port: write port, the first of the range" },
	{ "{ingress: [{ports: [{port: http, endPort: 90}]}]}", "4:49", PORT "endPort",
	  "needs a number as port: use one there, or remove endPort" },
	{ "{ingress: [{ports: [{port: 80, endPort: 79}]}]}", "4:47", PORT "endPort",
	  "79 is less than port 80: write the last of the range" },
	{ "{ingress: [{ports: [{port: 80, endPort: 65536}]}]}", "4:47", PORT "endPort",
	  "65536 is not a port: use 1 to 65535" },
	{ "{podSelector: {matchLabels: {-a: b}}}", "4:40", "podSelector.matchLabels.-a",
	  "\"-a\" is not the key of a label: " KEY_RULE },
	{ "{podSelector: {matchLabels: {A.b/c: b}}}", "4:43",
	  "podSelector.matchLabels.A.b/c",
	  "\"A.b/c\" is not the key of a label: " KEY_RULE },
	{ "{podSelector: {matchLabels: {a: b c}}}", "4:39", "podSelector.matchLabels.a",
	  "\"b c\" is not the value of a label: " VALUE_RULE },
	{ "{podSelector: {matchLabels: {a: 1}}}", "4:39", "podSelector.matchLabels.a",
	  "is a number: it must be text, put it in quotes if it is meant so" },
	{ "{podSelector: {matchExpressions: [{operator: Exists}]}}", "4:41",
	  EXPRESSION "key", "is missing: name a label" },
	{ "{podSelector: {matchExpressions: [{key: a}]}}", "4:41", EXPRESSION "operator",
	  "is missing: write In, NotIn, Exists or DoesNotExist" },
	{ "{podSelector: {matchExpressions: [{key: a, operator: Gt, values: ['1']}]}}",
	  "4:60", EXPRESSION "operator",
	  "\"Gt\" is not known: use In, NotIn, Exists or DoesNotExist" },
	{ "{podSelector: {matchExpressions: [{key: a, operator: In}]}}", "4:41",
	  EXPRESSION "values", "is missing: In needs at least one value" },
	{ "{podSelector: {matchExpressions: [{key: a, operator: NotIn, values: []}]}}",
	  "4:75", EXPRESSION "values", "is empty: NotIn needs at least one value" },
	{ "{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}",
	  "4:76", EXPRESSION "values", "has no place beside Exists: remove it" },
};

static void expect_complaint(const struct mistake *mistake, size_t objects)
{
	char text[1024], line[1024];

	snprintf(text, sizeof(text), HEAD "spec: %s\n", mistake->spec);
	snprintf(line, sizeof(line), "shop.yaml:%s: NetworkPolicy shop/np: spec%s%s %s",
		 mistake->place, *mistake->path ? "." : "", mistake->path,
		 mistake->sentence);
	struct outcome o = outcome_of(text);
	expect_outcome(&o, objects, LINES(line));
	outcome_clear(&o);
}

static void mistakes_are_told_with_place_and_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
		expect_complaint(&mistakes[i], 0);
}

#define UNKNOWN "is not a field that is known here and is ignored: correct or remove it"

static const struct mistake doubts[] = {
	{ "{podselector: {}}", "4:21", "podselector", UNKNOWN },
	{ "{ingress: [{form: []}]}", "4:25", "ingress[0].form", UNKNOWN },
	{ "{ingress: [{ports: [{ports: 80}]}]}", "4:35", PORT "ports", UNKNOWN },
	{ "{ingress: [{from: [{podSelector: {}, ipblock: {}}]}]}", "4:53",
	  "ingress[0].from[0].ipblock", UNKNOWN },
	{ "{policyTypes: [Egress], ingress: [{}]}", "4:40", "ingress",
	  "has no effect, because spec.policyTypes does not name Ingress: add it there, "
	  "or remove the rules" },
	{ "~", "1:1", "",
	  "is missing, so that all pods of the namespace are isolated for ingress: write "
	  "one" },
};

static void doubts_are_told_and_the_policy_is_in_force(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++)
		expect_complaint(&doubts[i], 1);
}

#define ANNOTATED(annotation)                                                            \
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"                        \
	"metadata: {name: np, namespace: shop, annotations: {" annotation "}}\n"         \
	"spec: {}\n"

static void mode_is_an_annotation(void **state)
{
	(void)state;
	struct outcome o = outcome_of(ANNOTATED("headgate.io/policy-mode: audit"));
	expect_outcome(&o, 1, NULL);
	assert_true(o.objects[0]->policy.audit);
	outcome_clear(&o);
	o = outcome_of(ANNOTATED("headgate.io/policy-mode: enforce, other: text"));
	expect_outcome(&o, 1, NULL);
	assert_false(o.objects[0]->policy.audit);
	outcome_clear(&o);
	o = outcome_of(
	    ANNOTATED("headgate.io/policy-mode: 'off', headgate.io/check: tcp"));
	expect_outcome(
	    &o, 0,
	    LINES("shop.yaml:3:78: NetworkPolicy shop/np: "
		  "metadata.annotations.headgate.io/policy-mode \"off\" is not known: "
		  "use enforce or audit",
		  "shop.yaml:3:104: NetworkPolicy shop/np: "
		  "metadata.annotations.headgate.io/check is not an annotation of a "
		  "NetworkPolicy that is known: use headgate.io/policy-mode or remove "
		  "it"));
	outcome_clear(&o);
}

static void lists_and_versions_are_those_of_kubernetes(void **state)
{
	(void)state;
	struct outcome o =
	    outcome_of("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicyList\n"
		       "items: [{metadata: {name: a}}, {metadata: {name: b.c}, spec: "
		       "{ingress: [{}]}}]\n");
	expect_outcome(
	    &o, 2,
	    LINES("shop.yaml:3:9: NetworkPolicy default/a: spec is missing, so "
		  "that all pods of the namespace are isolated for ingress: "
		  "write one"));
	assert_int_equal(o.objects[1]->kind, OBJECT_NETWORK_POLICY);
	outcome_clear(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_mean_what_they_say),
		cmocka_unit_test(only_policies_that_say_the_same_are_equal),
		cmocka_unit_test(mistakes_are_told_with_place_and_remedy),
		cmocka_unit_test(doubts_are_told_and_the_policy_is_in_force),
		cmocka_unit_test(mode_is_an_annotation),
		cmocka_unit_test(lists_and_versions_are_those_of_kubernetes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
