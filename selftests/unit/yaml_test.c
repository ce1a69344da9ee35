// SPDX-License-Identifier: BSD-2-Clause
/* YAML and JSON text into trees: what scalars mean, where nodes stand, what is refused. */
#include "trees.h"

#include "../../control/source/scalar.h"

static const struct {
	const char *text;
	enum scalar_type type;
	double number;
} scalars[] = {
	{ "true", SCALAR_BOOL, 1 },
	{ "Yes", SCALAR_BOOL, 1 },
	{ "on", SCALAR_BOOL, 1 },
	{ "y", SCALAR_BOOL, 1 },
	{ "OFF", SCALAR_BOOL, 0 },
	{ "n", SCALAR_BOOL, 0 },
	{ "tRue", SCALAR_TEXT, 0 },
	{ "", SCALAR_NULL, 0 },
	{ "~", SCALAR_NULL, 0 },
	{ "Null", SCALAR_NULL, 0 },
	{ "nul", SCALAR_TEXT, 0 },
	{ "0", SCALAR_INT, 0 },
	{ "-0", SCALAR_INT, 0 },
	{ "80", SCALAR_INT, 80 },
	{ "+80", SCALAR_INT, 80 },
	{ "-80", SCALAR_INT, -80 },
	{ "0x1F", SCALAR_INT, 31 },
	{ "0o17", SCALAR_INT, 15 },
	{ "017", SCALAR_INT, 15 },
	{ "0b101", SCALAR_INT, 5 },
	{ "1_000", SCALAR_INT, 1000 },
	{ "080", SCALAR_INT, 80 },
	{ "0x", SCALAR_TEXT, 0 },
	{ "0xg", SCALAR_TEXT, 0 },
	{ "1.5", SCALAR_FLOAT, 1.5 },
	{ "1e3", SCALAR_FLOAT, 1000 },
	{ ".5", SCALAR_FLOAT, 0.5 },
	{ "5.", SCALAR_FLOAT, 5 },
	{ ".", SCALAR_TEXT, 0 },
	{ "-", SCALAR_TEXT, 0 },
	{ "1e", SCALAR_TEXT, 0 },
	{ "10.0.0.1", SCALAR_TEXT, 0 },
	{ "2001-01-01", SCALAR_TEXT, 0 },
	{ "12:30:45", SCALAR_TEXT, 0 },
	{ "9223372036854775807", SCALAR_INT, 9223372036854775807.0 },
	{ "9223372036854775808", SCALAR_FLOAT, 9223372036854775808.0 },
	{ "1-2", SCALAR_TEXT, 0 },
	{ "--1", SCALAR_TEXT, 0 },
	{ "2001:db8::1", SCALAR_TEXT, 0 },
	{ "1e3e4", SCALAR_TEXT, 0 },
	{ "1e400", SCALAR_TEXT, 0 },
	{ "-1e400", SCALAR_TEXT, 0 },
	{ "1e-400", SCALAR_FLOAT, 0 },
};

static void scalars_mean_what_they_mean_to_kubectl(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++) {
		struct scalar scalar = scalar_resolve(scalars[i].text);
		double number = scalar.type == SCALAR_BOOL    ? scalar.truth
				: scalar.type == SCALAR_INT   ? (double)scalar.number
				: scalar.type == SCALAR_FLOAT ? scalar.real
							      : 0;
		if (scalar.type != scalars[i].type || number != scalars[i].number)
			fail_msg("\"%s\" is type %d value %g, not type %d value %g",
				 scalars[i].text, scalar.type, number, scalars[i].type,
				 scalars[i].number);
	}
}

static void only_plain_scalars_are_resolved(void **state)
{
	struct seen seen = read_text("- 80\n- \"80\"\n- '80'\n- !!str 80\n- ! 80\n"
				     "- !!int 80\n- |-\n  80\n");
	static const json_type types[] = { json_type_int,    json_type_string,
					   json_type_string, json_type_string,
					   json_type_string, json_type_int,
					   json_type_string };

	(void)state;
	assert_int_equal(seen.result, 0);
	assert_int_equal(seen.complaints.count, 0);
	assert_int_equal(json_object_array_length(seen.roots[0]), 7);
	for (size_t i = 0; i < 7; i++) {
		struct json_object *item = json_object_array_get_idx(seen.roots[0], i);
		assert_int_equal(json_object_get_type(item), types[i]);
		assert_string_equal(json_object_get_string(item), "80");
	}
	clear(&seen);
}

