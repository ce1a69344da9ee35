// SPDX-License-Identifier: BSD-2-Clause
/* The flow list on real, mapped tables of several views. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>
#include <headgate/endian.h>
#include <headgate/hash.h>
#include "swept.h"

struct seen {
	unsigned count;
	struct datapath_flow flow;
};

static int note(void *context, const struct datapath_flow *flow)
{
	struct seen *seen = context;

	seen->count++;
	seen->flow = *flow;
	return 0;
}

static bool is_port_5011(void *context, const struct datapath_flow *flow)
{
	(void)context;
	return flow->client_port == 5011;
}

static void flows_are_listed_once_and_deleted_on_request(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	put_flow(swept.flows, 150000, 5010, 10);
	uint32_t index = put_flow(swept.flows, 70000, 5011, 10);
	put_flow(swept.embryos, 44, 5012, 10);
	swept.flows[70000].ctl |= HG_FLOW_FIN;
	assert_int_equal(datapath_each_flow(swept.applied.datapath, note, &seen), 0);
	assert_int_equal(seen.count, 3);
	assert_int_equal(
	    datapath_delete_flows(swept.applied.datapath, is_port_5011, NULL), 1);
	assert_false(is_live(&swept.flows[index]));
	assert_false(is_live(&swept.flows[70000]));
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(datapath_each_flow(swept.applied.datapath, note, &seen), 0);
	assert_int_equal(seen.count, 2);
	/* Embryonic ones come last. */
	assert_true(seen.flow.embryonic);
	assert_int_equal(seen.flow.client_port, 5012);
	assert_int_equal(seen.flow.vport, 80);
	assert_int_equal(seen.flow.backend_port, 8080);
	assert_int_equal(seen.flow.snat_port, 40000);
	assert_in_range(seen.flow.idle_s, 8, 11);
	assert_in_range(seen.flow.expires_s, 48, 52);
	assert_int_equal(expired_flows(), 1);
}

static void put_direct(uint32_t reply, uint16_t port, uint32_t idle_s)
{
	uint32_t index = put_flow(swept.flows, reply, port, idle_s);

	swept.flows[index].key.dst.words[3] = 0x05060708;
	swept.flows[index].snat = 0;
	swept.flows[index].backend = swept.flows[reply].backend = HG_FLOW_FROM_NODE;
}

static void direct_flows_are_listed_without_backend_and_counted_nowhere(void **state)
{
	struct seen seen = { 0 };
	uint64_t nobody = 0;
	uint32_t zero = 0;
	int fd = applied_map("hg_expired");

	(void)state;
	put_direct(70000, 5013, 10);
	assert_int_equal(datapath_each_flow(swept.applied.datapath, note, &seen), 0);
	assert_int_equal(seen.count, 1);
	assert_true(seen.flow.direct);
	assert_memory_equal(&seen.flow.backend, &seen.flow.vip, 16);
	assert_int_equal(seen.flow.backend.words[3], 0x05060708);
	assert_int_equal(seen.flow.backend_port, 80);
	put_direct(70000, 5013, 4000);
	put_direct(70001, 5014, 4000);
	for (uint32_t i = 70000; i < 70002; i++) {
		swept.flows[i].backend = 0; /* a pod opened it */
		swept.flows[swept.flows[i].partner].backend = 0;
	}
	sweep_all();
	assert_false(is_live(&swept.flows[70000]));
	assert_int_equal(bpf_map_lookup_elem(fd, &zero, &nobody), 0);
	assert_int_equal(nobody, 0);
	assert_int_equal(expired_flows(), 0);
	close(fd);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, swept_setup, swept_teardown)
	const struct CMUnitTest tests[] = {
		CASE(flows_are_listed_once_and_deleted_on_request),
		CASE(direct_flows_are_listed_without_backend_and_counted_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
