// SPDX-License-Identifier: BSD-2-Clause
/* The sweeper and the flow list on real, mapped tables of several views. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <headgate/endian.h>
#include <headgate/hash.h>
#include "applied.h"

#define VIP    "10.96.0.10"
#define LINES  262144U
#define EMBRYO (1U << 30)

static struct applied applied;
static struct hg_flow *flows, *embryos;
static uint32_t backend, generation;
static uint64_t seed;
static const char *const AB[] = { "10.1.0.1", "10.1.0.2" };

static struct hg_flow *map_lines(const char *name, uint32_t lines)
{
	int fd = applied_map(name);
	void *memory = mmap(NULL, lines * sizeof(struct hg_flow), PROT_READ | PROT_WRITE,
			    MAP_SHARED, fd, 0);

	assert_true(memory != MAP_FAILED);
	close(fd);
	return memory;
}

static uint64_t read_seed(void)
{
	struct hg_state in_force;
	uint32_t zero = 0;
	int fd = applied_map("hg_state");

	assert_int_equal(bpf_map_lookup_elem(fd, &zero, &in_force), 0);
	close(fd);
	return in_force.seed;
}

static int setup(void **state)
{
	struct hg_service service;

	(void)state;
	applied_defaults(&applied);
	applied.options.flows = LINES / 4;
	applied_open(&applied);
	struct wanted_service *wanted = wanted_make("cart", VIP, AB, 2);
	assert_int_equal(applied_put(&applied, wanted), 0);
	wanted_service_free(wanted);
	applied_service(VIP, 80, IPPROTO_TCP, &service, NULL);
	backend = applied_find(&service, AB[0]);
	generation = applied_backend(backend).generation;
	seed = read_seed();
	flows = map_lines("hg_flows", LINES);
	embryos = map_lines("hg_embryos", 65536);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	munmap(flows, LINES * sizeof(*flows));
	munmap(embryos, 65536 * sizeof(*embryos));
	applied_end(&applied);
	return 0;
}

static uint32_t now_tick(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (
	    uint32_t)(((uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec) >>
		      HG_TICK_SHIFT);
}

/* A flow of client port `port`: forward line in place, reply where told. */
static uint32_t put_flow(struct hg_flow *table, uint32_t reply, uint16_t port,
			 uint32_t idle_s)
{
	bool main_table = table == flows;
	uint32_t mask = main_table ? LINES - 1 : 65535, bit = main_table ? 0 : EMBRYO;
	struct hg_flow line = {
		.ctl = HG_FLOW_LIVE | HG_FLOW_SYN | HG_FLOW_ACK,
		.backend = backend | generation << HG_BACKEND_BITS,
		.seen = now_tick() - HG_TICKS(idle_s),
		.partner = reply | bit,
		.port = be16(40000),
		.snat = 1,
	};

	line.key.src.words[3] = 0x01020304;
	line.key.sport = be16(port);
	line.key.dport = be16(80);
	line.key.protocol = IPPROTO_TCP;
	uint32_t index = (uint32_t)hg_hash_flow(&line.key, seed) & mask;
	line.reach = table[index].reach;
	table[index] = line;
	line.ctl |= HG_FLOW_REPLY;
	line.partner = index | bit;
	table[reply] = line;
	return index;
}

static void sweep_all(void)
{
	/* 4 views and 1; twice, wherever the sweeper stands. */
	for (int i = 0; i < 10; i++)
		datapath_tick(applied.datapath);
}

static bool is_live(const struct hg_flow *line)
{
	return (line->ctl & HG_FLOW_STATE) == HG_FLOW_LIVE;
}

static uint64_t expired(void)
{
	uint64_t value = 0;
	int fd = applied_map("hg_expired");

	assert_int_equal(bpf_map_lookup_elem(fd, &backend, &value), 0);
	close(fd);
	return value;
}

static void an_idle_flow_goes_with_both_directions(void **state)
{
	(void)state;
	for (uint32_t view = 0; view < 4; view++) {
		uint32_t reply = view * 65536 + 77;
		uint32_t index = put_flow(flows, reply, (uint16_t)(5000 + view), 4000);

		sweep_all();
		assert_false(is_live(&flows[index]));
		assert_false(is_live(&flows[reply]));
		assert_int_equal(flows[index].ctl >> 16, 1);
		assert_int_equal(expired(), view + 1);
	}
}