static void every_node_knows_its_line_and_column(void **state)
{
	struct seen seen =
	    read_text("# head\na:\n  - b: 1\n    c: [x,\n      y]\nd: null\n");
	struct json_object *a, *item, *b, *c;

	(void)state;
	assert_int_equal(position_line(seen.roots[0]), 2);
	json_object_object_get_ex(seen.roots[0], "a", &a);
	item = json_object_array_get_idx(a, 0);
	json_object_object_get_ex(item, "b", &b);
	json_object_object_get_ex(item, "c", &c);
	assert_int_equal(position_line(a), 3);
	assert_int_equal(position_column(a), 3);
	assert_int_equal(position_line(item), 3);
	assert_int_equal(position_column(item), 5);
	assert_int_equal(position_column(b), 8);
	struct json_object *y = json_object_array_get_idx(c, 1);
	assert_int_equal(position_line(y), 5);
	assert_int_equal(position_column(y), 7);
	assert_int_equal(position_line(NULL), 0);
	clear(&seen);
}

static void json_takes_the_same_way(void **state)
{
	struct seen seen = read_text("{\"a\":1,\n\t\"b\": [true, null, \"x\\/y\\u00e9\"],"
				     "\"c\":{\"d\":\"n\"}}\n");
	struct json_object *b;

	(void)state;
	assert_int_equal(seen.result, 0);
	json_object_object_get_ex(seen.roots[0], "b", &b);
	assert_int_equal(position_line(b), 2);
	assert_string_equal(json_object_get_string(json_object_array_get_idx(b, 2)),
			    "x/yé");
	clear(&seen);
}

static void json_surrogate_pairs_are_one_character(void **state)
{
	struct seen seen = read_text("{\"a\": \"\\ud83d\\ude00!\"}");
	struct json_object *a = NULL;

	(void)state;
	assert_int_equal(seen.result, 0);
	json_object_object_get_ex(seen.roots[0], "a", &a);
	assert_string_equal(json_object_get_string(a), "\xf0\x9f\x98\x80!");
	clear(&seen);
}

static void documents_come_one_by_one(void **state)
{
	struct seen seen = read_text("a: 1\n---\n---\n# nothing\n---\nb: 2\n...\n");

	(void)state;
	assert_int_equal(seen.result, 0);
	assert_int_equal(seen.count, 4);
	assert_non_null(seen.roots[0]);
	assert_null(seen.roots[1]);
	assert_null(seen.roots[2]);
	assert_int_equal(position_line(seen.roots[3]), 6);
	clear(&seen);
	seen = read_text("");
	assert_int_equal(seen.result, 0);
	assert_int_equal(seen.count, 0);
	clear(&seen);
}

static void documents_before_a_syntax_error_are_seen(void **state)
{
	struct seen seen = read_text("a: 1\n---\nb: [1, 2\nc: 3\n");

	(void)state;
	assert_int_equal(seen.result, -EBADMSG);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.complaints.count, 1);
	assert_int_equal(seen.complaints.items[0].place.line, 4);
	clear(&seen);
}

