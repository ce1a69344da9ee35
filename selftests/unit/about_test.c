/* SPDX-License-Identifier: BSD-2-Clause */
/* Complaints about manifests by kind, object and cause. */
#include "manifest.h"

#include <errno.h>

#define NAMED                                                                            \
	"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a\"}}\n"

/* What later decides whether policies can be trusted: never the words. */
static void complaints_say_what_they_are_about_and_why(void **state)
{
	static const struct {
		const char *text, *kind, *name, *cause;
	} CASES[] = {
		{ "a: [", "file", NULL, "syntax" },
		{ "a: 1", "file", NULL, "invalid" },
		{ "apiVersion: v1\nkind: List\nitems: 1", "file", NULL, "invalid" },
		{ "apiVersion: v1\nkind: List\nmetadata: {1: a}\nitems: []", "file", NULL,
		  "invalid" },
		{ "apiVersion: v1\nkind: &k Pod\nkind: Secret", "file", NULL, "invalid" },
		{ "apiVersion: v1\nkind: Podd\n", "file", NULL, "ignored" },
		{ "apiVersion: v1\nkind: Podd\ndata: {1: *x}\n", "file", NULL,
		  "ignored" },
		{ "apiVersion: v1\nkind: Podd\n---\napiVersion: v1\nkind: Podd\n", "file",
		  NULL, "ignored" },
		{ NAMED "{\"b\" 2}", "file", NULL, "syntax" },
		{ NAMED "]", "file", NULL, "syntax" },
		{ NAMED "\xff", "file", NULL, "syntax" },
		{ "apiVersion: v1\nkind: Pod\nmetadata: {name: '?'}", "Pod", NULL,
		  "invalid" },
		{ "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
		  "spec: {containers: 7}",
		  "Pod", "a", "invalid" },
		{ "apiVersion: v1\nkind: Pod\nmetadata: {name: a, name: b}\nspec: {}",
		  "Pod", "a", "invalid" },
		{ "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: *nothing", "Pod",
		  "a", "invalid" },
		{ "apiVersion: v1\nkind: Pod\nmetadata: {name: a, uid: u, <<: {uid: v}}",
		  "Pod", "a", "invalid" },
		{ "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
		  "metadata: {name: a}\nspec: {podSelector: {}, colour: red}",
		  "NetworkPolicy", "a", "ignored" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(*CASES); i++) {
		struct outcome o = outcome_of(CASES[i].text);

		print_outcome(&o);
		assert_true(o.complaints.count > 0);
		const struct about *about = &o.complaints.items[0].about;

		assert_string_equal(about_kind_name(about), CASES[i].kind);
		assert_string_equal(cause_name(about->cause), CASES[i].cause);
		if (CASES[i].name)
			assert_string_equal(about->name, CASES[i].name);
		else
			assert_null(about->name);
		outcome_clear(&o);
	}
}

/* Other objects of the text are given up too: it is no longer about these. */
static void a_text_that_is_given_up_is_told_as_a_file(void **state)
{
	static const char PART[] = "{\"apiVersion\":\"v1\",\"kind\":\"Service\"}\n";
	size_t length = strlen(PART), times = 1100;
	char *text = calloc(times, length + 1);

	(void)state;
	for (size_t i = 0; i < times; i++)
		memcpy(text + i * length, PART, length);
	struct outcome o = outcome_of(text);

	assert_int_equal(o.result, -EBADMSG);
	assert_true(o.complaints.count > 1);
	const struct about *first = &o.complaints.items[0].about;
	const struct about *last = &o.complaints.items[o.complaints.count - 1].about;

	assert_true(object_about_is(first, OBJECT_SERVICE));
	assert_string_equal(about_kind_name(last), "file");
	assert_string_equal(cause_name(last->cause), "syntax");
	outcome_clear(&o);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complaints_say_what_they_are_about_and_why),
		cmocka_unit_test(a_text_that_is_given_up_is_told_as_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
