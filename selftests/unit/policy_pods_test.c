/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of pods by address, against a list: whatever is taken and left, each address is
 * found where it lies and no other is; a line that was left is not another's before its
 * readers are gone. POLICY_SEED repeats a run.
 */
#include <errno.h>
#include <time.h>
#include <headgate/hash.h>
#include "policy_chance.h"
#include "../../control/compile/policy_pods.h"

#define LINES	  64U
#define LIMIT	  (LINES / 4)
#define ADDRESSES 64U
#define STEPS	  20000
#define SEED	  77U

static struct policy_world *new_small_table(void)
{
	struct policy_world *world = new_policy_world();

	policy_free(world->policy);
	world->memory->tables.pod_count = LINES + HG_POLICY_POD_WINDOW;
	world->memory->tables.pod_seed = SEED;
	open_policy(world, POLICY_ENFORCE);
	return world;
}

static struct hg_addr nth(uint32_t number)
{
	char text[ADDR_TEXT];
	struct hg_addr addr;

	snprintf(text, sizeof(text), number & 1 ? "fd00::%x" : "10.0.0.%u", number);
	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

/* From here on, the next address whose search begins where that of `like` does. */
static uint32_t neighbour_of(uint32_t like, uint32_t from)
{
	struct hg_addr addr = nth(like);
	uint32_t home = hg_policy_home(&addr, LINES - 1, SEED);

	for (addr = nth(from); hg_policy_home(&addr, LINES - 1, SEED) != home;
	     addr = nth(++from))
		;
	return from;
}

static void assert_found(const struct policy_world *world, const uint32_t *places)
{
	for (uint32_t i = 0; i < ADDRESSES; i++) {
		struct hg_addr addr = nth(i);

		assert_int_equal(policy_find_pod(&world->memory->tables, &addr),
				 places[i]);
	}
}

static void take_or_leave(struct policy_world *world, uint32_t *places, uint32_t number)
{
	struct policy *policy = world->policy;
	uint32_t used = policy_pods_used(policy);
	struct hg_addr addr = nth(number);

	if (places[number]) {
		policy_pods_withdraw(policy, places[number]);
		policy_space_give(&policy->pod_places, places[number], 1); /* rested */
		places[number] = 0;
	} else if (used == LIMIT) {
		assert_int_equal(policy_pods_take(policy, &addr, &places[number]),
				 -ENOSPC);
	} else {
		assert_int_equal(policy_pods_take(policy, &addr, &places[number]), 0);
		policy_pods_publish(policy, &addr, places[number]);
	}
}

static void policy_pods_are_found_where_they_lie(void **state)
{
	const char *text = getenv("POLICY_SEED");
	struct chance chance = { .state = text ? strtoull(text, NULL, 0)
					       : (uint64_t)time(NULL) * 2654435761U | 1 };
	struct policy_world *world = new_small_table();
	uint32_t places[ADDRESSES] = { 0 };

	(void)state;
	print_message("POLICY_SEED=%#llx\n", (unsigned long long)chance.state);
	for (int i = 0; i < STEPS; i++) {
		take_or_leave(world, places, draw(&chance, ADDRESSES));
		if (i % 16 == 0)
			assert_found(world, places);
	}
	for (uint32_t i = 0; i < ADDRESSES; i++) {
		if (places[i])
			take_or_leave(world, places, i);
	}
	assert_found(world, places);
	for (uint32_t i = 0; i < LINES + HG_POLICY_POD_WINDOW; i++)
		assert_int_equal(world->memory->tables.pods[i].passed, 0);
	free_policy_world(world);
}

static void policy_pods_of_one_home_lie_side_by_side(void **state)
{
	struct policy_world *world = new_small_table();
	uint32_t number = 0, places[3] = { 0 };
	struct hg_addr addr;

	(void)state;
	for (int i = 0; i < 3; i++) {
		addr = nth(number);
		assert_int_equal(policy_pods_take(world->policy, &addr, &places[i]), 0);
		policy_pods_publish(world->policy, &addr, places[i]);
		assert_int_equal(places[i], places[0] + (uint32_t)i);
		number = neighbour_of(0, number + 1);
	}
	/* The one in the middle goes: the last is still found. */
	addr = world->memory->tables.pods[places[1]].addr;
	policy_pods_withdraw(world->policy, places[1]);
	assert_int_equal(policy_find_pod(&world->memory->tables, &addr), 0);
	addr = world->memory->tables.pods[places[2]].addr;
	assert_int_equal(policy_find_pod(&world->memory->tables, &addr), places[2]);
	free_policy_world(world);
}

/* As after kill -9: a line was being taken, another one being left. */
static void policy_pods_are_adopted_without_what_was_under_way(void **state)
{
	struct policy_world *world = new_small_table();
	struct hg_policy_pod *pods = world->memory->tables.pods;
	struct hg_addr first = nth(0), second = nth(neighbour_of(0, 1));
	uint32_t home = hg_policy_home(&first, LINES - 1, SEED);

	(void)state;
	put(world, policy_pod("red", "first", "10.0.0.0", NULL));
	assert_int_equal(update(world), 0);
	policy_free(world->policy);
	pods[home].passed = 1;
	pods[home + 1].addr = second;
	pods[home + 1].taken = 0;
	pods[home + 5] = (struct hg_policy_pod){ .addr = first, .taken = 1 };
	open_policy(world, POLICY_ENFORCE);
	assert_int_equal(policy_find_pod(&world->memory->tables, &first), home);
	assert_int_equal(policy_find_pod(&world->memory->tables, &second), 0);
	assert_int_equal(pods[home].passed, 0);
	assert_int_equal(pods[home + 5].taken, 0);
	assert_int_equal(policy_pods_used(world->policy), 1);
	free_policy_world(world);
}

static void policy_pods_rest_before_their_line_is_anothers(void **state)
{
	struct policy_world *world = new_small_table();
	struct hg_addr first = nth(0), second = nth(neighbour_of(0, 1));
	const struct policy_tables *tables = &world->memory->tables;
	uint32_t home = hg_policy_home(&first, LINES - 1, SEED);
	char text[ADDR_TEXT];

	(void)state;
	put(world, policy_pod("red", "first", addr_print(&first, text), NULL));
	put(world, new_policy("red", "deny", true, false));
	assert_int_equal(update(world), 0);
	assert_int_equal(policy_find_pod(tables, &first), home);
	take(world, OBJECT_POD, "red", "first");
	assert_int_equal(update(world), 0);
	/* Its readers have been waited for when the next one comes; those of the line not. */
	put(world, policy_pod("red", "second", addr_print(&second, text), NULL));
	assert_int_equal(update(world), 0);
	assert_int_equal(policy_find_pod(tables, &first), 0);
	assert_int_equal(policy_find_pod(tables, &second), home + 1);
	put(world, policy_pod("red", "third", addr_print(&first, text), NULL));
	assert_int_equal(update(world), 0);
	assert_int_equal(policy_find_pod(tables, &first), home);
	free_policy_world(world);
}

/* A full table: who comes gets the place of who went, in the very next update. */
static void policy_pods_at_rest_take_nobodys_place(void **state)
{
	struct policy_world *world = new_small_table();
	char name[16], text[ADDR_TEXT];
	struct hg_addr addr;

	(void)state;
	put(world, new_policy("red", "deny", true, false));
	for (uint32_t i = 0; i < LIMIT; i++) {
		addr = nth(i);
		snprintf(name, sizeof(name), "p%u", i);
		put(world, policy_pod("red", name, addr_print(&addr, text), NULL));
	}
	assert_int_equal(update(world), 0);
	for (uint32_t i = 0; i < LIMIT; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		take(world, OBJECT_POD, "red", name);
		assert_int_equal(update(world), 0);
		addr = nth(LIMIT + i);
		put(world, policy_pod("red", name, addr_print(&addr, text), NULL));
		assert_int_equal(update(world), 0);
		assert_true(policy_find_pod(&world->memory->tables, &addr) > 0);
	}
	free_policy_world(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_pods_are_found_where_they_lie),
		cmocka_unit_test(policy_pods_of_one_home_lie_side_by_side),
		cmocka_unit_test(policy_pods_are_adopted_without_what_was_under_way),
		cmocka_unit_test(policy_pods_rest_before_their_line_is_anothers),
		cmocka_unit_test(policy_pods_at_rest_take_nobodys_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