static void faults_name_their_place_and_remedy(void **state)
{
	static const struct {
		const char *text, *complaint;
	} rows[] = {
		{ "a: 1\nb: 2\na: 3\n",
		  "t.yaml:3:1: key \"a\" is given twice (first value "
		  "at line 1): remove one" },
		{ "1: a\n", "t.yaml:1:1: key 1 is not text: put it in quotes" },
		{ "yes: a\n", "t.yaml:1:1: key yes is not text: put it in quotes" },
		{ "? [a]\n: b\n",
		  "t.yaml:1:3: a mapping or list is not allowed as a key: "
		  "use text" },
		{ "a: !!binary aGk=\n", "t.yaml:1:4: tag tag:yaml.org,2002:binary is not "
					"allowed here: remove it" },
		{ "a: !!int x\n", "t.yaml:1:4: tag tag:yaml.org,2002:int is not allowed "
				  "here: remove it" },
		{ "a: !mine {b: 1}\n",
		  "t.yaml:1:4: tag !mine is not allowed here: remove it" },
		{ "a: \"x\\0y\"\n",
		  "t.yaml:1:4: text with a NUL character is not allowed: "
		  "remove it" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_complaint(rows[i].text, 0, rows[i].complaint);
	expect_complaint("\"1\": a\n\"yes\": b\n\"<<\": c\n", 0, NULL);
}

static void a_fault_marks_the_collections_around_it_and_no_others(void **state)
{
	struct seen seen = read_text("- a: 1\n- b: {c: [!!set x, *y]}\n- d: 1\n");
	struct json_object *root = seen.roots[0];

	(void)state;
	assert_int_equal(seen.result, 0);
	assert_true(position_is_faulty(root));
	assert_false(position_is_faulty(json_object_array_get_idx(root, 0)));
	assert_true(position_is_faulty(json_object_array_get_idx(root, 1)));
	assert_false(position_is_faulty(json_object_array_get_idx(root, 2)));
	assert_int_equal(position_line(json_object_array_get_idx(root, 1)), 2);
	assert_int_equal(position_faults(root), 2);
	assert_int_equal(position_faults(json_object_array_get_idx(root, 0)), 0);
	assert_int_equal(position_faults(json_object_array_get_idx(root, 1)), 2);
	clear(&seen);
}

static void nesting_ends_at_128_levels(void **state)
{
	char *open = repeat("", "[", 128);
	char *text = repeat(open, "]", 128);

	(void)state;
	expect_complaint(text, 0, NULL);
	free(text);
	free(open);
	text = repeat("", "[", 129);
	expect_complaint(text, -EBADMSG,
			 "t.yaml:1:129: nested more than 128 levels deep: flatten it");
	free(text);
	/* libyaml alone needs seconds for this */
	text = repeat("", "[", 1000000);
	expect_complaint(text, -EBADMSG,
			 "t.yaml:1:129: nested more than 128 levels deep: flatten it");
	free(text);
}

static void texts_end_at_16_mib(void **state)
{
	size_t longest = 16U << 20;
	char *text = malloc(longest + 1);

	(void)state;
	memset(text, '\n', longest + 1);
	memcpy(text, "a: 1\n", 5);
	struct seen seen = read_length(text, longest);
	assert_int_equal(seen.result, 0);
	clear(&seen);
	seen = read_length(text, longest + 1);
	assert_int_equal(seen.result, -EBADMSG);
	assert_string_equal(seen.complaints.items[0].sentence,
			    "longer than 16 MiB: split it into several files");
	clear(&seen);
	free(text);
}

static void what_costs_too_much_is_refused(void **state)
{
	char *text = repeat("", "- []\n", 262144);

	(void)state;
	expect_complaint(text, -EBADMSG,
			 "t.yaml:262144:3: more than 262144 mappings and lists in one "
			 "document: split it");
	free(text);
	text = repeat("", "%TAG !a! x\n", 65);
	expect_complaint(
	    text, -EBADMSG,
	    "t.yaml:65:1: too many lines that begin with %: indent or remove "
	    "them");
	free(text);
	/* each document has directives of its own */
	text = repeat("", "%YAML 1.1\n---\n", 65);
	struct seen seen = read_text(text);
	assert_int_equal(seen.result, 0);
	assert_int_equal(seen.count, 65);
	clear(&seen);
	free(text);
	text = repeat("", "- a\n", 1048576);
	expect_complaint(text, -EBADMSG,
			 "t.yaml:1048576:3: more than 1048576 values in one document "
			 "(what an alias stands for counts each time): split it");
	free(text);
}

static void faults_are_told_up_to_256_and_marked_beyond(void **state)
{
	char *text = repeat("- {a: 1}\n", "- {a: *x}\n", 300);
	struct seen seen = read_text(text);

	(void)state;
	assert_int_equal(seen.result, 0);
	assert_int_equal(seen.complaints.count, 256);
	assert_int_equal(position_faults(seen.roots[0]), 256);
	struct json_object *last = json_object_array_get_idx(seen.roots[0], 300);
	assert_true(position_is_faulty(last));
	assert_int_equal(position_faults(last), 0);
	assert_false(position_is_faulty(json_object_array_get_idx(seen.roots[0], 0)));
	clear(&seen);
	free(text);
}

static void bad_encodings_name_their_line(void **state)
{
	(void)state;
	expect_complaint("a: 1\nb: \xff\n", -EBADMSG,
			 "t.yaml:2:4: not text in UTF-8 (invalid leading UTF-8 octet): "
			 "save it as UTF-8");
	expect_complaint("\xef\xbb\xbf"
			 "a: 1\n",
			 0, NULL);
}

static void syntax_errors_name_their_place(void **state)
{
	(void)state;
	expect_complaint("a: 1\n b: 2\n", -EBADMSG,
			 "t.yaml:2:3: not valid YAML: mapping values are not allowed in "
			 "this context: correct the syntax here");
	expect_complaint("{a: 1}\n[b]\n", -EBADMSG,
			 "t.yaml:2:1: not valid YAML: a document ends in front of this: "
			 "put --- between documents, or correct the syntax here");
	expect_complaint("a:\n\t- b\n", -EBADMSG,
			 "t.yaml:2:1: not valid YAML: found character that cannot start "
			 "any token, while scanning for the next token from line 2 on: "
			 "correct the syntax here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_mean_what_they_mean_to_kubectl),
		cmocka_unit_test(only_plain_scalars_are_resolved),
		cmocka_unit_test(every_node_knows_its_line_and_column),
		cmocka_unit_test(json_takes_the_same_way),
		cmocka_unit_test(json_surrogate_pairs_are_one_character),
		cmocka_unit_test(documents_come_one_by_one),
		cmocka_unit_test(documents_before_a_syntax_error_are_seen),
		cmocka_unit_test(faults_name_their_place_and_remedy),
		cmocka_unit_test(a_fault_marks_the_collections_around_it_and_no_others),
		cmocka_unit_test(nesting_ends_at_128_levels),
		cmocka_unit_test(texts_end_at_16_mib),
		cmocka_unit_test(what_costs_too_much_is_refused),
		cmocka_unit_test(faults_are_told_up_to_256_and_marked_beyond),
		cmocka_unit_test(bad_encodings_name_their_line),
		cmocka_unit_test(syntax_errors_name_their_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
