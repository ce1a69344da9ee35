// SPDX-License-Identifier: BSD-2-Clause
/* Anchors, aliases and merge keys: what they stand for, where that ends. */
#include "trees.h"

/* The text means the same as JSON without any of them. */
static const struct {
	const char *text, *meaning;
} meanings[] = {
	{ "a: &x 1\nb: *x\n", "{\"a\":1,\"b\":1}" },
	{ "a: &x {c: [1, {d: 2}]}\nb: [*x, *x]\n",
	  "{\"a\":{\"c\":[1,{\"d\":2}]},\"b\":[{\"c\":[1,{\"d\":2}]},{\"c\":[1,{\"d\":2}]"
	  "}]}" },
	{ "a: &x ~\nb: *x\n", "{\"a\":null,\"b\":null}" },
	{ "a: &x 1\nb: &x two\nc: *x\n", "{\"a\":1,\"b\":\"two\",\"c\":\"two\"}" },
	{ "a: &x [&x 1, *x]\nb: *x\n", "{\"a\":[1,1],\"b\":1}" },
	{ "a: &x 1\nb: &y [*x]\nc: [*y]\n", "{\"a\":1,\"b\":[1],\"c\":[[1]]}" },
	{ "a: &x {b: 1, c: 2}\nd: {<<: *x}\n",
	  "{\"a\":{\"b\":1,\"c\":2},\"d\":{\"b\":1,\"c\":2}}" },
	{ "a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}\n",
	  "{\"a\":{\"b\":1,\"c\":2},\"d\":{\"b\":3,\"c\":2}}" },
	{ "a: &x {b: 1, c: 2}\nd: {e: 4, <<: *x}\n",
	  "{\"a\":{\"b\":1,\"c\":2},\"d\":{\"e\":4,\"b\":1,\"c\":2}}" },
	{ "a: &x {b: 1}\nc: &y {b: 2, d: 3}\ne: {<<: [*x, *y]}\n",
	  "{\"a\":{\"b\":1},\"c\":{\"b\":2,\"d\":3},\"e\":{\"b\":1,\"d\":3}}" },
	{ "<<: {b: 1}\n", "{\"b\":1}" },
	{ "<<: [{b: 1}, {c: 2}]\n", "{\"b\":1,\"c\":2}" },
	{ "a: &x {<<: {b: 1}}\nc: {<<: *x, d: 2}\n",
	  "{\"a\":{\"b\":1},\"c\":{\"d\":2,\"b\":1}}" },
	{ "a: &x {b: {c: 1}}\nd: {<<: *x, b: {e: 2}}\n",
	  "{\"a\":{\"b\":{\"c\":1}},\"d\":{\"b\":{\"e\":2}}}" },
	{ "\"<<\": 1\n", "{\"<<\":1}" },
};

static void aliases_and_merge_keys_mean_what_they_mean_to_kubectl(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		struct seen seen = read_text(meanings[i].text);

		if (seen.complaints.count)
			print_error("%s: %s\n", meanings[i].text,
				    seen.complaints.items[0].sentence);
		assert_int_equal(seen.result, 0);
		assert_int_equal(seen.complaints.count, 0);
		assert_false(seen.faulty);
		struct json_object *meaning = json_tokener_parse(meanings[i].meaning);
		if (!json_object_equal(seen.roots[0], meaning))
			print_error("%s is %s\n", meanings[i].text,
				    json_object_to_json_string(seen.roots[0]));
		assert_true(json_object_equal(seen.roots[0], meaning));
		json_object_put(meaning);
		clear(&seen);
	}
}

static void what_an_alias_stands_for_is_at_its_anchor(void **state)
{
	struct seen seen = read_text("a: &x\n  b: 1\nc: *x\n");
	struct json_object *c = NULL;

	(void)state;
	json_object_object_get_ex(seen.roots[0], "c", &c);
	assert_int_equal(position_line(c), 1);
	clear(&seen);
}

static void anchors_end_with_their_document(void **state)
{
	(void)state;
	expect_complaint("a: &x 1\n---\nb: *x\n", 0,
			 "t.yaml:3:4: alias *x has no anchor before it: write the value "
			 "out here");
}

