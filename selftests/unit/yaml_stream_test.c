// SPDX-License-Identifier: BSD-2-Clause
/* JSON objects one after the other, and what only looks like them. */
#include "trees.h"

static const struct {
	const char *text;
	size_t documents;
	const char *complaint; /* NULL: none */
} streams[] = {
	{ "{\"a\":1}\n{\"b\":2}\n", 2, NULL },
	{ "{\"a\":1}{\"b\":2}{}", 3, NULL },
	{ "\n {\"a\":1}\r\n\n\t{\"b\":[{}, \"}{\", \"\\\"}{\"]}\n\n", 2, NULL },
	{ "\xef\xbb\xbf{\"a\":1}\n{\"b\":\"\\ud83d\\ude00\"}\n", 2, NULL },
	{ "{\"a\":-1.5e+3,\"b\":true,\"c\":false,\"d\":null}\n{\"e\":1E2}\n", 2, NULL },
	{ "\t{\"a\":1}\n\t\n", 1, NULL },
	{ "{\"a\":1}\n---\n{\"b\":2}\n", 2, NULL },
	{ "{\"a\":1}\n# a comment\n---\nb: 2\n", 2, NULL },
	/* YAML, of which the brackets do not tell where it ends */
	{ "{a: '}{'}\n", 1, NULL },
	{ "{a: 1 # }{\n}\n", 1, NULL },
	{ "{\"a\":1}\nx\n{\"b\":2}\n", 1,
	  "t.yaml:2:1: not valid YAML: a document ends in front of this: put --- between "
	  "documents, or correct the syntax here" },
	{ "{\"a\":1},\n{\"b\":2}\n", 1,
	  "t.yaml:1:8: not valid YAML: a document ends in front of this: put --- between "
	  "documents, or correct the syntax here" },
	{ "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n  ]\n", 3,
	  "t.yaml:4:3: not valid YAML: a document ends in front of this: put --- between "
	  "documents, or correct the syntax here" },
	{ "{\"a\":1}\n{\"b\":2}\n {\"c\" 3}\n", 2,
	  "t.yaml:3:7: not valid YAML: did not find expected ',' or '}', while parsing a "
	  "flow mapping from line 3 on: correct the syntax here" },
	{ "{\"a\":1}\n{\"b\":\"\xff\"}\n", 1,
	  "t.yaml:2:7: not text in UTF-8 (invalid leading UTF-8 octet): save it as "
	  "UTF-8" },
};

static void json_objects_may_follow_each_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		struct seen seen = read_text(streams[i].text);
		bool is_good = !streams[i].complaint;

		if (seen.count != streams[i].documents ||
		    seen.complaints.count != !is_good)
			print_error("text: %s\n", streams[i].text);
		assert_int_equal(seen.count, streams[i].documents);
		assert_int_equal(seen.result, is_good ? 0 : -EBADMSG);
		assert_int_equal(seen.complaints.count, !is_good);
		if (!is_good) {
			char *line = complaint_print(&seen.complaints.items[0]);
			assert_string_equal(line, streams[i].complaint);
			free(line);
		}
		clear(&seen);
	}
}

static void nodes_of_a_stream_know_their_place_in_the_text(void **state)
{
	struct seen seen = read_text("{\"a\":\"é\"} {\"b\":1,\n\"c\":2}\n\n {\"d\":3}");
	struct json_object *b, *c, *d;

	(void)state;
	assert_int_equal(seen.count, 3);
	json_object_object_get_ex(seen.roots[1], "b", &b);
	json_object_object_get_ex(seen.roots[1], "c", &c);
	json_object_object_get_ex(seen.roots[2], "d", &d);
	assert_int_equal(position_line(b), 1);
	assert_int_equal(position_column(b), 16);
	assert_int_equal(position_line(c), 2);
	assert_int_equal(position_column(c), 5);
	assert_int_equal(position_line(d), 4);
	assert_int_equal(position_column(d), 7);
	clear(&seen);
}

static void faults_of_a_stream_know_their_place_too(void **state)
{
	(void)state;
	expect_complaint("{\"a\":1}\n{\"b\":1,\"b\":2}\n", 0,
			 "t.yaml:2:8: key \"b\" is given twice (first value at line 2): "
			 "remove one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_objects_may_follow_each_other),
		cmocka_unit_test(nodes_of_a_stream_know_their_place_in_the_text),
		cmocka_unit_test(faults_of_a_stream_know_their_place_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