/* More than a tick looks at, behind others that are idle in one direction only. */
static void many_flows_that_end_at_once_all_go(void **state)
{
	enum { MANY = 9000, BUSY = 5000 };

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		struct hg_flow line = { .ctl = HG_FLOW_LIVE | HG_FLOW_ACK,
					.backend = backend | generation
								 << HG_BACKEND_BITS,
					.seen = now_tick() - HG_TICKS(4000),
					.partner = 2 * 65536 + i };

		line.key.protocol = IPPROTO_TCP;
		line.key.sport = be16((uint16_t)i);
		flows[i] = line;
		line.ctl |= HG_FLOW_REPLY;
		line.seen = i < BUSY ? now_tick() : line.seen;
		line.partner = i;
		flows[2 * 65536 + i] = line;
	}
	for (int passes = 0; passes < 6; passes++)
		sweep_all();
	for (uint32_t i = 0; i < MANY; i++) {
		assert_int_equal(is_live(&flows[i]), i < BUSY);
		assert_int_equal(is_live(&flows[2 * 65536 + i]), i < BUSY);
	}
	assert_int_equal(expired(), MANY - BUSY);
}

static void one_busy_direction_keeps_both(void **state)
{
	(void)state;
	uint32_t reply = 200000, index = put_flow(flows, reply, 5001, 4000);

	flows[reply].seen = now_tick();
	sweep_all();
	assert_true(is_live(&flows[index]));
	flows[reply].seen = flows[index].seen;
	flows[index].seen = now_tick();
	sweep_all();
	assert_true(is_live(&flows[reply]));
	assert_int_equal(expired(), 0);
}

static void a_reset_ends_the_flow_soon(void **state)
{
	(void)state;
	uint32_t reply = 100000, index = put_flow(flows, reply, 5002, 20);

	sweep_all();
	assert_true(is_live(&flows[index]));
	flows[reply].ctl |= HG_FLOW_RST;
	sweep_all();
	assert_true(is_live(&flows[index]));
	flows[reply].ctl |= HG_FLOW_RESET;
	sweep_all();
	assert_false(is_live(&flows[index]));
	assert_false(is_live(&flows[reply]));
}

static void embryonic_flows_have_their_own_timeout(void **state)
{
	(void)state;
	uint32_t old = put_flow(embryos, 9, 5003, 70),
		 young = put_flow(embryos, 10, 5004, 20);

	sweep_all();
	assert_false(is_live(&embryos[old]));
	assert_false(is_live(&embryos[9]));
	assert_true(is_live(&embryos[young]));
	assert_int_equal(expired(), 1);
}

static void an_expired_flow_of_an_earlier_backend_is_not_counted(void **state)
{
	(void)state;
	uint32_t index = put_flow(flows, 5, 5005, 4000);

	flows[index].backend += 1U << HG_BACKEND_BITS;
	flows[5].backend = flows[index].backend;
	sweep_all();
	assert_false(is_live(&flows[index]));
	assert_int_equal(expired(), 0);
}

static bool is_free(void *context)
{
	const struct hg_flow *line = context;

	return (line->ctl & HG_FLOW_STATE) == HG_FLOW_FREE;
}

static void a_line_left_pending_is_freed(void **state)
{
	struct timespec start, end;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &start);
	flows[123456].ctl = HG_FLOW_PENDING;
	assert_true(applied_tick_until(&applied, is_free, &flows[123456], 20));
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - start.tv_sec >= 1);
	assert_int_equal(flows[123456].ctl >> 16, 1);
}

static void reach_is_lowered_when_the_farthest_key_has_gone(void **state)
{
	(void)state;
	uint32_t index = put_flow(flows, 60000, 5006, 0);
	uint32_t far = (index + 20) & (LINES - 1);

	flows[index].reach = 20;
	flows[far] = flows[index];
	flows[far].reach = 0;
	sweep_all();
	assert_int_equal(flows[index].reach, 20);
	flows[far].ctl = HG_FLOW_FREE;
	sweep_all();
	assert_int_equal(flows[index].reach, 0);
}

