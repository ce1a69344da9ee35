/* SPDX-License-Identifier: BSD-2-Clause */
/* Complaints about manifests by kind, object and cause. */
#include "manifest.h"

/* What later decides whether policies can be trusted: never the words. */
static void complaints_say_what_they_are_about_and_why(void **state)
{
	static const struct {
		const char *text, *kind, *name, *cause;
	} CASES[] = {
		{ "a: [", "file", NULL, "syntax" },
		{ "a: 1", "file", NULL, "invalid" },
		{ "apiVersion: v1\nkind: List\nitems: 1", "file", NULL, "invalid" },
		{ "apiVersion: v1\nkind: Podd\n", "file", NULL, "ignored" },
		{ "apiVersion: v1\nkind: Pod\nmetadata: {name: '?'}", "Pod", NULL,
		  "invalid" },
		{ "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
		  "spec: {containers: 7}",
		  "Pod", "a", "invalid" },
		{ "apiVersion: v1\nkind: Pod\nmetadata: {name: a, name: b}\nspec: {}",
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(complaints_say_what_they_are_about_and_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
