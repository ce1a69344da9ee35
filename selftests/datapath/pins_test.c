// SPDX-License-Identifier: BSD-2-Clause
/* Pins and attachments: foreign ones are refused and left alone, ours are replaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "applied.h"
#include "netspace.h"

#define NIC	  "hgpin0"
#define UNINSTALL "`headgated --uninstall --pin-root " APPLIED_ROOT "`"

static struct applied applied;

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

static int setup_link(void **state)
{
	here("ip link add " NIC " type veth peer name hgpin1");
	here("ip link set " NIC " up");
	return setup(state);
}

static int teardown_link(void **state)
{
	here("ip link del " NIC);
	return teardown(state);
}

static bool folder_exists(void)
{
	struct stat stat_buffer;

	return stat(APPLIED_ROOT, &stat_buffer) == 0;
}

static void set_version(uint32_t version)
{
	struct hg_state state = { .abi_version = version };
	uint32_t zero = 0;
	int fd = applied_map("hg_state");

	assert_int_equal(bpf_map_update_elem(fd, &zero, &state, BPF_ANY), 0);
	close(fd);
}

static uint32_t map_id(const char *name)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd = applied_map(name);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	close(fd);
	return info.id;
}

static void refused_with(const char *words, const char *remedy)
{
	uint32_t flows = map_id("hg_flows");

	assert_int_equal(applied_try_open(&applied), -EEXIST);
	assert_non_null(strstr(applied_sentence(&applied), words));
	assert_non_null(strstr(applied_sentence(&applied), remedy));
	assert_int_equal(map_id("hg_flows"), flows);
}

static void pins_of_another_version_are_refused(void **state)
{
	(void)state;
	applied_close(&applied);
	set_version(HG_ABI_VERSION + 7);
	refused_with("ABI version", UNINSTALL);
}

/* Of a version that pinned what this one does not know: told by version, and removed. */
static void pins_of_an_earlier_version_are_removed(void **state)
{
	struct complaints complaints = { 0 };
	int fd;

	(void)state;
	applied_close(&applied);
	set_version(3);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "hg_policy_addrs", 4, 4, 1, NULL);
	assert_int_equal(bpf_obj_pin(fd, APPLIED_ROOT "/hg_policy_addrs"), 0);
	close(fd);
	refused_with("ABI version 3", UNINSTALL);
	assert_int_equal(datapath_uninstall(APPLIED_ROOT, &complaints), 0);
	assert_int_equal(access(APPLIED_ROOT, F_OK), -1);
	complaints_clear(&complaints);
}

static void maps_of_another_size_are_refused(void **state)
{
	(void)state;
	applied_close(&applied);
	applied.options.flows *= 2;
	refused_with("were made with --flows 1024, --flows 2048 is asked for",
		     "give --flows 1024 again, or remove them");
}

static void a_foreign_pin_is_refused(void **state)
{
	(void)state;
	applied_close(&applied);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "other", 4, 4, 1, NULL);
	assert_int_equal(bpf_obj_pin(fd, APPLIED_ROOT "/other"), 0);
	close(fd);
	refused_with(APPLIED_ROOT "/other is not Headgate's",
		     "remove it, or give another --pin-root");
	unlink(APPLIED_ROOT "/other");
}

static void a_first_start_that_was_cut_short_is_finished(void **state)
{
	(void)state;
	applied_close(&applied);
	set_version(0);
	unlink(APPLIED_ROOT "/hg_stats");
	assert_int_equal(applied_try_open(&applied), 0);
}

static void uninstall_leaves_nothing(void **state)
{
	(void)state;
	applied_close(&applied);
	assert_true(folder_exists());
	assert_int_equal(datapath_uninstall(APPLIED_ROOT, &applied.complaints), 0);
	assert_false(folder_exists());
	assert_int_equal(datapath_uninstall(APPLIED_ROOT, &applied.complaints), 0);
	assert_int_equal(applied.complaints.count, 0);
}

static uint32_t xdp_program(void)
{
	uint32_t id = 0;

	assert_int_equal(
	    bpf_xdp_query_id((int)if_nametoindex(NIC), XDP_FLAGS_DRV_MODE, &id), 0);
	return id;
}

