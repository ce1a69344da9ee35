// SPDX-License-Identifier: BSD-2-Clause
/* Endpoints under numbers, against a naive twin: counts of users in a list of keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <headgate/endian.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <time.h>
#include "../../control/datapath/endpoint.h"

#define KEYS  60U
#define SIZE  32U /* fewer numbers and chains than keys */
#define STEPS 100000

/* Four keys per address: two ports, two protocols. */
static struct endpoint nth(uint32_t n)
{
	return (struct endpoint){ .addr.bytes = { [10] = 0xff,
						  [11] = 0xff,
						  [12] = 10,
						  [15] = (uint8_t)(n / 4) },
				  .port = be16(n & 1 ? 80 : 81),
				  .protocol = n & 2 ? IPPROTO_TCP : IPPROTO_UDP };
}

static void one_number_for_all_users_of_an_endpoint(void **state)
{
	struct endpoint key = nth(0), other = nth(1);
	struct endpoints endpoints;
	uint32_t first, second, third;

	(void)state;
	assert_int_equal(endpoints_open(&endpoints, SIZE), 0);
	assert_int_equal(endpoint_take(&endpoints, &key, 7, &first), 0);
	assert_int_equal(endpoint_take(&endpoints, &key, 9, &second), 0);
	assert_int_equal(first, 7);
	assert_int_equal(second, 7);
	assert_int_equal(endpoint_take(&endpoints, &other, 7, &third), -EEXIST);
	assert_int_equal(endpoint_take(&endpoints, &other, SIZE, &third), -ERANGE);
	endpoint_drop(&endpoints, 7, 0);
	assert_int_equal(endpoint_find(&endpoints, &key), 7);
	endpoint_drop(&endpoints, 7, 0);
	assert_int_equal(endpoint_find(&endpoints, &key), 0);
	endpoints_close(&endpoints);
}

static void random_operations_match_the_naive_twin(void **state)
{
	uint32_t users[KEYS] = { 0 }, numbers[KEYS] = { 0 }, known = 0;
	unsigned seed = (unsigned)time(NULL);
	struct endpoints endpoints;

	(void)state;
	print_message("# seed %u\n", seed);
	assert_int_equal(endpoints_open(&endpoints, SIZE), 0);
	for (uint64_t step = 0; step < STEPS; step++) {
		uint32_t n = (uint32_t)rand_r(&seed) % KEYS, number = 0;
		struct endpoint key = nth(n);

		assert_int_equal(endpoint_find(&endpoints, &key),
				 users[n] ? numbers[n] : 0);
		id_pool_tick(&endpoints.ids, step + QUARANTINE_NS);
		if (rand_r(&seed) % 2 && users[n]) {
			endpoint_drop(&endpoints, numbers[n], step);
			known -= !--users[n];
			continue;
		}
		int r = endpoint_take(&endpoints, &key, 0, &number);
		assert_int_equal(r < 0, !users[n] && known == SIZE - 1);
		if (r < 0)
			continue;
		assert_true(!users[n] || number == numbers[n]);
		numbers[n] = number;
		known += !users[n]++;
	}
	endpoints_close(&endpoints);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_number_for_all_users_of_an_endpoint),
		cmocka_unit_test(random_operations_match_the_naive_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
