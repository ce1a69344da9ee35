/* SPDX-License-Identifier: BSD-2-Clause */
/* Which Services share which checks: identity, lifetime, and a naive twin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "../../control/health/check_set.h"

#define BACKENDS 12
#define SERVICES 6
#define PORT	 80

/* What admit() and dismiss() have said: how many times each backend is scheduled. */
struct owner {
	struct check_set set;
	int live[256];
	char told[200];
	bool remove_when_told;
};

static struct check_spec SPEC = {
	.type = CHECK_TCP, .interval_ms = 1000, .timeout_ms = 500, .rise = 2, .fall = 3
};

static void admit(void *context, struct check *check)
{
	struct owner *owner = context;

	check->phase = CHECK_WAITING;
	schedule_set(&owner->set.schedule, &check->entry, 0);
	owner->live[check->target.addr.bytes[15]]++;
}

static void dismiss(void *context, struct check *check)
{
	struct owner *owner = context;

	schedule_remove(&owner->set.schedule, &check->entry);
	owner->live[check->target.addr.bytes[15]]--;
}

static void told(void *context, const char *namespace, const char *name)
{
	struct owner *owner = context;
	size_t used = strlen(owner->told);

	if (owner->remove_when_told)
		check_set_replace(&owner->set, namespace, name, NULL);
	/* the names must have outlived the Service */
	snprintf(owner->told + used, sizeof(owner->told) - used, "%s/%s ", namespace,
		 name);
}

static int open_owner(void **state)
{
	struct owner *owner = calloc(1, sizeof(*owner));

	owner->set.admit = admit;
	owner->set.dismiss = dismiss;
	owner->set.context = owner;
	*state = owner;
	return 0;
}

static int close_owner(void **state)
{
	struct owner *owner = *state;

	check_set_clear(&owner->set);
	for (size_t i = 0; i < 256; i++)
		assert_int_equal(owner->live[i], 0);
	free(owner);
	return 0;
}

static struct hg_addr backend(unsigned number)
{
	struct hg_addr addr;

	addr_from_v4(__builtin_bswap32(0x0a000000 + number), &addr);
	return addr;
}

/* The Service's checks are the backends whose bit is set in members. */
static void want(struct owner *owner, const char *name, const struct check_spec *spec,
		 unsigned members)
{
	struct wanted_check checks[BACKENDS];
	struct wanted_service wanted = { .check = *spec, .checks = checks };

	for (unsigned i = 0; i < BACKENDS; i++) {
		if (members & 1U << i)
			checks[wanted.check_count++] =
			    (struct wanted_check){ backend(i), PORT };
	}
	assert_int_equal(check_set_replace(&owner->set, "shop", name, &wanted), 0);
}

static struct check *find(struct owner *owner, unsigned number,
			  const struct check_spec *spec)
{
	struct hg_addr addr = backend(number);

	return check_set_find(&owner->set, &addr, PORT, spec);
}

static void check_set_equal_checks_are_one(void **state)
{
	struct owner *owner = *state;

	want(owner, "cart", &SPEC, 0x3);
	want(owner, "till", &SPEC, 0x6);
	assert_int_equal(check_set_count(&owner->set), 3);
	assert_int_equal(owner->live[1], 1);
	want(owner, "cart", &SPEC, 0);
	assert_null(find(owner, 0, &SPEC));
	assert_non_null(find(owner, 1, &SPEC));
	want(owner, "till", &SPEC, 0);
	assert_int_equal(check_set_count(&owner->set), 0);
}

