// SPDX-License-Identifier: BSD-2-Clause
/*
 * A grace period ends no earlier than the programs that were under way when it began, by
 * either means. They take as long as no sleep would have waited for: each copies a page of
 * memory thousands of times, and counts when it begins and when it ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "../../control/datapath/grace.h"

#define COPY	       32768 /* bytes */
#define COPIES	       30000
#define ROUNDS	       12
#define LONG	       25000000ULL /* ns: what a program must take for this to say anything */
#define ROUNDS_AT_MOST 400	   /* where CPUs are few, most are seen near their end */

#define MAP_ADDRESS(reg, kind, fd, offset)                                               \
	{ .code = BPF_LD | BPF_DW | BPF_IMM,                                             \
	  .dst_reg = reg,                                                                \
	  .src_reg = kind,                                                               \
	  .imm = fd },                                                                   \
	{                                                                                \
		.imm = offset                                                            \
	}
#define MOVE(to, from)                                                                   \
	{                                                                                \
		.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = to, .src_reg = from      \
	}
#define SET(reg, value)                                                                  \
	{                                                                                \
		.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = reg, .imm = value        \
	}
#define ADD(reg, value)                                                                  \
	{                                                                                \
		.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = reg, .imm = value        \
	}
#define COUNT                                                                            \
	{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 1, .src_reg = 6 }, ADD(1, 1),   \
	{                                                                                \
		.code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 6, .src_reg = 1           \
	}

static volatile uint64_t *count; /* odd: a program is under way */
static int program;
static bool over;

/* count++; for (COPIES) target[0] = source[0]; count++; return XDP_PASS; */
static int load_slow(int counter, int source, int target)
{
	const struct bpf_insn insns[] = {
		MAP_ADDRESS(6, BPF_PSEUDO_MAP_VALUE, counter, 0),
		COUNT,
		SET(7, COPIES),
		/* loop: */
		MOVE(2, 10),
		ADD(2, -8),
		{ .code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = 10, .off = -8 },
		MAP_ADDRESS(1, BPF_PSEUDO_MAP_FD, target, 0),
		MAP_ADDRESS(3, BPF_PSEUDO_MAP_VALUE, source, 0),
		SET(4, BPF_ANY),
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_update_elem },
		ADD(7, -1),
		{ .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = 7, .off = -11 },
		COUNT,
		SET(0, 2 /* XDP_PASS */),
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "slow", "Dual BSD/GPL", insns,
			     sizeof(insns) / sizeof(*insns), NULL);
}

static void *run_again_and_again(void *context)
{
	unsigned char frame[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame,
		    .data_size_in = sizeof(frame), .repeat = 1);

	(void)context;
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED))
		if (bpf_prog_test_run_opts(program, &run) < 0)
			abort();
	return NULL;
}

static int open_program(void **state)
{
	LIBBPF_OPTS(bpf_map_create_opts, mapped, .map_flags = BPF_F_MMAPABLE);
	int counter =
	    bpf_map_create(BPF_MAP_TYPE_ARRAY, "count", 4, sizeof(uint64_t), 1, &mapped);
	int source = bpf_map_create(BPF_MAP_TYPE_ARRAY, "from", 4, COPY, 1, NULL);
	int target = bpf_map_create(BPF_MAP_TYPE_ARRAY, "to", 4, COPY, 1, NULL);

	(void)state;
	program = load_slow(counter, source, target);
	if (counter < 0 || source < 0 || target < 0 || program < 0)
		return -1;
	count =
	    mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, counter, 0);
	return count == MAP_FAILED ? -1 : 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/* The count while a program is under way. */
static uint64_t await_program(uint64_t after)
{
	while (*count <= after || !(*count & 1))
		sched_yield();
	return *count;
}

static void check_means(enum grace_means first, enum grace_means wanted)
{
	uint64_t longest = 0;
	pthread_t runner;

	assert_int_equal(grace_open(first), 0);
	if (first == GRACE_NONE && grace_means() == GRACE_MAP)
		wanted = GRACE_MAP; /* a nohz_full kernel */
	assert_int_equal(grace_means(), wanted);
	over = false;
	assert_int_equal(pthread_create(&runner, NULL, run_again_and_again, NULL), 0);
	for (int i = 0; i < ROUNDS || (longest <= LONG && i < ROUNDS_AT_MOST); i++) {
		uint64_t under_way = await_program(*count), start = now_ns();

		grace_wait();
		if (*count == under_way)
			fail_msg("round %d: a program goes on after its grace period", i);
		longest = now_ns() - start > longest ? now_ns() - start : longest;
	}
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	pthread_join(runner, NULL);
	assert_true(longest > LONG);
}

static void membarrier_waits_for_programs_under_way(void **state)
{
	(void)state;
	check_means(GRACE_NONE, GRACE_MEMBARRIER);
}

static void where_it_is_refused_a_map_of_maps_does(void **state)
{
	(void)state;
	check_means(GRACE_MAP, GRACE_MAP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(membarrier_waits_for_programs_under_way),
		cmocka_unit_test(where_it_is_refused_a_map_of_maps_does),
	};

	return cmocka_run_group_tests(tests, open_program, NULL);
}
