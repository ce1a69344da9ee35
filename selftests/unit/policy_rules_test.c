/* SPDX-License-Identifier: BSD-2-Clause */
/* What NetworkPolicies mean: rows by number of policy-semantics §1. */
#include "policy_world.h"

#define A	"10.0.0.1" /* red, web, this node */
#define B	"10.0.0.2" /* red, db, this node */
#define C	"10.0.1.1" /* blue, web, another node */
#define A6	"fd00::1"
#define C6	"fd00::101"
#define OUTSIDE "192.0.2.1"

enum rule_kind {
	NO_RULE,
	EMPTY_RULE, /* no peers, no ports */
	FROM_WEB,
	FROM_TEAM,
	FROM_TEAM_WEB,
	FROM_ALL_PODS,
	FROM_BLOCK,
	FROM_BLOCK_6,
	FROM_NOT_WEB,
	PORT_RANGE,
	ALL_TCP,
	NAMED_PORT,
};

static void write_rule(struct object *policy, enum rule_kind kind, bool is_egress)
{
	struct policy_spec_rule *rule;

	if (kind == NO_RULE)
		return;
	rule = add_rule(policy, is_egress);
	if (kind == FROM_WEB)
		add_pod_peer(rule, "web");
	if (kind == FROM_TEAM || kind == FROM_TEAM_WEB)
		add_namespace_peer(rule, "x");
	if (kind == FROM_TEAM_WEB) {
		rule->peers[0].has_pods = true;
		add_requirement(&rule->peers[0].pods, "app", LABEL_IN, "web");
	}
	if (kind == FROM_ALL_PODS)
		add_namespace_peer(rule, NULL)->has_pods = true;
	if (kind == FROM_BLOCK)
		add_block_peer(rule, "0.0.0.0/0", "10.0.0.0/24");
	if (kind == FROM_BLOCK_6)
		add_block_peer(rule, "::/0", NULL);
	if (kind == FROM_NOT_WEB)
		add_requirement(&add_pod_peer(rule, NULL)->pods, "tier", LABEL_NOT_IN,
				"web");
	if (kind == PORT_RANGE)
		add_port_range(rule, IPPROTO_TCP, 80, 90);
	if (kind == ALL_TCP)
		add_port_range(rule, IPPROTO_TCP, 0, 65535);
	if (kind == NAMED_PORT)
		add_port_name(rule, IPPROTO_TCP, "http");
}

