/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What does not fit isolates those whose policies do not fit, says so with numbers, and
 * leaves everybody else alone; once there is room it comes into force.
 */
#include <errno.h>
#include "policy_world.h"

#define PEER  "10.0.0.1"
#define FIRST "10.0.1.1"
#define OTHER "10.0.1.2"

static struct policy_world *new_small_world(void (*shrink)(struct policy_tables *tables))
{
	struct policy_world *world = new_policy_world();

	policy_free(world->policy);
	if (shrink)
		shrink(&world->memory->tables);
	open_policy(world, POLICY_ENFORCE);
	put(world, policy_pod("red", "peer", PEER, "peer"));
	put(world, policy_pod("red", "first", FIRST, "first"));
	put(world, policy_pod("red", "other", OTHER, "other"));
	return world;
}

/* For pods with this app: from PEER on so many ports, each a rule of its own. */
static struct object *many_rules(const char *name, const char *app, unsigned count)
{
	struct object *object = new_policy("red", name, true, false);

	add_requirement(&object->policy.subjects, "app", LABEL_IN, app);
	for (unsigned i = 0; i < count; i++) {
		struct policy_spec_rule *rule = add_rule(object, false);

		add_pod_peer(rule, "peer");
		add_port_range(rule, IPPROTO_TCP, (uint16_t)(1000 + i),
			       (uint16_t)(1000 + i));
	}
	return object;
}

static bool is_open(const struct policy_world *world, const char *to, unsigned port)
{
	return passes(world, PEER, to, IPPROTO_TCP, (uint16_t)port);
}

static void assert_complaint(const struct policy_world *world, const char *object,
			     const char *words)
{
	for (size_t i = 0; i < world->complaints.count; i++) {
		const struct complaint *one = &world->complaints.items[i];

		if (one->object && strcmp(one->object, object) == 0 &&
		    strstr(one->sentence, words))
			return;
	}
	fail_msg("no complaint of %s says \"%s\"", object, words);
}

static void policy_of_512_rules_fits_one_more_isolates(void **state)
{
	struct policy_world *world = new_small_world(NULL);

	(void)state;
	put(world, many_rules("many", "first", 512));
	assert_int_equal(update(world), 0);
	assert_true(is_open(world, FIRST, 1511));
	assert_int_equal(world->complaints.count, 0);
	put(world, many_rules("many", "first", 513));
	assert_int_equal(update(world), -ENOSPC);
	assert_complaint(world, "Pod red/first", "513 different ingress rules, 512 fit");
	assert_false(is_open(world, FIRST, 1000));
	assert_true(is_open(world, OTHER, 1000));
	put(world, many_rules("many", "first", 3));
	assert_int_equal(update(world), 0);
	assert_true(is_open(world, FIRST, 1000));
	free_policy_world(world);
}

static void policy_equal_rules_share_a_bit(void **state)
{
	struct policy_world *world = new_small_world(NULL);
	struct object *object = new_policy("red", "equal", true, false);

	(void)state;
	for (int i = 0; i < 2000; i++)
		add_pod_peer(add_rule(object, false), "peer");
	put(world, object);
	assert_int_equal(update(world), 0);
	assert_true(is_open(world, FIRST, 1));
	free_policy_world(world);
}

/* ---- each table full ---- */
static void few_sets(struct policy_tables *tables)
{
	tables->set_count = 4; /* none, two isolated ones, one */
}

static void few_rows(struct policy_tables *tables)
{
	tables->row_count = 10;
}

static void few_cells(struct policy_tables *tables)
{
	tables->cell_count = 3 * 64;
}

static void few_counters(struct policy_tables *tables)
{
	tables->counter_count = 16; /* 5 for no set, 7 for the first */
}

static void policy_full_table_isolates_only_whom_it_concerns(void **state)
{
	static void (*const shrinks[])(
	    struct policy_tables *) = { few_sets, few_rows, few_cells, few_counters };

	(void)state;
	for (size_t i = 0; i < sizeof(shrinks) / sizeof(*shrinks); i++) {
		struct policy_world *world = new_small_world(shrinks[i]);

		put(world, many_rules("a", "first", 5));
		assert_int_equal(update(world), 0);
		put(world, many_rules("b", "other", 8));
		assert_int_equal(update(world), -ENOSPC);
		assert_complaint(world, "Pod red/other",
				 "its 8 ingress rules do not fit");
		assert_true(is_open(world, FIRST, 1000));
		assert_false(is_open(world, FIRST, 999));
		assert_false(is_open(world, OTHER, 1000));
		take(world, OBJECT_NETWORK_POLICY, "red", "a");
		update(world);
		put(world, policy_pod("red", "peer", PEER, "peer")); /* later: room */
		put(world, new_object(OBJECT_NAMESPACE, "", "red"));
		assert_int_equal(update(world), 0);
		assert_true(is_open(world, OTHER, 1000));
		assert_false(is_open(world, OTHER, 999));
		free_policy_world(world);
	}
}