static void faults_of_aliases_name_their_remedy(void **state)
{
	static const struct {
		const char *text, *complaint;
	} rows[] = {
		{ "a: *x\n", "t.yaml:1:4: alias *x has no anchor before it: write the "
			     "value out here" },
		{ "- *x\n- &x 1\n", "t.yaml:1:3: alias *x has no anchor before it: write "
				    "the value out here" },
		{ "a: &x [*x]\n", "t.yaml:1:8: alias *x stands within its own anchor: "
				  "write the value out here" },
		{ "a: &x 1\nb: &x [*x]\n",
		  "t.yaml:2:8: alias *x stands within its own anchor: write the value "
		  "out here" },
		{ "a: &x b\n*x : 1\n", "t.yaml:2:1: alias *x is not allowed as a key: "
				       "write the key out" },
		{ "&x a: 1\n",
		  "t.yaml:1:1: anchor &x is not allowed at a key: remove it" },
		{ "a:\n  <<: 1\n", "t.yaml:2:7: merge key << needs a mapping or a list "
				   "of mappings: give it one" },
		{ "a: {<<: ~}\n", "t.yaml:1:9: merge key << needs a mapping or a list "
				  "of mappings: give it one" },
		{ "a: {<<: [{b: 1}, 2]}\n",
		  "t.yaml:1:9: merge key << needs a mapping or a list of mappings: give "
		  "it one" },
		{ "a: {<<: {b: 1}, <<: {c: 1}}\n",
		  "t.yaml:1:17: key \"<<\" is given twice (first value at line 1): "
		  "remove one" },
		{ "a: {b: 2, <<: {b: 1}}\n",
		  "t.yaml:1:15: key \"b\" comes from << too, and readers do not agree "
		  "on which one holds: write << in front of it" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_complaint(rows[i].text, 0, rows[i].complaint);
}

/* Or a good object would take over half of a bad one. */
static void an_alias_of_a_faulty_value_is_a_fault(void **state)
{
	static const char *const texts[] = { "- &x {a: *none}\n- *x\n",
					     "- &x !!binary aGk=\n- *x\n",
					     "- &x {a: *none}\n- {<<: *x}\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct seen seen = read_text(texts[i]);

		assert_int_equal(seen.result, 0);
		assert_true(seen.complaints.count >= 2);
		assert_string_equal(seen.complaints.items[1].sentence,
				    "alias *x stands for a value with a fault: correct "
				    "that one");
		clear(&seen);
	}
}

/* Each line stands for ten of the line before. */
static void few_lines_cannot_stand_for_endless_values(void **state)
{
	char text[2048];
	int length = snprintf(text, sizeof(text), "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1]\n");

	(void)state;
	for (int i = 1; i < 12; i++) {
		length +=
		    snprintf(text + length, sizeof(text) - length, "a%d: &a%d [", i, i);
		for (int j = 0; j < 8; j++)
			length += snprintf(text + length, sizeof(text) - length,
					   j ? ", *a%d" : "*a%d", i - 1);
		length += snprintf(text + length, sizeof(text) - length, "]\n");
	}
	expect_complaint(text, -EBADMSG,
			 "t.yaml:7:20: more than 1048576 values in one document (what an "
			 "alias stands for counts each time): split it");
}

static void long_texts_count_as_often_as_they_are_repeated(void **state)
{
	char *long_text = repeat("x: &x ", "y", 64 * 1024 - 64);
	char *head = repeat(long_text, "\ny:\n", 1);
	char *text = repeat(head, "- *x\n", 1024);

	(void)state;
	expect_complaint(text, -EBADMSG,
			 "t.yaml:1025:3: more than 1048576 values in one document (what "
			 "an alias stands for counts each time): split it");
	free(text);
	free(head);
	free(long_text);
}

/* 8 levels more with each line. */
static void aliases_nest_no_deeper_than_what_is_written_out(void **state)
{
	char text[2048];
	int length = snprintf(text, sizeof(text), "- &a0 [[[[[[[[1]]]]]]]]\n");

	(void)state;
	for (int i = 1; i < 18; i++)
		length += snprintf(text + length, sizeof(text) - length,
				   "- &a%d [[[[[[[[*a%d]]]]]]]]\n", i, i - 1);
	expect_complaint(text, -EBADMSG,
			 "t.yaml:16:16: nested more than 128 levels deep: flatten it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aliases_and_merge_keys_mean_what_they_mean_to_kubectl),
		cmocka_unit_test(what_an_alias_stands_for_is_at_its_anchor),
		cmocka_unit_test(anchors_end_with_their_document),
		cmocka_unit_test(faults_of_aliases_name_their_remedy),
		cmocka_unit_test(an_alias_of_a_faulty_value_is_a_fault),
		cmocka_unit_test(few_lines_cannot_stand_for_endless_values),
		cmocka_unit_test(long_texts_count_as_often_as_they_are_repeated),
		cmocka_unit_test(aliases_nest_no_deeper_than_what_is_written_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
