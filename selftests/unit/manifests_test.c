// SPDX-License-Identifier: BSD-2-Clause
/* Files in a watched folder: what takes effect, when, and what stays. */
#include "folder.h"

static void files_are_added_changed_and_removed(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", SERVICE("a", "1"));
	write_file(&lab, ".hidden.yaml", SERVICE("hidden", "1"));
	write_file(&lab, "a.yaml~", SERVICE("backup", "1"));
	open_folder(&lab);
	assert_int_equal(port_of(&lab, "a"), 1);
	assert_int_equal(cluster_count(lab.cluster, OBJECT_SERVICE), 1);

	write_file(&lab, "b.yml", SERVICE("b", "2"));
	expect_soon(&lab, port_of(&lab, "b") == 2);
	write_file(&lab, "c.json",
		   "{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", "
		   "\"metadata\": {\"name\": \"c\"}}");
	expect_soon(&lab, cluster_find(lab.cluster, OBJECT_NAMESPACE, "", "c"));
	write_file(&lab, "a.yaml", SERVICE("a", "11"));
	expect_soon(&lab, port_of(&lab, "a") == 11);
	remove_file(&lab, "a.yaml");
	expect_soon(&lab, port_of(&lab, "a") == 0);
	assert_int_equal(port_of(&lab, "b"), 2);
	assert_true(lab.changes >= 4);
	assert_int_equal(complaint_count(&lab), 0);
	close_lab(&lab);
}

static void a_change_takes_effect_within_50_ms(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	open_folder(&lab);
	turn_for(&lab, 100);
	write_file(&lab, "a.yaml", SERVICE("a", "1"));
	assert_true(
	    turn_until(&lab, 50 + 50 /* for the sanitizers */, port_of(&lab, "a") == 1));
	close_lab(&lab);
}

static void equal_content_changes_nothing(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", SERVICE("a", "1"));
	open_folder(&lab);
	for (char *dirty; (dirty = cluster_take_dirty(lab.cluster));)
		free(dirty);
	write_file(&lab, "a.yaml", SERVICE("a", "1"));
	turn_for(&lab, 200);
	assert_null(cluster_take_dirty(lab.cluster));
	assert_int_equal(port_of(&lab, "a"), 1);
	close_lab(&lab);
}

static void a_file_renamed_over_another_replaces_it(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", SERVICE("a", "1") "---\n" SERVICE("old", "1"));
	open_folder(&lab);
	write_file(&lab, ".new", SERVICE("a", "2"));
	rename_file(&lab, ".new", "a.yaml");
	expect_soon(&lab, port_of(&lab, "a") == 2 && port_of(&lab, "old") == 0);
	close_lab(&lab);
}

static void an_editors_rename_and_write_removes_nothing(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", SERVICE("a", "1"));
	open_folder(&lab);
	rename_file(&lab, "a.yaml", "a.yaml~");
	assert_false(turn_until(&lab, 100, port_of(&lab, "a") == 0));
	write_file(&lab, "a.yaml", SERVICE("a", "2"));
	expect_soon(&lab, port_of(&lab, "a") == 2);
	assert_false(turn_until(&lab, 600, port_of(&lab, "a") != 2));
	close_lab(&lab);
}

static void a_half_written_file_leaves_all_of_its_objects(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", SERVICE("a", "1") "---\n" SERVICE("b", "2"));
	open_folder(&lab);
	/* a document that parses, then one that breaks off */
	write_file(&lab, "a.yaml", SERVICE("a", "9") "---\napiVersion: v1\nkind: [Serv");
	expect_soon(&lab, complaint_count(&lab) == 1);
	assert_true(complains(&lab, "a.yaml:8:1: not valid YAML"));
	turn_for(&lab, 600);
	assert_int_equal(port_of(&lab, "a"), 1);
	assert_int_equal(port_of(&lab, "b"), 2);
	/* emptied for a moment */
	write_file(&lab, "a.yaml", "");
	turn_for(&lab, 100);
	assert_int_equal(port_of(&lab, "a"), 1);
	write_file(&lab, "a.yaml", SERVICE("a", "9") "---\n" SERVICE("b", "8"));
	expect_soon(&lab, port_of(&lab, "a") == 9 && port_of(&lab, "b") == 8);
	assert_int_equal(complaint_count(&lab), 0);
	/* emptied for good */
	write_file(&lab, "a.yaml", "");
	expect_soon(&lab, cluster_count(lab.cluster, OBJECT_SERVICE) == 0);
	close_lab(&lab);
}

