// SPDX-License-Identifier: BSD-2-Clause
/* The folder as a whole: several files with one object, the folder gone, special files. */
#include "folder.h"

static void an_object_moves_between_files_without_a_gap(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", SERVICE("a", "1"));
	open_folder(&lab);
	rename_file(&lab, "a.yaml", "z.yaml");
	assert_false(turn_until(&lab, 700, port_of(&lab, "a") != 1));
	assert_int_equal(complaint_count(&lab), 0);
	write_file(&lab, "z.yaml", SERVICE("a", "2"));
	expect_soon(&lab, port_of(&lab, "a") == 2);
	close_lab(&lab);
}

static void the_first_of_two_files_decides(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "b.yaml", "# head\n" SERVICE("a", "2"));
	open_folder(&lab);
	assert_int_equal(port_of(&lab, "a"), 2);
	write_file(&lab, "a.yaml", SERVICE("a", "1"));
	expect_soon(&lab, port_of(&lab, "a") == 1);
	assert_true(complains(&lab, "/b.yaml:2:1: Service default/a: is defined in "));
	assert_true(complains(&lab,
			      "/a.yaml:1 too, which is in force as the first file by "
			      "name: remove one of the two"));
	/* a change of the second has no effect, until the first is gone */
	write_file(&lab, "b.yaml", SERVICE("a", "22"));
	assert_false(turn_until(&lab, 300, port_of(&lab, "a") != 1));
	remove_file(&lab, "a.yaml");
	assert_true(turn_until(&lab, DEADLINE_MS, port_of(&lab, "a") != 1));
	assert_int_equal(port_of(&lab, "a"), 22);
	assert_int_equal(complaint_count(&lab), 0);
	close_lab(&lab);
}

static void twice_in_one_file_is_an_error(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", SERVICE("a", "1") "---\n" SERVICE("a", "2"));
	open_folder(&lab);
	assert_int_equal(port_of(&lab, "a"), 1);
	assert_true(complains(&lab,
			      "a.yaml:6:1: Service default/a: is defined in line 1 of "
			      "this file already, which is in force: remove one of the "
			      "two"));
	close_lab(&lab);
}

static void a_folder_that_vanishes_leaves_everything(void **state)
{
	struct lab lab = { 0 };
	char away[96];

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", SERVICE("a", "1"));
	write_file(&lab, "b.yaml", SERVICE("b", "1"));
	open_folder(&lab);
	snprintf(away, sizeof(away), "%s-away", lab.folder);
	assert_int_equal(rename(lab.folder, away), 0);
	expect_soon(&lab, complaint_count(&lab) == 1);
	assert_true(complains(&lab,
			      "the folder cannot be read (No such file or "
			      "directory), everything stays in force: bring it back "
			      "with its files"));
	assert_int_equal(cluster_count(lab.cluster, OBJECT_SERVICE), 2);

	/* another folder, empty at first: still everything */
	assert_int_equal(mkdir(lab.folder, 0700), 0);
	turn_for(&lab, 1500);
	assert_int_equal(cluster_count(lab.cluster, OBJECT_SERVICE), 2);
	assert_int_equal(complaint_count(&lab), 1);
	/* it fills up: what is there at once, what is missing after a while */
	write_file(&lab, "a.yaml", SERVICE("a", "2"));
	expect_soon(&lab, port_of(&lab, "a") == 2);
	assert_int_equal(complaint_count(&lab), 0);
	assert_int_equal(port_of(&lab, "b"), 1);
	expect_soon(&lab, port_of(&lab, "b") == 0);
	/* and is watched again */
	write_file(&lab, "c.yaml", SERVICE("c", "3"));
	assert_true(turn_until(&lab, 500, port_of(&lab, "c") == 3));
	remove_folder(away);
	close_lab(&lab);
}

static void a_deleted_folder_may_return(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", SERVICE("a", "1"));
	open_folder(&lab);
	/* file by file: the removal of the file may be seen before that of the folder */
	remove_folder(lab.folder);
	expect_soon(&lab, complaint_count(&lab) == 1);
	assert_int_equal(port_of(&lab, "a"), 1);
	assert_int_equal(mkdir(lab.folder, 0700), 0);
	write_file(&lab, "a.yaml", SERVICE("a", "2"));
	expect_soon(&lab, port_of(&lab, "a") == 2);
	assert_int_equal(complaint_count(&lab), 0);
	close_lab(&lab);
}

