// SPDX-License-Identifier: BSD-2-Clause
/*
 * The floor is Linux 5.15. No such kernel is at hand, so this shows less: programs that are
 * told what it lacks call none of its later helpers, and the daemon says what is missing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../../control/datapath/state.h"
#include "applied.h"
#include "harness.h"
#include "netspace.h"

#define NIC	   "hgfloor0"
#define FLOOR_LAST BPF_FUNC_get_attach_cookie /* the last helper of 5.15 */

static const enum bpf_func_id probed = BPF_FUNC_xdp_get_buff_len; /* 5.18 */

static bool is_helper_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == 0;
}

/* What libbpf was given: helpers by number. Returns how many calls were looked at. */
static size_t judge_helpers(const struct bpf_program *program)
{
	const struct bpf_insn *insns = bpf_program__insns(program);
	size_t calls = 0;

	for (size_t i = 0; i < bpf_program__insn_cnt(program); i++) {
		if (!is_helper_call(&insns[i]) || insns[i].imm == probed)
			continue;
		calls++;
		assert_in_range(insns[i].imm, 1, FLOOR_LAST);
	}
	return calls;
}

static void no_helper_is_newer_than_the_floor_unless_probed(void **state)
{
	struct hg_config config = harness_config();
	struct harness harness;
	struct bpf_program *program;

	(void)state;
	assert_int_equal(harness_open(&config, &harness), 0);
	for (int i = 0; i < 2; i++)
		bpf_object__for_each_program(program, harness.objects[i])
		{
			assert_true(judge_helpers(program) > 10);
		}
	harness_close(&harness);
}

/* The verified program; in it a helper is known by its distance in the kernel. */
static size_t read_verified(int program, struct bpf_insn **ret_insns)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(program, &info, &size), 0);
	struct bpf_insn *insns = calloc(1, info.xlated_prog_len);
	assert_non_null(insns);
	info = (struct bpf_prog_info){ .xlated_prog_len = info.xlated_prog_len,
				       .xlated_prog_insns = (uintptr_t)insns };
	assert_int_equal(bpf_obj_get_info_by_fd(program, &info, &size), 0);
	*ret_insns = insns;
	return info.xlated_prog_len / sizeof(*insns);
}

static int distance_of_probed(void)
{
	const struct bpf_insn call[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = (int)probed },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 2 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct bpf_insn *insns;
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "floor", "GPL", call, 3, NULL);

	if (fd < 0)
		return 0;
	read_verified(fd, &insns);
	int distance = insns[0].imm;
	free(insns);
	close(fd);
	return distance;
}

static size_t count_calls(int program, int distance)
{
	struct bpf_insn *insns;
	size_t count = read_verified(program, &insns), calls = 0;

	for (size_t i = 0; i < count; i++)
		calls += is_helper_call(&insns[i]) && insns[i].imm == distance;
	free(insns);
	return calls;
}

static void without_multi_buffer_xdp_its_helper_is_not_called(void **state)
{
	int distance = distance_of_probed();

	(void)state;
	if (!distance) {
		print_message("skip: this kernel hides which helpers a program calls\n");
		skip();
	}
	for (uint8_t frags = 0; frags < 2; frags++) {
		struct hg_config config = harness_config();
		struct harness harness;

		config.frags = frags;
		assert_int_equal(harness_open(&config, &harness), 0);
		size_t calls = count_calls(harness.nic, distance);
		harness_close(&harness);
		assert_true(frags ? calls > 0 : calls == 0);
	}
}

static void missing_multi_buffer_xdp_is_said(void **state)
{
	static struct applied applied;
	struct datapath_attachment view;

	(void)state;
	here("ip link add " NIC " type veth peer name hgfloor1; ip link set " NIC " up");
	applied_defaults(&applied);
	applied_open(&applied);
	applied.datapath->config.frags = 0;
	assert_int_equal(datapath_attach_nic(applied.datapath, if_nametoindex(NIC), NIC,
					     &applied.complaints),
			 0);
	assert_int_equal(datapath_attachments(applied.datapath, &view, 1), 1);
	assert_non_null(strstr(view.remark, "no multi-buffer XDP (Linux 5.18)"));
	applied_end(&applied);
	here("ip link del " NIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_helper_is_newer_than_the_floor_unless_probed),
		cmocka_unit_test(without_multi_buffer_xdp_its_helper_is_not_called),
		cmocka_unit_test(missing_multi_buffer_xdp_is_said),
	};

	if (netspace_open() < 0)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	netspace_close();
	return failed;
}
