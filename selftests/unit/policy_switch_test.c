/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nothing leaks while policies change: between any two stores, packets get the verdict of
 * before or, from one switch on, of after; and those under way, who have read the state of
 * before, get that verdict until they have been waited for. POLICY_SEED repeats a run.
 */
#include <time.h>
#include "policy_chance.h"
#include "policy_naive.h"
#include "policy_step.h"

#define CLUSTERS  6
#define CHANGES	  12
#define QUESTIONS 24

struct watch {
	struct policy_world *world;
	struct policy_question questions[QUESTIONS];
	bool old[2 * QUESTIONS], new[2 * QUESTIONS]; /* denied? */
	bool is_new;				     /* the switch has been made */
	bool has_stale; /* packets under way have read this state: */
	uint32_t stale;
	bool stale_denied[2 * QUESTIONS];
	char wrong[200];
};

static struct watch watch;

/* ---- the datapath's verdict, of the tables alone ---- */
static uint32_t class_of(const struct policy_tables *tables, uint32_t state,
			 const struct hg_addr *where)
{
	bool bank = state & HG_POLICY_BANK;
	uint32_t place;

	if (!addr_is_v4(where))
		return tables->find_prefix(tables->context, bank, where);
	place = tables->v4[bank * HG_POLICY_V4_PLACES + where->bytes[12] * 256U +
			   where->bytes[13]];
	for (int i = 14; i < 16 && (place & HG_POLICY_BLOCK); i++)
		place =
		    tables->v4_blocks[(place & ~HG_POLICY_BLOCK) * HG_POLICY_BLOCK_SIZE +
				      where->bytes[i]];
	return place & ~HG_POLICY_BLOCK;
}

static const struct hg_policy_view *view_at(const struct policy_tables *tables,
					    uint32_t state, const struct hg_addr *where)
{
	uint32_t pod = policy_find_pod(tables, where);

	return pod ? &tables->pods[pod].views[state & 1] : NULL;
}

static bool is_denied_by(const struct policy_tables *tables, uint32_t number,
			 uint32_t class, uint32_t port)
{
	const struct hg_policy_set *set = &tables->sets[number];
	uint32_t peer =
	    tables->cells[set->peer_base + (class < set->peer_count ? class : 0)];
	uint32_t row =
	    tables->cells[set->port_base + (port < set->port_count ? port : 0)];
	uint64_t any = 0;

	for (unsigned i = 0; i < HG_POLICY_WORDS; i++)
		any |=
		    tables->rows[peer].bits[i] & tables->rows[row].bits[i] &
		    (set->flags & HG_POLICY_AUDITED ? tables->rows[set->enforced].bits[i]
						    : ~0ULL);
	return !any && (set->flags & HG_POLICY_ENFORCED);
}

static bool is_denied(const struct policy_tables *tables, uint32_t state,
		      const struct policy_question *question, bool is_egress)
{
	const struct hg_policy_view *from = view_at(tables, state, &question->from);
	const struct hg_policy_view *to = view_at(tables, state, &question->to);
	uint32_t protocol = hg_policy_protocol(question->protocol), port = 0;
	uint32_t set = is_egress ? (from ? from->egress : 0) : (to ? to->ingress : 0);
	const struct hg_policy_view *other = is_egress ? to : from;

	if (!(state & HG_POLICY_ON) || !set ||
	    addr_compare(&question->from, &question->to) == 0)
		return false;
	if (protocol < HG_POLICY_PROTOCOLS)
		port = tables->ports[hg_policy_port_place(!!(state & HG_POLICY_BANK),
							  protocol, question->port)];
	return is_denied_by(
	    tables, set,
	    other ? other->class
		  : class_of(tables, state, is_egress ? &question->to : &question->from),
	    port);
}

