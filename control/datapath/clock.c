/* SPDX-License-Identifier: BSD-2-Clause */
#include "clock.h"
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <time.h>
#include <bpf/bpf.h>
#include "../lib/cleanup.h"

#define FRAME 64 /* what a test run takes at least, and room for the answer */

static uint64_t ns_of(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * 1000000000ULL + (uint64_t)time->tv_nsec;
}

uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return ns_of(&now);
}

uint32_t clock_tick(void)
{
	return (uint32_t)(clock_ns() >> HG_TICK_SHIFT);
}

/* An XDP program that writes jiffies over the first 8 bytes of its packet. */
static int load_reader(void)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 6, .src_reg = 1 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_jiffies64 },
		{ .code = BPF_LDX | BPF_MEM | BPF_W,
		  .dst_reg = 2,
		  .src_reg = 6,
		  .off = offsetof(struct xdp_md, data) },
		{ .code = BPF_LDX | BPF_MEM | BPF_W,
		  .dst_reg = 3,
		  .src_reg = 6,
		  .off = offsetof(struct xdp_md, data_end) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 4, .src_reg = 2 },
		{ .code = BPF_ALU64 | BPF_ADD, .dst_reg = 4, .imm = 8 },
		{ .code = BPF_JMP | BPF_JGT | BPF_X,
		  .dst_reg = 4,
		  .src_reg = 3,
		  .off = 1 },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 2, .src_reg = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "headgate_clock", "Dual BSD/GPL", program,
			     sizeof(program) / sizeof(*program), NULL);
}

int clock_calibrate(struct hg_config *config)
{
	_cleanup_close_ int reader = load_reader();
	unsigned char frame[FRAME] = { 0 };
	struct timespec jiffy;
	uint64_t jiffies;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = FRAME,
		    .data_out = frame, .data_size_out = FRAME, .repeat = 1);

	if (reader < 0)
		return reader;
	int r = bpf_prog_test_run_opts(reader, &run);
	if (r < 0)
		return r;
	/* The resolution of the coarse clocks is one jiffy (hrtimer_get_res()). */
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &jiffy) < 0)
		return -errno;
	memcpy(&jiffies, frame, sizeof(jiffies));
	config->jiffy_ns = ns_of(&jiffy);
	config->clock_base = clock_ns() - jiffies * config->jiffy_ns;
	return 0;
}