static void an_invalid_object_keeps_its_last_good_version_only(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml",
		   SERVICE("a", "1") "---\n" SERVICE("b", "2") "---\n" SERVICE("c", "3"));
	open_folder(&lab);
	write_file(&lab, "a.yaml", SERVICE("a", "70000") "---\n" SERVICE("b", "22"));
	expect_soon(&lab, port_of(&lab, "b") == 22);
	expect_soon(&lab, port_of(&lab, "c") == 0);
	assert_int_equal(port_of(&lab, "a"), 1);
	assert_true(complains(&lab, "a.yaml:4:45: Service default/a: spec.ports[0].port "
				    "70000 is not a port: use 1 to 65535"));
	write_file(&lab, "a.yaml", SERVICE("b", "22"));
	expect_soon(&lab, port_of(&lab, "a") == 0);
	assert_int_equal(complaint_count(&lab), 0);
	close_lab(&lab);
}

static void an_object_that_cannot_be_told_keeps_all_of_its_file(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", SERVICE("a", "1"));
	write_file(&lab, "b.yaml", SERVICE("b", "2"));
	open_folder(&lab);
	write_file(&lab, "a.yaml", SERVICE("A", "1"));
	expect_soon(&lab, complaint_count(&lab) == 1);
	turn_for(&lab, 600);
	assert_int_equal(port_of(&lab, "a"), 1);
	close_lab(&lab);
}

static void a_file_that_is_too_long_changes_nothing(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", SERVICE("a", "1"));
	open_folder(&lab);
	assert_int_equal(truncate(path_of(&lab, "a.yaml"), (16U << 20) + 1), 0);
	expect_soon(&lab, complaint_count(&lab) == 1);
	assert_true(
	    complains(&lab, "/a.yaml: longer than 16 MiB: split it into several files"));
	turn_for(&lab, 600);
	assert_int_equal(port_of(&lab, "a"), 1);
	close_lab(&lab);
}

static void a_storm_of_changes_ends_in_the_last_state(void **state)
{
	struct lab lab = { 0 };
	unsigned seed = 20250711, last[4] = { 0 };

	(void)state;
	print_message("seed %u\n", seed);
	create_folder(&lab);
	open_folder(&lab);
	for (unsigned i = 1; i <= 400; i++) {
		unsigned file = rand_r(&seed) % 4;
		char name[16], text[256];
		snprintf(name, sizeof(name), "f%u.yaml", file);
		snprintf(text, sizeof(text),
			 "apiVersion: v1\nkind: Service\nmetadata: {name: f%u}\n"
			 "spec: {clusterIP: 10.96.0.1, ports: [{port: %u}]}\n",
			 file, 1000 + i);
		write_file(&lab, name, text);
		last[file] = 1000 + i;
		if (rand_r(&seed) % 8 == 0)
			uv_run(&lab.loop, UV_RUN_NOWAIT);
	}
	expect_soon(&lab,
		    port_of(&lab, "f0") == last[0] && port_of(&lab, "f1") == last[1] &&
			port_of(&lab, "f2") == last[2] && port_of(&lab, "f3") == last[3]);
	assert_true(lab.changes < 100);
	close_lab(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_added_changed_and_removed),
		cmocka_unit_test(a_change_takes_effect_within_50_ms),
		cmocka_unit_test(equal_content_changes_nothing),
		cmocka_unit_test(a_file_renamed_over_another_replaces_it),
		cmocka_unit_test(an_editors_rename_and_write_removes_nothing),
		cmocka_unit_test(a_half_written_file_leaves_all_of_its_objects),
		cmocka_unit_test(an_invalid_object_keeps_its_last_good_version_only),
		cmocka_unit_test(an_object_that_cannot_be_told_keeps_all_of_its_file),
		cmocka_unit_test(a_file_that_is_too_long_changes_nothing),
		cmocka_unit_test(a_storm_of_changes_ends_in_the_last_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