static void few_blocks(struct policy_tables *tables)
{
	tables->block_count = 3; /* block 0 is not used */
}

static struct object *block_policy(const char *name, const char *app, const char *block)
{
	struct object *object = new_policy("red", name, true, false);

	add_requirement(&object->policy.subjects, "app", LABEL_IN, app);
	add_block_peer(add_rule(object, false), block, NULL);
	return object;
}

static void policy_blocks_that_do_not_fit_isolate(void **state)
{
	struct policy_world *world = new_small_world(few_blocks);

	(void)state;
	put(world, block_policy("a", "first", "192.0.2.128/25"));
	assert_int_equal(update(world), 0);
	assert_true(passes(world, "192.0.2.200", FIRST, IPPROTO_TCP, 80));
	put(world, block_policy("b", "other", "198.51.100.128/25"));
	assert_int_equal(update(world), -ENOSPC);
	assert_complaint(world, "NetworkPolicy red/b", "its ipBlocks do not fit");
	assert_true(passes(world, "192.0.2.200", FIRST, IPPROTO_TCP, 80));
	assert_false(passes(world, "198.51.100.200", FIRST, IPPROTO_TCP, 80));
	assert_false(passes(world, "198.51.100.200", OTHER, IPPROTO_TCP, 80));
	put(world, block_policy("b", "other", "198.51.0.0/16"));
	assert_int_equal(update(world), 0);
	assert_true(passes(world, "198.51.100.200", OTHER, IPPROTO_TCP, 80));
	free_policy_world(world);
}

static int refuse_prefix(void *context, unsigned bank, const struct cidr *prefix,
			 uint32_t class)
{
	(void)context;
	(void)bank;
	(void)prefix;
	(void)class;
	return -ENOSPC;
}

static void no_prefixes(struct policy_tables *tables)
{
	tables->put_prefix = refuse_prefix;
}

static void policy_prefixes_that_do_not_fit_isolate(void **state)
{
	struct policy_world *world = new_small_world(no_prefixes);

	(void)state;
	put(world, many_rules("a", "first", 2));
	put(world, block_policy("b", "other", "fd00::/64"));
	assert_int_equal(update(world), -ENOSPC);
	assert_complaint(world, "NetworkPolicy red/b", "its ipBlocks do not fit");
	assert_true(is_open(world, FIRST, 1001));
	assert_false(is_open(world, OTHER, 1001));
	free_policy_world(world);
}

static void few_pods(struct policy_tables *tables)
{
	tables->pod_count = 8 + HG_POLICY_POD_WINDOW; /* a quarter holds addresses */
}

static void policy_pods_of_this_node_come_first(void **state)
{
	struct policy_world *world = new_small_world(few_pods);
	struct object *peer = policy_pod("red", "peer", PEER, "peer");

	(void)state;
	free(peer->pod.node_name);
	peer->pod.node_name = text_copy("there");
	put(world, peer);
	put(world, new_policy("red", "deny", true, false));
	assert_int_equal(update(world), -ENOSPC);
	assert_complaint(world, "Pod red/peer", "has 2 of 2 entries in use");
	assert_false(is_open(world, FIRST, 80));
	assert_false(is_open(world, OTHER, 80));
	free_policy_world(world);
}

/* A pod of a new kind needs a row in the set in force, and there is none. */
static void policy_in_force_that_finds_no_row_isolates(void **state)
{
	struct policy_world *world = new_small_world(few_rows);
	struct object *object = new_policy("red", "a", true, false);
	char app[16], address[16];
	int r = 0;

	(void)state;
	add_requirement(&object->policy.subjects, "app", LABEL_IN, "first");
	add_pod_peer(add_rule(object, false), "peer");
	for (int i = 0; i < 12; i++) {
		snprintf(app, sizeof(app), "app%d", i);
		add_pod_peer(add_rule(object, false), app);
	}
	put(world, object);
	assert_int_equal(update(world), 0);
	for (int i = 0; i < 12 && r == 0; i++) {
		snprintf(app, sizeof(app), "app%d", i);
		snprintf(address, sizeof(address), "10.0.2.%d", i);
		assert_true(is_open(world, FIRST, 80));
		put(world, policy_pod("red", app, address, app));
		r = update(world);
	}
	assert_int_equal(r, -ENOSPC);
	assert_complaint(world, "Pod red/first", "hg_policy_rows has 10 of 10");
	assert_false(is_open(world, FIRST, 80));
	assert_true(is_open(world, OTHER, 80));
	free_policy_world(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_of_512_rules_fits_one_more_isolates),
		cmocka_unit_test(policy_equal_rules_share_a_bit),
		cmocka_unit_test(policy_full_table_isolates_only_whom_it_concerns),
		cmocka_unit_test(policy_blocks_that_do_not_fit_isolate),
		cmocka_unit_test(policy_prefixes_that_do_not_fit_isolate),
		cmocka_unit_test(policy_pods_of_this_node_come_first),
		cmocka_unit_test(policy_in_force_that_finds_no_row_isolates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