static void reach_is_left_while_somebody_inserts(void **state)
{
	uint32_t index = put_flow(flows, 60000, 5007, 0), none = 0;
	uint32_t held = hg_lock_holder(now_tick(), 1);
	uint32_t lock = index & (HG_LOCKS - 1);
	int fd = applied_map("hg_locks");

	(void)state;
	flows[index].reach = 7;
	assert_int_equal(bpf_map_update_elem(fd, &lock, &held, BPF_ANY), 0);
	sweep_all();
	assert_int_equal(flows[index].reach, 7);
	assert_int_equal(bpf_map_update_elem(fd, &lock, &none, BPF_ANY), 0);
	sweep_all();
	assert_int_equal(flows[index].reach, 0);
	close(fd);
}

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
	put_flow(flows, 150000, 5010, 10);
	uint32_t index = put_flow(flows, 70000, 5011, 10);
	put_flow(embryos, 44, 5012, 10);
	flows[70000].ctl |= HG_FLOW_FIN;
	assert_int_equal(datapath_each_flow(applied.datapath, note, &seen), 0);
	assert_int_equal(seen.count, 3);
	assert_int_equal(datapath_delete_flows(applied.datapath, is_port_5011, NULL), 1);
	assert_false(is_live(&flows[index]));
	assert_false(is_live(&flows[70000]));
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(datapath_each_flow(applied.datapath, note, &seen), 0);
	assert_int_equal(seen.count, 2);
	/* Embryonic ones come last. */
	assert_true(seen.flow.embryonic);
	assert_int_equal(seen.flow.client_port, 5012);
	assert_int_equal(seen.flow.vport, 80);
	assert_int_equal(seen.flow.backend_port, 8080);
	assert_int_equal(seen.flow.snat_port, 40000);
	assert_in_range(seen.flow.idle_s, 8, 11);
	assert_in_range(seen.flow.expires_s, 48, 52);
	assert_int_equal(expired(), 1);
}

static void put_direct(uint32_t reply, uint16_t port, uint32_t idle_s)
{
	uint32_t index = put_flow(flows, reply, port, idle_s);

	flows[index].key.dst.words[3] = 0x05060708;
	flows[index].snat = 0;
	flows[index].backend = flows[reply].backend = HG_FLOW_FROM_NODE;
}

static void direct_flows_are_listed_without_backend_and_counted_nowhere(void **state)
{
	struct seen seen = { 0 };
	uint64_t nobody = 0;
	uint32_t zero = 0;
	int fd = applied_map("hg_expired");

	(void)state;
	put_direct(70000, 5013, 10);
	assert_int_equal(datapath_each_flow(applied.datapath, note, &seen), 0);
	assert_int_equal(seen.count, 1);
	assert_true(seen.flow.direct);
	assert_memory_equal(&seen.flow.backend, &seen.flow.vip, 16);
	assert_int_equal(seen.flow.backend.words[3], 0x05060708);
	assert_int_equal(seen.flow.backend_port, 80);
	put_direct(70000, 5013, 4000);
	put_direct(70001, 5014, 4000);
	for (uint32_t i = 70000; i < 70002; i++) {
		flows[i].backend = 0; /* a pod opened it */
		flows[flows[i].partner].backend = 0;
	}
	sweep_all();
	assert_false(is_live(&flows[70000]));
	assert_int_equal(bpf_map_lookup_elem(fd, &zero, &nobody), 0);
	assert_int_equal(nobody, 0);
	assert_int_equal(expired(), 0);
	close(fd);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(an_idle_flow_goes_with_both_directions),
		CASE(many_flows_that_end_at_once_all_go),
		CASE(one_busy_direction_keeps_both),
		CASE(a_reset_ends_the_flow_soon),
		CASE(embryonic_flows_have_their_own_timeout),
		CASE(an_expired_flow_of_an_earlier_backend_is_not_counted),
		CASE(a_line_left_pending_is_freed),
		CASE(reach_is_lowered_when_the_farthest_key_has_gone),
		CASE(reach_is_left_while_somebody_inserts),
		CASE(flows_are_listed_once_and_deleted_on_request),
		CASE(direct_flows_are_listed_without_backend_and_counted_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
