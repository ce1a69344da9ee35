// SPDX-License-Identifier: BSD-2-Clause
/* Address records: what the frontends at an address make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "applied.h"

#define VIP "10.96.0.1"

static struct applied applied;
static const char *const AB[] = { "10.1.0.1", "10.1.0.2" };

static int setup(void **state)
{
	(void)state;
	applied_defaults(&applied);
	applied_open(&applied);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	applied_end(&applied);
	return 0;
}

static uint32_t address_flags(void)
{
	struct hg_service address;

	assert_true(applied_service(VIP, 0, 0, &address, NULL));
	return address.flags;
}

static int put_shared(bool shared)
{
	struct wanted_service *wanted = wanted_make("cart", VIP, AB, 2);

	wanted->ports[0].frontends[0].flags = shared ? HG_SERVICE_SHARED : 0;
	int r = applied_put(&applied, wanted);
	wanted_service_free(wanted);
	return r;
}

/* One frontend that shares it suffices; a restart knows; it ends with the last of them. */
static void an_address_is_shared_as_long_as_a_frontend_says_so(void **state)
{
	(void)state;
	assert_int_equal(put_shared(false), 0);
	assert_int_equal(address_flags(), HG_SERVICE_ADDRESS);
	assert_int_equal(put_shared(true), 0);
	assert_int_equal(address_flags(), HG_SERVICE_ADDRESS | HG_SERVICE_SHARED);
	applied_close(&applied);
	applied_open(&applied);
	assert_int_equal(address_flags(), HG_SERVICE_ADDRESS | HG_SERVICE_SHARED);
	assert_int_equal(put_shared(true), 0);
	assert_int_equal(datapath_settle(applied.datapath, &applied.complaints), 0);
	assert_int_equal(address_flags(), HG_SERVICE_ADDRESS | HG_SERVICE_SHARED);
	assert_int_equal(put_shared(false), 0);
	assert_int_equal(address_flags(), HG_SERVICE_ADDRESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    an_address_is_shared_as_long_as_a_frontend_says_so, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
