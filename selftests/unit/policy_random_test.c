/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random changes, compared with a naive twin and with a fresh compile of the same cluster.
 * POLICY_SEED repeats a run.
 */
#include <time.h>
#include "policy_chance.h"
#include "policy_naive.h"

#define CLUSTERS  60
#define CHANGES	  60
#define QUESTIONS 120

static uint64_t seed(void)
{
	const char *text = getenv("POLICY_SEED");

	return text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL) * 2654435761U | 1;
}

static bool same_rule(const struct policy_verdict *a, const struct policy_verdict *b)
{
	return a->outcome != POLICY_ALLOWED ||
	       (strcmp(a->rule.namespace, b->rule.namespace) == 0 &&
		strcmp(a->rule.name, b->rule.name) == 0 &&
		a->rule.index == b->rule.index && a->rule.is_egress == b->rule.is_egress);
}

static void compare(const struct policy_world *world, const struct hg_addr *wanted,
		    const struct policy_question *question, bool is_egress)
{
	struct policy_verdict got = ask(world, is_egress, question), expected;
	bool is_wanted = addr_compare(wanted, &question->to) == 0;
	char from[ADDR_TEXT], to[ADDR_TEXT];

	expected = naive_ask(world->cluster, question, is_egress, is_wanted);
	if (got.outcome == POLICY_SELF)
		got.outcome = POLICY_NOT_ISOLATED;
	if (got.outcome == expected.outcome &&
	    got.audit_denied == expected.audit_denied && same_rule(&got, &expected))
		return;
	fail_msg("%s of %s to %s, %s port %u: outcome %d, expected %d; rule %s/%s %u, "
		 "expected %s/%s %u",
		 is_egress ? "egress" : "ingress", addr_print(&question->from, from),
		 addr_print(&question->to, to), protocol_print(question->protocol),
		 question->port, got.outcome, expected.outcome, got.rule.namespace,
		 got.rule.name, got.rule.index, expected.rule.namespace,
		 expected.rule.name, expected.rule.index);
}

static void ask_all(struct chance *chance, const struct policy_world *world,
		    const struct hg_addr *wanted)
{
	for (int i = 0; i < QUESTIONS; i++) {
		struct policy_question question = chance_question(chance);

		compare(world, wanted, &question, true);
		compare(world, wanted, &question, false);
	}
}

/* As after kill -9: only the tables are left. */
static void restart(struct policy_world *world, const struct hg_addr *wanted)
{
	policy_free(world->policy);
	open_policy(world, POLICY_ENFORCE);
	assert_int_equal(policy_want(world->policy, wanted), 0);
}

static void policy_agrees_with_its_twin_after_any_changes(void **state)
{
	struct chance chance = { .state = seed() };
	struct hg_addr wanted = addr("10.0.0.3");

	(void)state;
	print_message("POLICY_SEED=%#llx\n", (unsigned long long)chance.state);
	for (int cluster = 0; cluster < CLUSTERS; cluster++) {
		struct policy_world *world = new_policy_world();

		assert_int_equal(policy_want(world->policy, &wanted), 0);
		for (int change = 0; change < CHANGES; change++) {
			for (unsigned i = draw(&chance, 5); i > 0; i--)
				chance_change(&chance, world);
			if (draw(&chance, 8) == 0)
				restart(world, &wanted);
			assert_int_equal(update(world), 0);
			ask_all(&chance, world, &wanted);
		}
		free_policy_world(world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_agrees_with_its_twin_after_any_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