static int attach(void)
{
	return datapath_attach_nic(applied.datapath, if_nametoindex(NIC), NIC,
				   &applied.complaints);
}

static void attaching_twice_changes_nothing(void **state)
{
	struct datapath_attachment attachment;

	(void)state;
	assert_int_equal(attach(), 0);
	uint32_t first = xdp_program();
	assert_int_not_equal(first, 0);
	assert_int_equal(attach(), 0);
	assert_int_equal(xdp_program(), first);
	assert_int_equal(datapath_attachments(applied.datapath, &attachment, 1), 1);
	assert_memory_equal(attachment.mode, "native", 6);
	assert_non_null(strstr(attachment.remark, "veth"));
}

static void restart_replaces_the_program(void **state)
{
	(void)state;
	assert_int_equal(attach(), 0);
	uint32_t first = xdp_program();
	applied_close(&applied);
	assert_int_equal(xdp_program(), first);
	applied_open(&applied);
	assert_int_equal(xdp_program(), first);
	assert_int_equal(attach(), 0);
	assert_int_not_equal(xdp_program(), first);
	assert_int_not_equal(xdp_program(), 0);
}

static void a_restart_may_change_the_mode(void **state)
{
	uint32_t id = 0;

	(void)state;
	assert_int_equal(attach(), 0);
	applied_close(&applied);
	applied.options.xdp_mode = XDP_MODE_GENERIC;
	applied_open(&applied);
	assert_int_equal(attach(), 0);
	assert_int_equal(
	    bpf_xdp_query_id((int)if_nametoindex(NIC), XDP_FLAGS_SKB_MODE, &id), 0);
	assert_int_not_equal(id, 0);
	assert_int_equal(xdp_program(), 0);
}

static void a_foreign_program_is_never_replaced(void **state)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 2 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	(void)state;
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "somebody", "GPL", pass, 2, NULL);
	assert_true(fd >= 0);
	assert_int_equal(
	    bpf_xdp_attach((int)if_nametoindex(NIC), fd, XDP_FLAGS_DRV_MODE, NULL), 0);
	uint32_t theirs = xdp_program();
	assert_int_equal(attach(), -EBUSY);
	assert_non_null(strstr(applied_sentence(&applied), "somebody"));
	assert_int_equal(xdp_program(), theirs);
	close(fd);
}

static void detach_and_uninstall_clean_the_interface(void **state)
{
	(void)state;
	assert_int_equal(attach(), 0);
	assert_true(here_holds("tc filter show dev " NIC " ingress | grep -q nic_tc"));
	assert_int_equal(datapath_detach(applied.datapath, if_nametoindex(NIC)), 0);
	assert_int_equal(xdp_program(), 0);
	assert_false(here_holds("tc qdisc show dev " NIC " | grep -q clsact"));
	assert_int_equal(attach(), 0);
	applied_close(&applied);
	assert_int_equal(datapath_uninstall(APPLIED_ROOT, &applied.complaints), 0);
	assert_int_equal(xdp_program(), 0);
	assert_false(here_holds("tc qdisc show dev " NIC " | grep -q clsact"));
}

static void lose_the_pins(void)
{
	applied_close(&applied);
	here("rm -f " APPLIED_ROOT "/*; rmdir " APPLIED_ROOT);
}

static void a_former_daemon_without_pins_is_replaced(void **state)
{
	(void)state;
	assert_int_equal(attach(), 0);
	uint32_t former = xdp_program();
	lose_the_pins();
	applied_open(&applied);
	assert_int_equal(attach(), 0);
	assert_int_not_equal(xdp_program(), former);
	assert_int_not_equal(xdp_program(), 0);
	assert_int_equal(datapath_detach(applied.datapath, if_nametoindex(NIC)), 0);
	assert_false(here_holds("tc qdisc show dev " NIC " | grep -q clsact"));
}