static const struct row {
	const char *sentence;
	bool ingress, egress; /* policyTypes of the policy in red */
	enum rule_kind rule;
	const char *from, *to;
	uint8_t protocol;
	uint16_t port;
	bool passes;
} rows[] = {
	{ "2: an unselected direction is open", true, false, NO_RULE, A, OUTSIDE, 6, 80,
	  true },
	{ "9: no rule denies all", true, false, NO_RULE, C, A, 6, 80, false },
	{ "9: an empty rule allows all", true, false, EMPTY_RULE, OUTSIDE, A, 6, 80,
	  true },
	{ "1: only pods of its namespace", true, true, NO_RULE, C, OUTSIDE, 6, 80, true },
	{ "7: both ends must allow", true, true, EMPTY_RULE, A, B, 6, 80, false },
	{ "14: pods of the policy's namespace", true, false, FROM_WEB, A, B, 6, 80,
	  true },
	{ "14: not of another one", true, false, FROM_WEB, C, B, 6, 80, false },
	{ "14: all pods of matching namespaces", true, false, FROM_TEAM, C, A, 6, 80,
	  true },
	{ "14: not of others", true, false, FROM_TEAM, A, B, 6, 80, false },
	{ "14: both selectors at once", true, false, FROM_TEAM_WEB, C, A, 6, 80, true },
	{ "15: all pods are not everybody", true, false, FROM_ALL_PODS, OUTSIDE, A, 6, 80,
	  false },
	{ "15: all pods of all namespaces", true, false, FROM_ALL_PODS, C, A, 6, 80,
	  true },
	{ "20: NotIn holds without the key", true, false, FROM_NOT_WEB, A, B, 6, 80,
	  true },
	{ "24: within the block", true, false, FROM_BLOCK, OUTSIDE, A, 6, 80, true },
	{ "24: not within its except", true, false, FROM_BLOCK, A, B, 6, 80, false },
	{ "27: blocks match pods", true, false, FROM_BLOCK, C, A, 6, 80, true },
	{ "29: 0.0.0.0/0 is IPv4 only", true, false, FROM_BLOCK, C6, A6, 6, 80, false },
	{ "29: ::/0 is IPv6 only", true, false, FROM_BLOCK_6, C, A, 6, 80, false },
	{ "29: ::/0 matches IPv6", true, false, FROM_BLOCK_6, C6, A6, 6, 80, true },
	{ "33: endPort is inclusive", true, false, PORT_RANGE, C, A, 6, 90, true },
	{ "33: beyond endPort", true, false, PORT_RANGE, C, A, 6, 91, false },
	{ "30: another protocol", true, false, PORT_RANGE, C, A, 17, 80, false },
	{ "39: SCTP is not TCP", true, false, ALL_TCP, C, A, 132, 80, false },
	{ "31: all ports of one protocol", true, false, ALL_TCP, C, A, 6, 65535, true },
	{ "44: echo needs a rule without ports", true, false, ALL_TCP, C, A, 1, 0,
	  false },
	{ "44: echo, by a rule without ports", true, false, EMPTY_RULE, C, A, 1, 0,
	  true },
	{ "34: a name of the destination", true, false, NAMED_PORT, C, A, 6, 8080, true },
	{ "35: not another pod's number", true, false, NAMED_PORT, C, A, 6, 8081, false },
	{ "36: a pod without the name", true, false, NAMED_PORT, C, B, 6, 8080, false },
	{ "34: egress, by the peer's name", false, true, NAMED_PORT, A, C, 6, 8081,
	  true },
	{ "35: egress, not by one's own", false, true, NAMED_PORT, A, C, 6, 8080, false },
	{ "36: egress, nobody's name", false, true, NAMED_PORT, A, OUTSIDE, 6, 8080,
	  false },
	{ "51: a pod reaches itself", true, true, NO_RULE, A, A, 6, 80, true },
};

static void fill_world(struct policy_world *world)
{
	struct object *a = policy_pod("red", "a", A, "web");
	struct object *c = policy_pod("blue", "c", C, "web");
	struct object *namespace = new_object(OBJECT_NAMESPACE, "", "blue");

	add_addr(&a->pod.ips, A6);
	add_addr(&c->pod.ips, C6);
	add_named_port(a, "http", IPPROTO_TCP, 8080);
	add_named_port(c, "http", IPPROTO_TCP, 8081);
	free(c->pod.node_name);
	c->pod.node_name = text_copy("there");
	add_label(namespace, "team", "x");
	put(world, a);
	put(world, policy_pod("red", "b", B, "db"));
	put(world, c);
	put(world, namespace);
}

static void policy_means_what_kubernetes_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct policy_world *world = new_policy_world();
		struct object *policy =
		    new_policy("red", "policy", row->ingress, row->egress);

		fill_world(world);
		write_rule(policy, row->rule, row->egress && !row->ingress);
		put(world, policy);
		assert_int_equal(update(world), 0);
		if (passes(world, row->from, row->to, row->protocol, row->port) !=
		    row->passes)
			fail_msg("%s: %s", row->sentence,
				 row->passes ? "denied" : "allowed");
		free_policy_world(world);
	}
}

/* ---- who is no pod ---- */
static void policy_pods_that_hold_no_address_are_nobody(void **state)
{
	struct policy_world *world = new_policy_world();
	struct object *pod, *policy = new_policy("red", "policy", true, false);

	(void)state;
	add_pod_peer(add_rule(policy, false), "web");
	put(world, policy);
	put(world, policy_pod("red", "server", B, "db"));
	put(world, policy_pod("red", "client", A, "web"));
	assert_int_equal(update(world), 0);
	assert_true(passes(world, A, B, IPPROTO_TCP, 80));
	pod = policy_pod("red", "client", A, "web");
	pod->pod.terminated = true;
	put(world, pod);
	assert_int_equal(update(world), 0);
	assert_false(passes(world, A, B, IPPROTO_TCP, 80));
	pod = policy_pod("red", "client", A, "web");
	pod->pod.host_network = true;
	put(world, pod);
	assert_int_equal(update(world), 0);
	assert_false(passes(world, A, B, IPPROTO_TCP, 80));
	/* The address is another pod's now, which has another label. */
	put(world, policy_pod("red", "successor", A, "db"));
	assert_int_equal(update(world), 0);
	assert_false(passes(world, A, B, IPPROTO_TCP, 80));
	put(world, policy_pod("red", "successor", A, "web"));
	assert_int_equal(update(world), 0);
	assert_true(passes(world, A, B, IPPROTO_TCP, 80));
	free_policy_world(world);
}

