// SPDX-License-Identifier: BSD-2-Clause
/*
 * Valid objects that come, change and go in any order, with restarts and tables of any
 * size: after each update every packet gets the verdict of a naive twin. Where something
 * did not fit, it may be denied what the twin allows, never the other way round.
 */
#include <errno.h>
#include "../unit/policy_chance.h"
#include "../unit/policy_naive.h"

#define STEPS	  64
#define QUESTIONS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void shrink(struct chance *chance, struct policy_tables *tables)
{
	switch (draw(chance, 8)) {
	case 0:
		tables->row_count = 2 + draw(chance, 64);
		return;
	case 1:
		tables->cell_count = 64 * (1 + draw(chance, 16));
		return;
	case 2:
		tables->set_count = 3 + draw(chance, 16);
		return;
	case 3:
		tables->block_count = 1 + draw(chance, 8);
		return;
	case 4:
		tables->counter_count = 5 + draw(chance, 64);
		return;
	default:
		return;
	}
}

static void check(const struct policy_world *world,
		  const struct policy_question *question, bool is_egress, bool is_short)
{
	struct policy_verdict got = ask(world, is_egress, question);
	struct policy_verdict expected =
	    naive_ask(world->cluster, question, is_egress, false);
	bool is_open = got.outcome != POLICY_DENIED;
	bool may_be_open = expected.outcome != POLICY_DENIED;

	if (is_open != may_be_open && (is_open || !is_short))
		abort();
}

static void update_and_check(struct chance *chance, struct policy_world *world)
{
	int r = update(world);

	if (r < 0 && (r != -ENOSPC || !complaints_have_errors(&world->complaints)))
		abort();
	complaints_clear(&world->complaints);
	for (int i = 0; i < QUESTIONS; i++) {
		struct policy_question question = chance_question(chance);

		check(world, &question, true, r < 0);
		check(world, &question, false, r < 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chance chance = { policy_hash_bytes(0, data, size) | 1ULL, data, size };
	struct policy_world *world = new_policy_world();

	policy_free(world->policy);
	shrink(&chance, &world->memory->tables);
	open_policy(world, POLICY_ENFORCE);
	for (unsigned i = draw(&chance, STEPS); i > 0; i--) {
		chance_change(&chance, world);
		if (draw(&chance, 3) == 0)
			update_and_check(&chance, world);
		if (draw(&chance, 16) == 0) {
			policy_free(world->policy);
			open_policy(world, POLICY_ENFORCE);
		}
	}
	update_and_check(&chance, world);
	free_policy_world(world);
	return 0;
}
