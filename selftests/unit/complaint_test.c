/* SPDX-License-Identifier: BSD-2-Clause */
#include "objects.h"

#include <fcntl.h>
#include <unistd.h>
#include "../../control/lib/log.h"

static void complaint_prints_place_object_and_sentence(void **state)
{
	const struct {
		const char *file;
		unsigned line, column;
		struct about about;
		const char *text;
	} CASES[] = {
		{ "a.yaml", 3, 7,
		  object_about_named(OBJECT_SERVICE, "shop", "cart", CAUSE_INVALID),
		  "a.yaml:3:7: Service shop/cart: port 70000 is not a port" },
		{ "a.yaml", 3, 7,
		  object_about_named(OBJECT_POD, NULL, NULL, CAUSE_INVALID),
		  "a.yaml:3:7: Pod: port 70000 is not a port" },
		{ "a.yaml",
		  3,
		  0,
		  { .kind = ABOUT_FILE },
		  "a.yaml:3: port 70000 is not a port" },
		{ "a.yaml",
		  0,
		  0,
		  { .kind = ABOUT_FILE },
		  "a.yaml: port 70000 is not a port" },
		{ NULL, 3, 7, object_about_named(OBJECT_NODE, "", "a", CAUSE_INVALID),
		  "Node a: port 70000 is not a port" },
		{ NULL,
		  0,
		  0,
		  { .kind = ABOUT_INTERFACE, .name = "eth0" },
		  "eth0: port 70000 is not a port" },
		{ NULL, 0, 0, { 0 }, "port 70000 is not a port" },
	};
	struct complaints list = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		char file[16];
		struct place place = { .line = CASES[i].line, .column = CASES[i].column };
		char *text;

		if (CASES[i].file) {
			snprintf(file, sizeof(file), "%s", CASES[i].file);
			place.file = file;
		}
		complain(&list, COMPLAINT_ERROR, &place, &CASES[i].about,
			 "port %d is not a port", 70000);
		file[0] = '!'; /* the complaint keeps a copy */
		text = complaint_print(&list.items[i]);
		assert_string_equal(text, CASES[i].text);
		free(text);
	}
	complaints_clear(&list);
	assert_int_equal(list.count, 0);
}

/* What is decided by kind, object and cause holds whatever the words are. */
static void complaint_keeps_kind_object_and_cause_of_its_own(void **state)
{
	char namespace[] = "shop", name[] = "cart", path[] = "a.yaml";
	const struct about pod = object_about_named(OBJECT_POD, namespace, name,
						    CAUSE_INVALID),
			   policy = object_about_named(OBJECT_NETWORK_POLICY, "shop",
						       "cart", CAUSE_NO_ROOM);
	const struct place place = { .file = path };
	struct complaints list = { 0 };

	(void)state;
	complain(&list, COMPLAINT_ERROR, NULL, &pod, "is bad");
	name[0] = namespace[0] = '!';
	const struct about *kept = &list.items[0].about;

	assert_true(object_about_is(kept, OBJECT_POD));
	assert_false(object_about_is(kept, OBJECT_NETWORK_POLICY));
	assert_string_equal(about_kind_name(kept), "Pod");
	assert_string_equal(kept->namespace, "shop");
	assert_string_equal(kept->name, "cart");
	assert_string_equal(cause_name(kept->cause), "invalid");
	assert_false(about_same(kept, &policy));
	assert_true(about_same(
	    &policy,
	    &(struct about){ .kind = policy.kind, .namespace = "shop", .name = "cart" }));
	complain(&list, COMPLAINT_ERROR, &place, NULL, "is bad");
	complain(&list, COMPLAINT_ERROR, NULL, NULL, "is bad");
	assert_string_equal(about_kind_name(&list.items[1].about), "file");
	assert_string_equal(about_kind_name(&list.items[2].about), "daemon");
	assert_string_equal(cause_name(CAUSE_OPEN), "open");
	complaints_clear(&list);
}

static void complaints_keep_all_in_order_and_know_errors_from_warnings(void **state)
{
	struct complaints list = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		complain(&list, COMPLAINT_WARNING, NULL, NULL, "number %d", i);
	assert_int_equal(list.count, 1000);
	assert_string_equal(list.items[999].sentence, "number 999");
	assert_false(complaints_have_errors(&list));
	complain(&list, COMPLAINT_ERROR, NULL, NULL, "broken");
	assert_true(complaints_have_errors(&list));
	complaints_clear(&list);
	assert_false(complaints_have_errors(&list));
	list.out_of_memory = true; /* what was lost may have been an error */
	assert_true(complaints_have_errors(&list));
}

/* What log_…() writes to standard error, in a string of the caller's. */
static void capture_log(void (*speak)(void), char *text, size_t size)
{
	int saved = dup(STDERR_FILENO), ends[2];
	ssize_t length;

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	dup2(ends[1], STDERR_FILENO);
	speak();
	dup2(saved, STDERR_FILENO);
	length = read(ends[0], text, size - 1);
	text[length > 0 ? length : 0] = '\0';
	close(saved);
	close(ends[0]);
	close(ends[1]);
}

static void speak_all(void)
{
	log_error("e%d", 1);
	log_warning("w%d", 2);
	log_info("i%d", 3);
	log_debug("d%d", 4);
}

static void log_lines_carry_level_or_journal_priority(void **state)
{
	char text[256];

	(void)state;
	unsetenv("JOURNAL_STREAM");
	capture_log(speak_all, text, sizeof(text));
	assert_string_equal(text, "ERROR e1\nWARNING w2\nINFO i3\n");
	setenv("JOURNAL_STREAM", "8:1", 1);
	log_set_level(LOG_LEVEL_DEBUG);
	capture_log(speak_all, text, sizeof(text));
	assert_string_equal(text, "<3>e1\n<4>w2\n<6>i3\n<7>d4\n");
	log_set_level(LOG_LEVEL_ERROR);
	capture_log(speak_all, text, sizeof(text));
	assert_string_equal(text, "<3>e1\n");
	unsetenv("JOURNAL_STREAM");
	log_set_level(LOG_LEVEL_INFO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complaint_prints_place_object_and_sentence),
		cmocka_unit_test(complaint_keeps_kind_object_and_cause_of_its_own),
		cmocka_unit_test(
		    complaints_keep_all_in_order_and_know_errors_from_warnings),
		cmocka_unit_test(log_lines_carry_level_or_journal_priority),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