static void policy_pods_elsewhere_are_judged_where_a_service_wants_them(void **state)
{
	struct policy_world *world = new_policy_world();
	struct hg_addr wanted = addr(C);

	(void)state;
	fill_world(world);
	put(world, new_policy("blue", "deny", true, true));
	assert_int_equal(update(world), 0);
	assert_true(passes(world, A, C, IPPROTO_TCP, 80));
	assert_int_equal(policy_want(world->policy, &wanted), 0);
	assert_int_equal(policy_want(world->policy, &wanted), 0);
	assert_int_equal(update(world), 0);
	assert_false(passes(world, A, C, IPPROTO_TCP, 80));
	assert_true(passes(world, C, A, IPPROTO_TCP, 80)); /* egress: its own node's */
	policy_unwant(world->policy, &wanted);
	assert_int_equal(update(world), 0);
	assert_false(passes(world, A, C, IPPROTO_TCP, 80));
	policy_unwant(world->policy, &wanted);
	assert_int_equal(update(world), 0);
	assert_true(passes(world, A, C, IPPROTO_TCP, 80));
	free_policy_world(world);
}

/* ---- modes ---- */
static struct policy_verdict ask_about(const struct policy_world *world, const char *from,
				       const char *to)
{
	struct policy_question question = {
		.from = addr(from), .to = addr(to), .protocol = IPPROTO_TCP, .port = 80
	};

	return ask(world, false, &question);
}

static void policy_in_audit_mode_tells_what_it_would_deny(void **state)
{
	struct policy_world *world = new_policy_world();
	struct object *policy = new_policy("red", "audit", true, false);
	struct policy_verdict verdict;

	(void)state;
	fill_world(world);
	policy->policy.audit = true;
	add_pod_peer(add_rule(policy, false), "web");
	put(world, policy);
	assert_int_equal(update(world), 0);
	verdict = ask_about(world, C, B);
	assert_int_equal(verdict.outcome, POLICY_NOT_ISOLATED);
	assert_true(verdict.audit_denied);
	assert_false(ask_about(world, A, B).audit_denied);
	/* Beside one that is enforced it allows nothing. */
	put(world, new_policy("red", "deny", true, false));
	assert_int_equal(update(world), 0);
	assert_int_equal(ask_about(world, A, B).outcome, POLICY_DENIED);
	free_policy_world(world);
}

static void policy_mode_off_isolates_nobody(void **state)
{
	struct policy_world *world = new_policy_world();

	(void)state;
	policy_free(world->policy);
	open_policy(world, POLICY_OFF);
	fill_world(world);
	put(world, new_policy("red", "deny", true, true));
	assert_int_equal(update(world), 0);
	assert_true(passes(world, A, B, IPPROTO_TCP, 80));
	assert_int_equal(world->memory->state & HG_POLICY_ON, 0);
	free_policy_world(world);
}

/* ---- what is told ---- */
static int collect(void *context, const struct policy_rule *rule)
{
	char *text = context;
	size_t length = strlen(text);

	snprintf(text + length, 100 - length, "%s/%s%s ", rule->namespace, rule->name,
		 rule->audit ? "(audit)" : "");
	return 0;
}

