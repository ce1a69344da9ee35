/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line and the configuration file; the man page says all that the table says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../control/config/options.h"

static struct options options;
static struct complaints complaints;

static int clear(void **state)
{
	(void)state;
	options_clear(&options);
	complaints_clear(&complaints);
	return 0;
}

static int parse(const char *line)
{
	static char copy[1024];
	static char name[] = "headgated";
	char *argv[32] = { name };
	int argc = 1;

	clear(NULL);
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *rest = copy, *word; (word = strsep(&rest, " "));) {
		if (*word)
			argv[argc++] = word;
	}
	argv[argc] = NULL;
	return options_parse(argc, argv, &complaints, &options);
}

static void assert_refused(const char *line, const char *part)
{
	assert_int_equal(parse(line), -22);
	assert_true(complaints.count >= 1);
	char *text = complaint_print(&complaints.items[0]);

	if (!strstr(text, part))
		fail_msg("'%s' was refused with '%s', not with '%s'", line, text, part);
	free(text);
}

static char file_name[] = "/tmp/hgd-options-XXXXXX";

static void write_file(const char *text)
{
	snprintf(file_name, sizeof(file_name), "/tmp/hgd-options-XXXXXX");
	int fd = mkstemp(file_name);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

#define RUN "--manifests /m --interface eth0 "

static void options_have_the_documented_defaults(void **state)
{
	(void)state;
	assert_int_equal(parse(RUN), 0);
	assert_int_equal(options.action, ACTION_RUN);
	assert_int_equal(options.flows, 131072);
	assert_int_equal(options.slots, 10485760);
	assert_int_equal(options.backends, 114688);
	assert_int_equal(options.services, 32768);
	assert_int_equal(options.port_first, 1024);
	assert_int_equal(options.port_last, 29999);
	assert_int_equal(options.xdp_mode, XDP_MODE_NATIVE);
	assert_int_equal(options.policy_mode, POLICY_ENFORCE);
	assert_false(options.policy_keep);
	assert_true(options.source_check);
	assert_int_equal(options.policy_pods, 16384);
	assert_string_equal(options.socket, "/run/headgate/headgated.sock");
	assert_string_equal(options.pin_root, "/sys/fs/bpf/headgate");
	assert_int_equal(options.timeouts_s[HG_TIMEOUT_SYN], 60);
	assert_int_equal(options.timeouts_s[HG_TIMEOUT_ESTABLISHED], 86400);
	for (int i = 0; i < HG_TIMEOUTS; i++)
		assert_true(options.timeouts_s[i] > 0);
}

static void options_lists_grow_by_commas_and_repetition(void **state)
{
	(void)state;
	assert_int_equal(parse(RUN "--interface eth1,eth2,eth0 --snat-address 192.0.2.1 "
				   "--snat-address 2001:db8::1 "
				   "--cluster-cidr 10.0.0.0/8,fd00::/8"),
			 0);
	assert_int_equal(options.interfaces.count, 3);
	assert_string_equal(options.interfaces.items[2], "eth2");
	assert_int_equal(options.snat_addrs.count, 2);
	assert_int_equal(options.cluster_cidrs.count, 2);
	assert_int_equal(options.cluster_cidrs.items[0].bits, 104);
}

static void options_times_take_units(void **state)
{
	(void)state;
	assert_int_equal(
	    parse(RUN "--timeout-established 2h --timeout-udp 45 --timeout-syn 3m"), 0);
	assert_int_equal(options.timeouts_s[HG_TIMEOUT_ESTABLISHED], 7200);
	assert_int_equal(options.timeouts_s[HG_TIMEOUT_UDP], 45);
	assert_int_equal(options.timeouts_s[HG_TIMEOUT_SYN], 180);
}

static void options_of_policy_are_words(void **state)
{
	(void)state;
	assert_int_equal(parse(RUN "--policy-mode audit --policy-established keep "
				   "--policy-source-check off --policy-pods 100000"),
			 0);
	assert_int_equal(options.policy_mode, POLICY_AUDIT);
	assert_true(options.policy_keep);
	assert_false(options.source_check);
	assert_int_equal(options.policy_pods, 100000);
	assert_int_equal(parse(RUN "--policy-mode off --policy-source-check on"), 0);
	assert_int_equal(options.policy_mode, POLICY_OFF);
	assert_true(options.source_check);
}

static void options_refuse_each_bad_value_by_name(void **state)
{
	static const struct {
		const char *line, *part;
	} rows[] = {
		{ RUN "--flows 12", "--flows '12'" },
		{ RUN "--flows 1e6", "--flows '1e6'" },
		{ RUN "--flows -1", "--flows '-1'" },
		{ RUN "--backends 1048576", "--backends '1048576'" },
		{ RUN "--snat-ports 2000-1000", "--snat-ports '2000-1000'" },
		{ RUN "--snat-ports 0-99", "--snat-ports" },
		{ RUN "--snat-ports 1024", "--snat-ports" },
		{ RUN "--snat-ports 1024-65536", "--snat-ports" },
		{ RUN "--xdp-mode offload", "--xdp-mode 'offload'" },
		{ RUN "--log-level loud", "--log-level 'loud'" },
		{ RUN "--cluster-cidr 10.0.0.0/33", "--cluster-cidr" },
		{ RUN "--snat-address ten", "--snat-address 'ten'" },
		{ RUN "--interface a/b", "--interface 'a/b'" },
		{ RUN "--interface waytoolonganame0", "--interface" },
		{ RUN "--interface eth1,,eth2", "--interface ''" },
		{ RUN "--timeout-udp 0", "--timeout-udp '0'" },
		{ RUN "--timeout-udp 5x", "--timeout-udp '5x'" },
		{ RUN "--timeout-udp 99999999999999d", "--timeout-udp" },
		{ RUN "--socket run/x", "--socket 'run/x'" },
		{ RUN "--answer-neighbours=maybe", "--answer-neighbours 'maybe'" },
		{ RUN "--policy-mode strict", "--policy-mode 'strict'" },
		{ RUN "--policy-established drop", "--policy-established 'drop'" },
		{ RUN "--policy-source-check perhaps",
		  "--policy-source-check 'perhaps'" },
		{ RUN "--policy-pods 0", "--policy-pods '0'" },
		{ RUN "--hash-seed 0xzz", "--hash-seed" },
		{ RUN "--no-such", "--no-such" },
		{ RUN "stray", "'stray'" },
		{ RUN "--flows", "no value for" },
		{ RUN "--check --print-plan", "--print-plan" },
		{ "--interface eth0", "--manifests" },
		{ "--manifests /m", "--interface" },
		{ "--config /nonexistent/file --check", "/nonexistent/file" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_refused(rows[i].line, rows[i].part);
}

static void options_actions_need_only_what_they_use(void **state)
{
	(void)state;
	assert_int_equal(parse("--check --manifests /m"), 0);
	assert_int_equal(options.action, ACTION_CHECK);
	assert_int_equal(parse("--uninstall --pin-root /sys/fs/bpf/other"), 0);
	assert_int_equal(options.action, ACTION_UNINSTALL);
	assert_int_equal(parse("--version"), 0);
	assert_int_equal(parse("--manifests /m --pod-interfaces veth*"), 0);
}

static void options_file_has_the_same_names(void **state)
{
	char line[256];

	(void)state;
	write_file(
	    "# a comment\n\nmanifests = /from/file # why\n  interface=eth7, # two\n"
	    "flows = 4096\nanswer-neighbours = true\n");
	/* "eth7," has an empty second member: refused with its place. */
	snprintf(line, sizeof(line), "--config %s", file_name);
	assert_refused(line, ":4:");
	unlink(file_name);
	write_file("manifests = /from/file # why\ninterface=eth7\ninterface = eth8\n"
		   "flows = 4096\nanswer-neighbours = true\npod-interfaces = veth#1\n");
	snprintf(line, sizeof(line), "--config %s", file_name);
	assert_int_equal(parse(line), 0);
	assert_string_equal(options.manifests, "/from/file");
	assert_int_equal(options.interfaces.count, 2);
	assert_int_equal(options.flows, 4096);
	assert_true(options.answer_neighbours);
	assert_string_equal(options.pod_interfaces, "veth#1");
	unlink(file_name);
}

static void options_command_line_wins_over_the_file(void **state)
{
	char line[256];

	(void)state;
	write_file("manifests = /from/file\ninterface = eth7\nflows = 4096\n"
		   "answer-neighbours = true\n");
	snprintf(line, sizeof(line),
		 "--interface eth0 --config %s --flows 2048 --answer-neighbours=false",
		 file_name);
	assert_int_equal(parse(line), 0);
	assert_int_equal(options.interfaces.count, 1);
	assert_string_equal(options.interfaces.items[0], "eth0");
	assert_int_equal(options.flows, 2048);
	assert_false(options.answer_neighbours);
	assert_string_equal(options.manifests, "/from/file");
	unlink(file_name);
}

static void options_binary_file_is_refused_in_few_printable_words(void **state)
{
	char content[4096] = "", line[128];

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		memcpy(content + 6 * i, "\033[\2=1\n", 7);
	write_file(content);
	snprintf(line, sizeof(line), "--interface eth0 --config %s", file_name);
	assert_int_equal(parse(line), -22);
	assert_int_equal(complaints.count, 21);
	for (size_t i = 0; i < complaints.count; i++) {
		assert_null(strchr(complaints.items[i].sentence, '\033'));
		assert_true(strlen(complaints.items[i].sentence) < 200);
	}
	assert_non_null(strstr(complaints.items[20].sentence, "too many mistakes"));
	unlink(file_name);
}

static void options_actions_exclude_each_other(void **state)
{
	(void)state;
	assert_int_equal(parse(RUN "--check --print-plan"), -22);
	assert_string_equal(
	    complaints.items[0].sentence,
	    "--check and --print-plan exclude each other: give one of the two");
}

static void options_file_mistakes_are_all_told_with_their_line(void **state)
{
	char line[256], place[128];

	(void)state;
	write_file(
	    "flows = few\nnonsense\ncolour = blue\ncheck = true\nmanifests = /m\n");
	snprintf(line, sizeof(line), "--interface eth0 --config %s", file_name);
	assert_int_equal(parse(line), -22);
	assert_int_equal(complaints.count, 4);
	for (unsigned i = 0; i < 4; i++) {
		char *text = complaint_print(&complaints.items[i]);

		snprintf(place, sizeof(place), "%s:%u:", file_name, i + 1);
		assert_non_null(strstr(text, place));
		free(text);
	}
	unlink(file_name);
}

static char *read_page(const char *path)
{
	FILE *page = fopen(path, "re");
	char *text = calloc(1, 1 << 20);

	assert_non_null(text);
	if (!page)
		fail_msg("%s cannot be read: run the test from the top of the tree",
			 path);
	assert_true(fread(text, 1, (1 << 20) - 1, page) > 0);
	fclose(page);
	return text;
}

static void find_in_page(void *context, const char *name)
{
	char needle[64];

	snprintf(needle, sizeof(needle), "*--%s*", name);
	if (!strstr(context, needle))
		fail_msg("headgated.8.scd does not describe --%s", name);
}

static void options_are_all_in_the_man_page(void **state)
{
	char *page = read_page("tools/man/headgated.8.scd");

	(void)state;
	options_each(find_in_page, page);
	free(page);
}

static void find_in_help(void *context, const char *name)
{
	char needle[64];

	snprintf(needle, sizeof(needle), "--%s", name);
	assert_non_null(strstr(context, needle));
}

static void options_are_all_in_the_help(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	options_print_help(out);
	fclose(out);
	options_each(find_in_help, text);
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
		assert_true(strlen(line) <= 100);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(options_have_the_documented_defaults, clear),
		cmocka_unit_test_teardown(options_lists_grow_by_commas_and_repetition,
					  clear),
		cmocka_unit_test_teardown(options_times_take_units, clear),
		cmocka_unit_test_teardown(options_of_policy_are_words, clear),
		cmocka_unit_test_teardown(options_refuse_each_bad_value_by_name, clear),
		cmocka_unit_test_teardown(options_actions_need_only_what_they_use, clear),
		cmocka_unit_test_teardown(options_file_has_the_same_names, clear),
		cmocka_unit_test_teardown(options_command_line_wins_over_the_file, clear),
		cmocka_unit_test_teardown(
		    options_file_mistakes_are_all_told_with_their_line, clear),
		cmocka_unit_test_teardown(
		    options_binary_file_is_refused_in_few_printable_words, clear),
		cmocka_unit_test_teardown(options_actions_exclude_each_other, clear),
		cmocka_unit_test_teardown(options_are_all_in_the_man_page, clear),
		cmocka_unit_test_teardown(options_are_all_in_the_help, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