/* ---- looking ---- */
static void compare(uint32_t state, const bool *expected, const char *who)
{
	const struct policy_tables *tables = &watch.world->memory->tables;

	for (int i = 0; i < 2 * QUESTIONS && !watch.wrong[0]; i++) {
		const struct policy_question *question = &watch.questions[i / 2];
		char from[ADDR_TEXT], to[ADDR_TEXT];

		if (is_denied(tables, state, question, i & 1) == expected[i])
			continue;
		snprintf(watch.wrong, sizeof(watch.wrong),
			 "%s: %s of %s to %s port %u is %s", who,
			 i & 1 ? "egress" : "ingress", addr_print(&question->from, from),
			 addr_print(&question->to, to), question->port,
			 expected[i] ? "allowed" : "denied");
	}
}

static void look(void *context)
{
	(void)context;
	compare(watch.world->memory->state, watch.is_new ? watch.new : watch.old,
		watch.is_new ? "after the switch" : "before the switch");
	if (watch.has_stale)
		compare(watch.stale, watch.stale_denied, "under way");
}

static bool agrees(const bool *expected)
{
	const struct policy_tables *tables = &watch.world->memory->tables;

	for (int i = 0; i < 2 * QUESTIONS; i++) {
		if (is_denied(tables, watch.world->memory->state, &watch.questions[i / 2],
			      i & 1) != expected[i])
			return false;
	}
	return true;
}

static void on_switch(void *context, uint32_t state)
{
	struct policy_memory *memory = context;

	look(NULL);
	watch.has_stale = true;
	watch.stale = memory->state;
	memcpy(watch.stale_denied, watch.is_new ? watch.new : watch.old,
	       sizeof(watch.stale_denied));
	memory->state = state;
	if (!agrees(watch.old))
		watch.is_new = true;
	look(NULL);
}

static void on_wait(void *context)
{
	(void)context;
	look(NULL);
	watch.has_stale = false;
}

/* ---- the test ---- */
static void expect(bool *ret_denied)
{
	for (int i = 0; i < 2 * QUESTIONS; i++)
		ret_denied[i] =
		    naive_ask(watch.world->cluster, &watch.questions[i / 2], i & 1, false)
			.outcome == POLICY_DENIED;
}

static void begin_change(void)
{
	expect(watch.old);
	watch.is_new = false;
}

/* As a caller does that waits for readers by itself: the next update need not. */
static void settle_all(void)
{
	for (int i = 0; policy_is_unsettled(watch.world->policy); i++) {
		assert_true(i < 3);
		on_wait(NULL);
		policy_settle(watch.world->policy);
	}
}

static void end_change(bool restart, bool settle)
{
	expect(watch.new);
	step_begin();
	if (restart) { /* as after kill -9 */
		policy_free(watch.world->policy);
		open_policy(watch.world, POLICY_ENFORCE);
	}
	assert_int_equal(update(watch.world), 0);
	watch.is_new = true;
	if (settle)
		settle_all();
	step_end();
	look(NULL);
	if (watch.wrong[0])
		fail_msg("%s", watch.wrong);
}

static void change_and_watch(struct chance *chance)
{
	begin_change();
	for (unsigned i = 1 + draw(chance, 4); i > 0; i--)
		chance_change(chance, watch.world);
	end_change(draw(chance, 4) == 0, draw(chance, 2));
}

static struct policy_world *open_world(void)
{
	struct policy_world *world = new_policy_world();
	struct policy_tables *tables = &world->memory->tables;

	policy_free(world->policy);
	watch = (struct watch){ .world = world };
	tables->switch_to = on_switch;
	tables->wait_for_readers = on_wait;
	step_open(tables, look, NULL);
	open_policy(world, POLICY_ENFORCE);
	return world;
}

static void close_world(struct policy_world *world)
{
	policy_free(world->policy);
	world->policy = NULL;
	step_close();
	free_policy_world(world);
}