static void policy_verdict_names_the_first_rule_and_who_isolates(void **state)
{
	struct policy_world *world = new_policy_world();
	struct object *second = new_policy("red", "second", true, false);
	struct policy_verdict verdict;
	char text[100] = "";

	(void)state;
	fill_world(world);
	put(world, new_policy("red", "first", true, false));
	add_pod_peer(add_rule(second, false), "nobody");
	add_pod_peer(add_rule(second, false), "web");
	put(world, second);
	assert_int_equal(update(world), 0);
	verdict = ask_about(world, A, B);
	assert_int_equal(verdict.outcome, POLICY_ALLOWED);
	assert_string_equal(verdict.rule.name, "second");
	assert_int_equal(verdict.rule.index, 1);
	assert_false(verdict.rule.is_egress);
	policy_each_isolating(world->policy, verdict.set, collect, text);
	assert_string_equal(text, "red/first red/second ");
	free_policy_world(world);
}

struct sum {
	uint64_t packets, denied;
};

static int add_counter(void *context, const struct policy_rule *rule,
		       const struct hg_policy_counter *counter)
{
	struct sum *sum = context;

	if (rule->index == UINT32_MAX)
		sum->denied += counter->packets;
	else
		sum->packets += counter->packets;
	return 0;
}

/* As the datapath does. */
static void count(const struct policy_world *world, const char *from, const char *to)
{
	struct policy_verdict verdict = ask_about(world, from, to);
	const struct hg_policy_set *set = &world->memory->tables.sets[verdict.set];
	bool is_denied = verdict.outcome == POLICY_DENIED;

	world->memory->tables
	    .counters[set->counter_base + (is_denied ? set->bits : verdict.bit)]
	    .packets++;
}

static void policy_counters_outlive_their_sets(void **state)
{
	struct policy_world *world = new_policy_world();
	struct object *policy;
	struct sum sum = { 0 };

	(void)state;
	fill_world(world);
	for (int i = 0; i < 3; i++) {
		policy = new_policy("red", "policy", true, false);
		add_pod_peer(add_rule(policy, false), "web");
		for (int j = 0; j < i; j++)
			add_pod_peer(add_rule(policy, false), "other");
		put(world, policy);
		assert_int_equal(update(world), 0);
		count(world, A, B);
		count(world, A, B);
		count(world, C, B);
	}
	assert_int_equal(policy_each_counter(world->policy, add_counter, &sum), 0);
	assert_int_equal(sum.packets, 6);
	assert_int_equal(sum.denied, 3);
	free_policy_world(world);
}

static void policy_update_without_a_change_writes_nothing(void **state)
{
	struct policy_world *world = new_policy_world();
	uint32_t switched;

	(void)state;
	fill_world(world);
	put(world, new_policy("red", "deny", true, false));
	assert_int_equal(update(world), 0);
	switched = world->memory->state;
	assert_int_equal(update(world), 0);
	assert_int_equal(policy_changed(world->policy, OBJECT_POD, "red", "a"), 0);
	assert_int_equal(policy_changed(world->policy, OBJECT_SERVICE, "red", "a"), 0);
	assert_int_equal(update(world), 0);
	assert_int_equal(world->memory->state, switched);
	free_policy_world(world);
}

/* The last policy of a namespace of which nothing else is left, with rules for the direction
 * that it does not isolate: they are in no set, and alone hold the namespace. */
static void policy_goes_with_its_namespace(void **state)
{
	struct policy_world *world = new_policy_world();
	struct object *object = new_policy("red", "own", true, false);

	(void)state;
	put(world, policy_pod("red", "p", "10.0.0.1", "a"));
	add_pod_peer(add_rule(object, true), "b");
	put(world, object);
	assert_int_equal(update(world), 0);
	take(world, OBJECT_NETWORK_POLICY, "red", "own");
	take(world, OBJECT_POD, "red", "p"); /* read first: the last change is */
	assert_int_equal(update(world), 0);
	free_policy_world(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_goes_with_its_namespace),
		cmocka_unit_test(policy_means_what_kubernetes_says),
		cmocka_unit_test(policy_pods_that_hold_no_address_are_nobody),
		cmocka_unit_test(
		    policy_pods_elsewhere_are_judged_where_a_service_wants_them),
		cmocka_unit_test(policy_in_audit_mode_tells_what_it_would_deny),
		cmocka_unit_test(policy_mode_off_isolates_nobody),
		cmocka_unit_test(policy_verdict_names_the_first_rule_and_who_isolates),
		cmocka_unit_test(policy_counters_outlive_their_sets),
		cmocka_unit_test(policy_update_without_a_change_writes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
