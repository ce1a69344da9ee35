// SPDX-License-Identifier: BSD-2-Clause
/* Counted address bits and lines of SNAT addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <headgate/hash.h>
#include "../../control/datapath/addr_filter.h"

static struct hg_addr nth(uint32_t n)
{
	struct hg_addr addr = { .bytes = { [10] = 0xff, [11] = 0xff, [12] = 10 } };

	addr.words[3] |= n << 8;
	return addr;
}

static void a_bit_stays_while_one_reason_is_left(void **state)
{
	struct hg_addr addr = nth(77);
	uint32_t bit = hg_hash_addr(&addr) & 0xffff;
	struct addr_filter filter;

	(void)state;
	assert_int_equal(addr_filter_open(&filter), 0);
	assert_int_equal(addr_filter_add(&filter, &addr), bit / 64);
	assert_int_equal(addr_filter_add(&filter, &addr), -1);
	assert_true(addr_filter_word(&filter, bit / 64) == 1ULL << (bit % 64));
	assert_int_equal(addr_filter_remove(&filter, &addr), -1);
	assert_true(addr_filter_word(&filter, bit / 64) == 1ULL << (bit % 64));
	assert_int_equal(addr_filter_remove(&filter, &addr), bit / 64);
	assert_true(addr_filter_word(&filter, bit / 64) == 0);
	addr_filter_close(&filter);
}

static void addresses_that_share_a_bit_do_not_clear_it_for_each_other(void **state)
{
	struct hg_addr first = nth(1), other;
	uint32_t bit = hg_hash_addr(&first) & 0xffff, n = 2;
	struct addr_filter filter;

	(void)state;
	do
		other = nth(n++);
	while ((hg_hash_addr(&other) & 0xffff) != bit);
	assert_int_equal(addr_filter_open(&filter), 0);
	addr_filter_add(&filter, &first);
	addr_filter_add(&filter, &other);
	assert_int_equal(addr_filter_remove(&filter, &first), -1);
	assert_true(addr_filter_word(&filter, bit / 64) >> (bit % 64) & 1);
	assert_int_equal(addr_filter_remove(&filter, &other), bit / 64);
	addr_filter_close(&filter);
}

static void snat_addresses_lie_within_their_window(void **state)
{
	struct hg_local locals[HG_LOCALS] = { 0 };
	struct hg_addr addr = nth(5);
	unsigned home = hg_hash_addr(&addr) & (HG_LOCALS - 1);

	(void)state;
	assert_int_equal(locals_find(locals, &addr), -ENOENT);
	assert_int_equal(locals_place(locals, &addr), home);
	for (unsigned i = 0; i < HG_LOCAL_WINDOW - 1; i++)
		locals[(home + i) & (HG_LOCALS - 1)].snat = 9;
	unsigned last = (home + HG_LOCAL_WINDOW - 1) & (HG_LOCALS - 1);
	assert_int_equal(locals_place(locals, &addr), last);
	locals[last] = (struct hg_local){ .addr = addr, .snat = 3 };
	assert_int_equal(locals_find(locals, &addr), last);
	assert_int_equal(locals_place(locals, &addr), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bit_stays_while_one_reason_is_left),
		cmocka_unit_test(
		    addresses_that_share_a_bit_do_not_clear_it_for_each_other),
		cmocka_unit_test(snat_addresses_lie_within_their_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
