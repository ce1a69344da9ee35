// SPDX-License-Identifier: BSD-2-Clause
/* The folder of pins: where it may lie, and that one daemon at a time uses it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "applied.h"

static struct applied applied;

static int open_applied(void **state)
{
	(void)state;
	applied_defaults(&applied);
	applied_open(&applied);
	return 0;
}

static int end_applied(void **state)
{
	(void)state;
	applied_end(&applied);
	return 0;
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

static void pins_are_used_by_one_daemon_at_a_time(void **state)
{
	struct applied second = { .options = applied.options };
	char who[96];

	(void)state;
	uint32_t flows = map_id("hg_flows");
	snprintf(who, sizeof(who), "%s is used by headgated pid %d: stop that one",
		 APPLIED_ROOT, (int)getpid());
	assert_int_equal(applied_try_open(&second), -EBUSY);
	assert_non_null(strstr(applied_sentence(&second), who));
	complaints_clear(&second.complaints);
	second.options.pin_root = "/sys/fs/bpf/../bpf/hgtest-apply/";
	assert_int_equal(applied_try_open(&second), -EBUSY);
	complaints_clear(&second.complaints);
	assert_int_equal(datapath_uninstall(APPLIED_ROOT, &second.complaints), -EBUSY);
	assert_non_null(strstr(applied_sentence(&second), who));
	complaints_clear(&second.complaints);
	assert_int_equal(map_id("hg_flows"), flows);
	applied_close(&applied);
	applied_open(&applied);
	assert_int_equal(map_id("hg_flows"), flows);
}

static void folder_is_refused(const char *pin_root, const char *sentence)
{
	struct applied second = { .options = applied.options };

	second.options.pin_root = pin_root;
	assert_true(applied_try_open(&second) < 0);
	assert_non_null(strstr(applied_sentence(&second), sentence));
	complaints_clear(&second.complaints);
}

static void pins_lie_on_a_bpf_file_system_only(void **state)
{
	char folder[] = "/tmp/hgpinsXXXXXX", below[64], file[64];
	struct complaints complaints = { 0 };

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(below, sizeof(below), "%s/pins", folder);
	folder_is_refused(below, "pins is not on a BPF file system: use a folder below "
				 "/sys/fs/bpf");
	assert_int_equal(rmdir(below), -1); /* not made either */
	folder_is_refused(APPLIED_ROOT ".d", "have no dots");
	folder_is_refused("/sys/fs/bpf/hgtest-none/pins", "No such file");
	/* What lies there under our names is not ours to remove. */
	snprintf(file, sizeof(file), "%s/hg_flows", folder);
	int fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_true(datapath_uninstall(folder, &complaints) < 0);
	assert_non_null(strstr(complaints.items[0].sentence, "not on a BPF file system"));
	complaints_clear(&complaints);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pins_are_used_by_one_daemon_at_a_time,
						open_applied, end_applied),
		cmocka_unit_test_setup_teardown(pins_lie_on_a_bpf_file_system_only,
						open_applied, end_applied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
