/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Out of memory at any allocation of an update: what is in force stays, and the next update
 * gets there. The linker puts the allocators of this file before libc's.
 */
#include <errno.h>
#include <time.h>
#include "policy_chance.h"
#include "policy_naive.h"

#define CLUSTERS  8
#define CHANGES	  6
#define QUESTIONS 40

void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *items, size_t count, size_t size);
char *__real_strdup(const char *text);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *items, size_t count, size_t size);
char *__wrap_strdup(const char *text);

static long left = -1; /* allocations that succeed; negative: all */

static bool is_out_of_memory(void)
{
	if (left > 0)
		left--;
	return left == 0;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return is_out_of_memory() ? NULL : __real_calloc(count, size);
}

void *__wrap_reallocarray(void *items, size_t count, size_t size)
{
	return is_out_of_memory() ? NULL : __real_reallocarray(items, count, size);
}

char *__wrap_strdup(const char *text)
{
	return is_out_of_memory() ? NULL : __real_strdup(text);
}

struct expectation {
	struct policy_question questions[QUESTIONS];
	bool denied[2 * QUESTIONS];
};

static void expect(const struct policy_world *world, struct expectation *expectation)
{
	for (int i = 0; i < 2 * QUESTIONS; i++)
		expectation->denied[i] =
		    naive_ask(world->cluster, &expectation->questions[i / 2], i & 1,
			      false)
			.outcome == POLICY_DENIED;
}

static void check(const struct policy_world *world, const struct expectation *expectation,
		  const char *when)
{
	for (int i = 0; i < 2 * QUESTIONS; i++) {
		struct policy_verdict verdict =
		    ask(world, i & 1, &expectation->questions[i / 2]);

		if ((verdict.outcome == POLICY_DENIED) != expectation->denied[i])
			fail_msg("%s memory ran out a packet is %s", when,
				 expectation->denied[i] ? "allowed" : "denied");
	}
}

/* The update with ever more memory, until it succeeds, while more changes come. Returns how
 * often it did not. */
static long update_scarcely(struct chance *chance, struct policy_world *world,
			    const struct expectation *expectation)
{
	long failures = 0;

	for (long allocations = 1;; allocations += 1 + allocations / 16) {
		int r;

		left = allocations;
		r = update(world);
		left = -1;
		if (r == 0)
			return failures;
		assert_int_equal(r, -ENOMEM);
		check(world, expectation, "when");
		if (failures++ % 4 == 0)
			chance_change(chance, world);
	}
}

static void policy_out_of_memory_leaves_all_in_force(void **state)
{
	const char *text = getenv("POLICY_SEED");
	struct chance chance = { .state = text ? strtoull(text, NULL, 0)
					       : (uint64_t)time(NULL) * 2654435761U | 1 };
	struct expectation expectation;
	long failures = 0;

	(void)state;
	print_message("POLICY_SEED=%#llx\n", (unsigned long long)chance.state);
	for (int cluster = 0; cluster < CLUSTERS; cluster++) {
		struct policy_world *world = new_policy_world();

		for (int i = 0; i < QUESTIONS; i++)
			expectation.questions[i] = chance_question(&chance);
		for (int change = 0; change < CHANGES; change++) {
			expect(world, &expectation);
			for (int i = 0; i < (change ? 3 : 40); i++)
				chance_change(&chance, world);
			failures += update_scarcely(&chance, world, &expectation);
			expect(world, &expectation);
			check(world, &expectation, "after");
		}
		free_policy_world(world);
	}
	assert_true(failures > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_out_of_memory_leaves_all_in_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