/* One change to a specification each; all but the last make it another check. */
static void check_set_any_difference_is_another_check(void **state)
{
	struct owner *owner = *state;
	struct check_spec specs[13];
	char texts[4][2] = { "p", "h", "s", "e" };
	size_t count = sizeof(specs) / sizeof(specs[0]);

	for (size_t i = 0; i < count; i++)
		specs[i] = SPEC;
	specs[1].type = CHECK_HTTP;
	specs[2].path = texts[0];
	specs[3].host = texts[1];
	specs[4].send = texts[2];
	specs[5].expect = texts[3];
	specs[6].status_first = 1;
	specs[7].status_last = 1;
	specs[8].interval_ms = 1;
	specs[9].timeout_ms = 1;
	specs[10].rise = 1;
	specs[11].fall = 1;
	specs[12].port = PORT; /* resolved: the same check as specs[0] */
	for (size_t i = 0; i < count; i++) {
		char name[8];

		snprintf(name, sizeof(name), "s%zu", i);
		want(owner, name, &specs[i], 1);
		assert_int_equal(check_set_count(&owner->set), i < 12 ? i + 1 : 12);
	}
	memset(texts, 0, sizeof(texts)); /* the checks own their texts */
	assert_null(find(owner, 0, &specs[2]));
}

static void check_set_replacement_keeps_checks_that_stay(void **state)
{
	struct owner *owner = *state;

	want(owner, "cart", &SPEC, 0x3);
	struct check *stays = find(owner, 1, &SPEC);

	stays->verdict.state = HEALTH_UP;
	want(owner, "cart", &SPEC, 0x6);
	assert_ptr_equal(find(owner, 1, &SPEC), stays);
	assert_int_equal(stays->verdict.state, HEALTH_UP);
	assert_null(find(owner, 0, &SPEC));
}

static void check_set_tells_each_marked_service_once(void **state)
{
	struct owner *owner = *state;

	want(owner, "cart", &SPEC, 0x3);
	want(owner, "till", &SPEC, 0x6);
	check_set_mark(&owner->set, find(owner, 0, &SPEC));
	check_set_mark(&owner->set, find(owner, 1, &SPEC));
	check_set_tell(&owner->set, told, owner);
	assert_string_equal(owner->told, "shop/cart shop/till ");
	check_set_tell(&owner->set, told, owner);
	assert_string_equal(owner->told, "shop/cart shop/till ");
}

static void check_set_a_told_service_may_be_removed(void **state)
{
	struct owner *owner = *state;

	want(owner, "cart", &SPEC, 0x1);
	want(owner, "till", &SPEC, 0x1);
	check_set_mark(&owner->set, find(owner, 0, &SPEC));
	owner->remove_when_told = true;
	check_set_tell(&owner->set, told, owner);
	assert_string_equal(owner->told, "shop/cart shop/till ");
	assert_int_equal(check_set_count(&owner->set), 0);
}

static void check_set_a_removed_service_is_not_told(void **state)
{
	struct owner *owner = *state;

	want(owner, "cart", &SPEC, 0x1);
	want(owner, "till", &SPEC, 0x1);
	check_set_mark(&owner->set, find(owner, 0, &SPEC));
	want(owner, "cart", &SPEC, 0);
	check_set_tell(&owner->set, told, owner);
	assert_string_equal(owner->told, "shop/till ");
}

static void check_set_agrees_with_a_naive_twin(void **state)
{
	struct owner *owner = *state;
	unsigned members[SERVICES] = { 0 }, seed = (unsigned)time(NULL);

	print_message("seed %u\n", seed);
	srandom(seed);
	for (int round = 0; round < 3000; round++) {
		size_t service = (size_t)random() % SERVICES;
		unsigned all = 0;
		char name[8];

		members[service] = (unsigned)random() % (1U << BACKENDS);
		snprintf(name, sizeof(name), "s%zu", service);
		want(owner, name, &SPEC, members[service]);
		for (size_t i = 0; i < SERVICES; i++)
			all |= members[i];
		assert_int_equal(check_set_count(&owner->set), __builtin_popcount(all));
		for (unsigned i = 0; i < BACKENDS; i++)
			assert_int_equal(owner->live[i], all >> i & 1);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_owner, close_owner)
	const struct CMUnitTest tests[] = {
		TEST(check_set_equal_checks_are_one),
		TEST(check_set_any_difference_is_another_check),
		TEST(check_set_replacement_keeps_checks_that_stay),
		TEST(check_set_tells_each_marked_service_once),
		TEST(check_set_a_told_service_may_be_removed),
		TEST(check_set_a_removed_service_is_not_told),
		TEST(check_set_agrees_with_a_naive_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