static void policy_changes_leak_nothing_at_any_store(void **state)
{
	const char *text = getenv("POLICY_SEED");
	struct chance chance = { .state = text ? strtoull(text, NULL, 0)
					       : (uint64_t)time(NULL) * 2654435761U | 1 };
	unsigned long stores = 0;

	(void)state;
	print_message("POLICY_SEED=%#llx\n", (unsigned long long)chance.state);
	for (int cluster = 0; cluster < CLUSTERS; cluster++) {
		struct policy_world *world = open_world();

		for (int i = 0; i < QUESTIONS; i++)
			watch.questions[i] = chance_question(&chance);
		for (int change = 0; change < CHANGES; change++)
			change_and_watch(&chance);
		stores += step.stores;
		close_world(world);
	}
	print_message("%lu stores\n", stores);
	assert_true(stores > 1000);
}

/* ---- classes beyond the cells of sets in force ---- */
static void ask_of(const char *const *froms, size_t count, const char *to)
{
	for (size_t i = 0; i < QUESTIONS; i++)
		watch.questions[i] = (struct policy_question){
			.from = addr(froms[i % count]),
			.to = addr(to),
			.protocol = IPPROTO_TCP,
			.port = 80,
		};
}

static uint32_t classes_made(const struct policy_world *world)
{
	struct policy_usage usage;

	policy_usage(world->policy, &usage);
	return usage.peer_classes;
}

/* Each pod that comes is of a kind of its own to the one set in force. */
static void policy_set_outgrows_its_cells_without_a_leak(void **state)
{
	static const char *const froms[] = { "10.0.0.1",  "10.0.0.50", "10.0.0.96",
					     "10.0.0.97", "10.0.0.98", "10.0.0.130" };
	struct policy_world *world = open_world();
	struct object *policy = new_policy("red", "many", true, false);
	char address[32], app[16];

	(void)state;
	ask_of(froms, sizeof(froms) / sizeof(*froms), "10.0.1.1");
	for (int i = 0; i < 200; i++) {
		struct policy_spec_rule *rule = add_rule(policy, false);

		snprintf(app, sizeof(app), "app%d", i);
		add_pod_peer(rule, app);
		if (i % 2)
			add_port_range(rule, IPPROTO_TCP, 81, 81);
	}
	begin_change();
	put(world, policy);
	put(world, policy_pod("red", "subject", "10.0.1.1", "server"));
	end_change(false, false);
	for (int i = 0; i < 140; i++) {
		struct object *pod;

		snprintf(app, sizeof(app), "app%d", i);
		snprintf(address, sizeof(address), "10.0.0.%d", i);
		begin_change();
		pod = policy_pod("red", app, address, app);
		put(world, pod);
		end_change(false, false);
	}
	assert_true(classes_made(world) > 140);
	close_world(world);
}

/* Another pod's policy cuts what the first one allows into many classes. */
static void policy_regions_outgrow_cells_without_a_leak(void **state)
{
	static const char *const froms[] = { "10.9.0.1",   "10.9.63.1",	 "10.9.64.1",
					     "10.9.100.1", "10.9.180.1", "192.0.2.1" };
	struct policy_world *world = open_world();
	struct object *wide = new_policy("red", "wide", true, false);
	struct object *narrow = new_policy("green", "narrow", true, false);
	char block[32];

	(void)state;
	ask_of(froms, sizeof(froms) / sizeof(*froms), "10.0.1.1");
	add_block_peer(add_rule(wide, false), "10.0.0.0/8", NULL);
	for (int i = 0; i < 200; i++) {
		struct policy_spec_rule *rule = add_rule(narrow, false);

		snprintf(block, sizeof(block), "10.9.%d.0/28", i);
		add_block_peer(rule, block, NULL);
	}
	begin_change();
	put(world, wide);
	put(world, policy_pod("red", "subject", "10.0.1.1", "server"));
	put(world, policy_pod("green", "other", "10.0.1.2", "server"));
	end_change(false, false);
	begin_change();
	put(world, narrow);
	end_change(false, false);
	assert_true(classes_made(world) > 200);
	assert_int_equal(world->memory->state & HG_POLICY_EPOCH, 3); /* one more switch */
	close_world(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_set_outgrows_its_cells_without_a_leak),
		cmocka_unit_test(policy_regions_outgrow_cells_without_a_leak),
		cmocka_unit_test(policy_changes_leak_nothing_at_any_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