static void uninstall_finds_programs_without_pins(void **state)
{
	(void)state;
	assert_int_equal(attach(), 0);
	lose_the_pins();
	assert_int_equal(datapath_uninstall(APPLIED_ROOT, &applied.complaints), 0);
	assert_int_equal(xdp_program(), 0);
	assert_false(here_holds("tc qdisc show dev " NIC " | grep -q clsact"));
}

static void programs_of_other_pins_are_left_alone(void **state)
{
	(void)state;
	assert_int_equal(attach(), 0);
	uint32_t theirs = xdp_program();
	assert_int_equal(
	    datapath_uninstall("/sys/fs/bpf/hgtest-nobody", &applied.complaints), 0);
	assert_int_equal(xdp_program(), theirs);
	assert_true(here_holds("tc filter show dev " NIC " ingress | grep -q nic_tc"));
	struct applied second = { .options = applied.options };
	second.options.pin_root = "/sys/fs/bpf/hgtest-second";
	applied_open(&second);
	assert_int_equal(datapath_attach_nic(second.datapath, if_nametoindex(NIC), NIC,
					     &second.complaints),
			 -EBUSY);
	assert_non_null(strstr(applied_sentence(&second),
			       "`tc filter del dev " NIC " ingress pref 10`"));
	applied_end(&second);
	assert_int_equal(xdp_program(), theirs);
}

static void uninstall_tells_of_programs_in_another_namespace(void **state)
{
	(void)state;
	here("ip link add hgpin2 type veth peer name hgpin3; ip link set hgpin2 up");
	assert_int_equal(datapath_attach_nic(applied.datapath, if_nametoindex("hgpin2"),
					     "hgpin2", &applied.complaints),
			 0);
	applied_close(&applied);
	here("ip link set hgpin2 netns $PEER");
	assert_int_equal(datapath_uninstall(APPLIED_ROOT, &applied.complaints), -EBUSY);
	assert_non_null(strstr(applied_sentence(&applied),
			       "are still attached in another network namespace"));
	complaints_clear(&applied.complaints);
	assert_true(folder_exists());
	peer("ip link set hgpin2 netns %d", (int)getpid());
	assert_int_equal(datapath_uninstall(APPLIED_ROOT, &applied.complaints), 0);
	assert_false(here_holds("tc qdisc show dev hgpin2 | grep -q clsact"));
	assert_false(folder_exists());
	here("ip link del hgpin2");
}

static void a_qdisc_that_others_use_stays(void **state)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex(NIC),
		    .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = 1, .priority = 99);

	(void)state;
	here("tc qdisc add dev " NIC " clsact");
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "somebody", "GPL", pass, 2, NULL);
	options.prog_fd = fd;
	assert_int_equal(bpf_tc_attach(&hook, &options), 0);
	close(fd);
	assert_int_equal(attach(), 0);
	assert_int_equal(datapath_detach(applied.datapath, if_nametoindex(NIC)), 0);
	assert_true(here_holds("tc filter show dev " NIC " egress | grep -q somebody"));
	assert_false(here_holds("tc filter show dev " NIC " ingress | grep -q nic_tc"));
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define LINK(test) cmocka_unit_test_setup_teardown(test, setup_link, teardown_link)
	const struct CMUnitTest tests[] = {
		CASE(pins_of_another_version_are_refused),
		CASE(pins_of_an_earlier_version_are_removed),
		CASE(maps_of_another_size_are_refused),
		CASE(a_foreign_pin_is_refused),
		CASE(a_first_start_that_was_cut_short_is_finished),
		CASE(uninstall_leaves_nothing),
		LINK(attaching_twice_changes_nothing),
		LINK(restart_replaces_the_program),
		LINK(a_restart_may_change_the_mode),
		LINK(a_foreign_program_is_never_replaced),
		LINK(detach_and_uninstall_clean_the_interface),
		LINK(a_former_daemon_without_pins_is_replaced),
		LINK(uninstall_finds_programs_without_pins),
		LINK(programs_of_other_pins_are_left_alone),
		LINK(uninstall_tells_of_programs_in_another_namespace),
		LINK(a_qdisc_that_others_use_stays),
	};

	if (netspace_open() < 0)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	netspace_close();
	return failed;
}