static void only_regular_files_are_opened(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "data", SERVICE("linked", "1"));
	assert_int_equal(symlink("data", path_of(&lab, "link.yaml")), 0);
	open_folder(&lab);
	assert_int_equal(port_of(&lab, "linked"), 1);
	assert_int_equal(mkfifo(path_of(&lab, "fifo.yaml"), 0600), 0);
	expect_soon(&lab, complaint_count(&lab) == 1);
	assert_true(complains(&lab, "/fifo.yaml: is not a regular file and is ignored"));
	remove_file(&lab, "fifo.yaml");
	assert_int_equal(mkdir(path_of(&lab, "folder.yaml"), 0700), 0);
	expect_soon(&lab, complaint_count(&lab) == 1 &&
			      complains(&lab, "/folder.yaml: is not a regular file"));
	close_lab(&lab);
}

static void reload_reads_at_once_and_without_a_loop(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(&lab, "a.yaml", SERVICE("a", "1"));
	assert_int_equal(manifests_open(lab.folder, lab.cluster, NULL, count_change, &lab,
					&lab.manifests),
			 0);
	write_file(&lab, "b.yaml", SERVICE("b", "2"));
	remove_file(&lab, "a.yaml");
	assert_int_equal(manifests_reload(lab.manifests), 0);
	assert_int_equal(lab.changes, 1);
	assert_int_equal(port_of(&lab, "a"), 0);
	assert_int_equal(port_of(&lab, "b"), 2);
	remove_folder(lab.folder);
	assert_int_equal(manifests_reload(lab.manifests), -ENOENT);
	assert_int_equal(port_of(&lab, "b"), 2);
	close_lab(&lab);
}

static void a_folder_that_is_not_there_cannot_be_opened(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	remove_folder(lab.folder);
	assert_int_equal(manifests_open(lab.folder, lab.cluster, &lab.loop, count_change,
					&lab, &lab.manifests),
			 -ENOENT);
	assert_null(lab.manifests);
	close_lab(&lab);
}

#define IGNORED                                                                          \
	"kind Secret (v1) is not read by Headgate and is ignored, 3 objects, the first " \
	"of them here: remove them if that is not meant"

static void kinds_that_are_ignored_are_counted_over_all_files(void **state)
{
	struct lab lab = { 0 };

	(void)state;
	create_folder(&lab);
	write_file(
	    &lab, "a.yaml",
	    "{apiVersion: v1, kind: Secret}\n---\n{apiVersion: v1, kind: Secret}\n");
	write_file(&lab, "b.yaml", "\napiVersion: v1\nkind: Secret\ndata: {1: *x}\n");
	write_file(&lab, "c.yaml", SERVICE("c", "1"));
	open_folder(&lab);
	assert_true(complains(&lab, "/a.yaml:1:24: " IGNORED));
	assert_int_equal(port_of(&lab, "c"), 1);
	/* a file of which one is gone, then the other ones */
	write_file(&lab, "a.yaml", "# nothing any more\n");
	expect_soon(&lab,
		    complains(&lab, "/b.yaml:3:7: kind Secret (v1) is not read by "
				    "Headgate and is ignored: remove it if that is not "
				    "meant"));
	remove_file(&lab, "b.yaml");
	expect_soon(&lab, complaint_count(&lab) == 0);
	assert_int_equal(port_of(&lab, "c"), 1);
	close_lab(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_moves_between_files_without_a_gap),
		cmocka_unit_test(the_first_of_two_files_decides),
		cmocka_unit_test(twice_in_one_file_is_an_error),
		cmocka_unit_test(a_folder_that_vanishes_leaves_everything),
		cmocka_unit_test(a_deleted_folder_may_return),
		cmocka_unit_test(only_regular_files_are_opened),
		cmocka_unit_test(reload_reads_at_once_and_without_a_loop),
		cmocka_unit_test(a_folder_that_is_not_there_cannot_be_opened),
		cmocka_unit_test(kinds_that_are_ignored_are_counted_over_all_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
